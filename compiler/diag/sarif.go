package diag

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lintel-gateway/lintel/schemas/release"
)

// The parts of SARIF 2.1.0 (OASIS) that are written.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID string `json:"id"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
		Related   []sarifLocation `json:"relatedLocations,omitempty"`
		// Suppressions are absent unless an author has said that the finding may stay.
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifSuppression struct {
		Kind          string         `json:"kind"`
		Justification string         `json:"justification,omitempty"`
		Location      *sarifLocation `json:"location,omitempty"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		ID       int            `json:"id,omitempty"`
		Message  *sarifMessage  `json:"message,omitempty"`
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	}
	sarifPhysical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region *sarifRegion `json:"region,omitempty"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
)

// sarif writes the list as one SARIF log, which code scanning services read.
func (p Printer) sarif(w io.Writer, list List) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "lintel", Version: release.Version, Rules: []sarifRule{}}
	var codes []string
	for _, d := range list {
		codes = append(codes, d.Code)
	}
	for _, d := range p.Silenced {
		codes = append(codes, d.Code)
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	for _, c := range codes {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{c})
	}
	for _, d := range list {
		run.Results = append(run.Results, p.sarifResult(d, codes))
	}
	for _, d := range p.Silenced {
		r := p.sarifResult(d.Diagnostic, codes)
		by := sarifSuppression{Kind: "external", Justification: d.Reason}
		if d.InSource {
			by.Kind = "inSource"
		}
		if at := p.location(d.By); at != nil {
			by.Location = &sarifLocation{Physical: at}
		}
		r.Suppressions = []sarifSuppression{by}
		run.Results = append(run.Results, r)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

// sarifResult is one finding; codes are those of the run's rules.
func (p Printer) sarifResult(d Diagnostic, codes []string) sarifResult {
	r := sarifResult{RuleID: d.Code, RuleIndex: slices.Index(codes, d.Code), Level: string(d.Severity)}
	r.Message.Text = sentence(d)
	if at := p.location(d.Pos); at != nil {
		r.Locations = []sarifLocation{{Physical: at}}
	}
	for i, n := range d.Notes {
		if at := p.location(n.Pos); at != nil {
			r.Related = append(r.Related, sarifLocation{ID: i + 1, Message: &sarifMessage{n.Message}, Physical: at})
		}
	}
	return r
}

// sentence is the path, the message and the hint as one text.
func sentence(d Diagnostic) string {
	text := d.Message
	if d.Path != "" {
		text = d.Path + ": " + text
	}
	if d.Hint != "" {
		text += "; " + d.Hint
	}
	return text
}

// location is a place as SARIF has it: columns count characters, ours count bytes.
func (p Printer) location(pos Pos) *sarifPhysical {
	if !pos.IsValid() {
		return nil
	}
	var at sarifPhysical
	at.Artifact.URI = (&url.URL{Path: pos.File}).EscapedPath()
	if pos.Line < 1 {
		return &at
	}
	at.Region = &sarifRegion{StartLine: pos.Line, StartColumn: p.characters(pos.File, pos.Line, pos.Column)}
	if pos.EndLine >= pos.Line && pos.EndColumn > 0 {
		at.Region.EndLine, at.Region.EndColumn = pos.EndLine, p.characters(pos.File, pos.EndLine, pos.EndColumn)
	}
	return &at
}

// characters turns a column in bytes into one in characters, where the text is known.
func (p Printer) characters(file string, line, column int) int {
	if p.Sources == nil || column < 1 {
		return max(column, 0)
	}
	text, ok := nthLine(string(p.Sources(file)), line)
	if !ok || column > len(text)+1 {
		return column
	}
	return utf8.RuneCountInString(text[:column-1]) + 1
}

// XMLText is the text without the characters that no XML 1.0 document may hold.
func XMLText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, s)
}
