package diag

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sources gives the text of a file that a diagnostic names, or nil.
type Sources func(file string) []byte

// Printer writes a sorted list in one format.
type Printer struct {
	Sources Sources
	// Color marks severities and carets with terminal colours; text only.
	Color bool
	// Silenced are findings that may stay; SARIF alone has a word for them.
	Silenced []Silenced
}

// Formats are the names that Print knows.
var Formats = [...]string{"text", "json", "github", "sarif", "junit"}

// Print writes the list in the named format. An unknown format is an error.
func (p Printer) Print(w io.Writer, format string, list List) error {
	switch format {
	case "sarif":
		return p.sarif(w, list)
	case "junit":
		return junit(w, list)
	}
	for _, d := range list {
		var s string
		switch format {
		case "text":
			s = p.text(d)
		case "json":
			s = jsonLine(d)
		case "github":
			s = github(d)
		default:
			return fmt.Errorf("unknown format %q: use text, json, github, sarif or junit", format)
		}
		if _, err := io.WriteString(w, s); err != nil {
			return err
		}
	}
	return nil
}

// Line is the diagnostic in one line: file:line:column: path: message [code].
func (d Diagnostic) Line() string {
	s := d.Message + " [" + d.Code + "]"
	if d.Path != "" {
		s = d.Path + ": " + s
	}
	if d.Severity == Warning {
		s = "warning: " + s
	}
	if at := d.Pos.String(); at != "" {
		s = at + ": " + s
	}
	return s
}

// String is file:line:column, as far as known.
func (p Pos) String() string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

const (
	red    = "\x1b[1;31m"
	yellow = "\x1b[1;33m"
	plain  = "\x1b[0m"
)

func (p Printer) text(d Diagnostic) string {
	var b strings.Builder
	severity, mark := string(d.Severity), ""
	if p.Color {
		mark = red
		if d.Severity == Warning {
			mark = yellow
		}
		severity = mark + severity + plain
	}
	if at := d.Pos.String(); at != "" {
		b.WriteString(at + ": ")
	}
	b.WriteString(severity + ": ")
	if d.Path != "" {
		b.WriteString(clean(d.Path) + ": ")
	}
	b.WriteString(clean(d.Message) + " [" + d.Code + "]\n")
	p.excerpt(&b, d.Pos, mark)
	if d.Hint != "" {
		b.WriteString("  hint: " + clean(d.Hint) + "\n")
	}
	for _, n := range d.Notes {
		at := n.Pos.String()
		if at != "" {
			at += ": "
		}
		b.WriteString("  note: " + at + clean(n.Message) + "\n")
	}
	return b.String()
}

// excerpt shows the line and a caret under the place.
func (p Printer) excerpt(b *strings.Builder, pos Pos, mark string) {
	if p.Sources == nil || pos.Line < 1 {
		return
	}
	line, ok := nthLine(string(p.Sources(pos.File)), pos.Line)
	if !ok || pos.Column < 1 || pos.Column > len(line)+1 || !utf8.ValidString(line) {
		return
	}
	line, pos = window(line, pos)
	lead := line[:pos.Column-1]
	var width int
	if pos.EndLine == pos.Line && pos.EndColumn > pos.Column && pos.EndColumn <= len(line)+1 {
		width = utf8.RuneCountInString(line[pos.Column-1 : pos.EndColumn-1])
	} else {
		width = tokenWidth(line[pos.Column-1:])
	}
	// Tabs stay tabs so that the caret stands below whatever the tab width is.
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return '\t'
		}
		return ' '
	}, lead)
	number := fmt.Sprint(pos.Line)
	caret := strings.Repeat("^", max(1, width))
	if mark != "" {
		caret = mark + caret + plain
	}
	fmt.Fprintf(b, "  %s | %s\n  %s | %s%s\n", number, clean(line), strings.Repeat(" ", len(number)), pad, caret)
}

// Bounds on an excerpt in bytes: what is shown before the place, and in all.
const (
	maxLead    = 120
	maxExcerpt = 240
)

// window cuts a long line, such as one with a body in it, down to what stands
// around the place, and moves the place along.
func window(line string, pos Pos) (string, Pos) {
	if len(line) <= maxExcerpt {
		return line, pos
	}
	start := max(0, pos.Column-1-maxLead)
	for start > 0 && !utf8.RuneStart(line[start]) {
		start--
	}
	end := min(len(line), start+maxExcerpt)
	for end < len(line) && !utf8.RuneStart(line[end]) {
		end++
	}
	cut := line[start:end]
	pos.EndColumn = min(pos.EndColumn-start, len(cut)+1)
	if pos.Column -= start; start > 0 {
		cut = "..." + cut
		pos.Column, pos.EndColumn = pos.Column+3, pos.EndColumn+3
	}
	if end < len(line) {
		cut += "..."
	}
	return cut, pos
}

// tokenWidth guesses how much a place without an end covers: a quoted text or a
// word.
func tokenWidth(s string) int {
	if s == "" {
		return 1
	}
	if s[0] == '"' {
		if end := strings.IndexByte(s[1:], '"'); end >= 0 {
			return utf8.RuneCountInString(s[:end+2])
		}
	}
	n := strings.IndexFunc(s, func(r rune) bool {
		return !(r == '_' || r == '#' || r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || unicode.IsLetter(r))
	})
	if n < 0 {
		n = len(s)
	}
	return max(1, utf8.RuneCountInString(s[:n]))
}

func nthLine(text string, n int) (string, bool) {
	for ; n > 1; n-- {
		i := strings.IndexByte(text, '\n')
		if i < 0 {
			return "", false
		}
		text = text[i+1:]
	}
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSuffix(line, "\r"), text != ""
}

// clean keeps control bytes of a hostile file from the terminal, and characters that
// turn its text around.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && (r < ' ' || r >= 0x7f && r < 0xa0) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return utf8.RuneError
		}
		return r
	}, s)
}

type jsonNote struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

func jsonLine(d Diagnostic) string {
	out := struct {
		Code      string     `json:"code"`
		Severity  Severity   `json:"severity"`
		File      string     `json:"file"`
		Line      int        `json:"line"`
		Column    int        `json:"column"`
		EndLine   int        `json:"endLine"`
		EndColumn int        `json:"endColumn"`
		Path      string     `json:"path"`
		Message   string     `json:"message"`
		Hint      string     `json:"hint"`
		Notes     []jsonNote `json:"notes"`
	}{d.Code, d.Severity, d.Pos.File, d.Pos.Line, d.Pos.Column, d.Pos.EndLine, d.Pos.EndColumn, d.Path, d.Message, d.Hint, []jsonNote{}}
	for _, n := range d.Notes {
		out.Notes = append(out.Notes, jsonNote{n.Pos.File, n.Pos.Line, n.Pos.Column, n.Message})
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		panic(err) // plain data: cannot fail
	}
	return b.String()
}

// github is the workflow command that puts an annotation on the line.
func github(d Diagnostic) string {
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	var at []string
	for _, kv := range []struct {
		key string
		n   int
	}{{"line", d.Pos.Line}, {"endLine", d.Pos.EndLine}, {"col", d.Pos.Column}, {"endColumn", d.Pos.EndColumn}} {
		if kv.n > 0 {
			at = append(at, fmt.Sprintf("%s=%d", kv.key, kv.n))
		}
	}
	if d.Pos.File != "" {
		at = append([]string{"file=" + property.Replace(d.Pos.File)}, at...)
	}
	at = append(at, "title="+property.Replace(d.Code))
	text := d.Message
	if d.Path != "" {
		text = d.Path + ": " + text
	}
	if d.Hint != "" {
		text += "\n" + d.Hint
	}
	for _, n := range d.Notes {
		text += "\n" + strings.TrimPrefix(n.Pos.String()+": "+n.Message, ": ")
	}
	return "::" + string(d.Severity) + " " + strings.Join(at, ",") + "::" + data.Replace(text) + "\n"
}
