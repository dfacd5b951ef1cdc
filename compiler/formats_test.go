package compiler_test

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diag"
)

// TestFormats prints what is found in every broken repository in every format, and
// reads each as what takes it does.
func TestFormats(t *testing.T) {
	var archives []string
	for _, p := range []string{"testdata/broken/*.txtar", "testdata/mistakes/*.txtar"} {
		names, err := filepath.Glob(p)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", p, err)
		}
		archives = append(archives, names...)
	}
	if len(archives) < 200 {
		t.Errorf("there are only %d broken repositories", len(archives))
	}
	readers := map[string]func(string, diag.List) error{"github": readGitHub, "sarif": readSARIF, "json": readJSON, "junit": readJUnit}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			arc, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			res := checkArchive(t, arc)
			inFiles(t, arc, res)
			p := diag.Printer{Sources: func(name string) []byte { return res.Program.Files[name] }}
			for format, read := range readers {
				var b strings.Builder
				if err := p.Print(&b, format, res.Diagnostics); err != nil {
					t.Fatal(err)
				}
				if err := read(b.String(), res.Diagnostics); err != nil {
					t.Errorf("%s: %v\n%s", format, err, b.String())
				}
			}
		})
	}
}

// inFiles holds that every place is one in a file: an author can go there. Findings of
// a repository without a file have none.
func inFiles(t *testing.T, arc *txtar.Archive, res *compiler.Result) {
	t.Helper()
	check := func(p diag.Pos) error {
		text, ok := res.Program.Files[p.File]
		if !ok { // a folder, a link, or what is no text
			known := slices.ContainsFunc(arc.Files, func(f txtar.File) bool {
				return strings.HasPrefix(f.Name, p.File) && p.File != ""
			})
			if !known {
				return fmt.Errorf("%q names nothing that is there", p)
			}
			return nil
		}
		lines := strings.Split(string(text), "\n")
		if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len(lines[p.Line-1])+1 {
			return fmt.Errorf("%q is no place in the file", p)
		}
		return nil
	}
	for _, d := range res.Diagnostics {
		if d.Code != "no-routes" {
			if err := check(d.Pos); err != nil {
				t.Errorf("%s: %v", d.Line(), err)
			}
		}
		for _, n := range d.Notes {
			if err := check(n.Pos); err != nil {
				t.Errorf("%s: note: %v", d.Line(), err)
			}
		}
	}
}

// readGitHub reads workflow commands as the runner does: "::name key=value,...::data",
// with %25, %0D and %0A in data and %3A and %2C besides in values.
func readGitHub(out string, list diag.List) error {
	command := regexp.MustCompile(`^::(error|warning) ([^:]*)::(.*)$`)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if out == "" {
		lines = nil
	}
	if len(lines) != len(list) {
		return fmt.Errorf("%d lines for %d findings", len(lines), len(list))
	}
	for i, line := range lines {
		m := command.FindStringSubmatch(line)
		if m == nil || !utf8.ValidString(line) || strings.ContainsAny(line, "\r\x00") {
			return fmt.Errorf("%q is no command", line)
		}
		got := map[string]string{}
		for _, property := range strings.Split(m[2], ",") {
			key, value, ok := strings.Cut(property, "=")
			if !ok || !slices.Contains([]string{"file", "line", "endLine", "col", "endColumn", "title"}, key) || got[key] != "" {
				return fmt.Errorf("%q is no property", property)
			}
			text, err := unescape(value, "%25", "%", "%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",")
			if err != nil || text == "" {
				return fmt.Errorf("the property %q: %w", property, err)
			}
			got[key] = text
		}
		data, err := unescape(m[3], "%25", "%", "%0D", "\r", "%0A", "\n")
		if err != nil {
			return err
		}
		d := list[i]
		if got["file"] != d.Pos.File || got["title"] != d.Code || !strings.Contains(data, d.Message) || !strings.Contains(data, d.Hint) || m[1] != string(d.Severity) {
			return fmt.Errorf("%q says something else than %q", line, d.Line())
		}
		if d.Pos.Line > 0 && got["line"] != fmt.Sprint(d.Pos.Line) {
			return fmt.Errorf("%q has another line than %q", line, d.Line())
		}
	}
	return nil
}

// unescape undoes the escapes, and fails on a "%" that begins none of them.
func unescape(s string, pairs ...string) (string, error) {
	var b strings.Builder
next:
	for s != "" {
		for i := 0; i < len(pairs); i += 2 {
			if rest, ok := strings.CutPrefix(s, pairs[i]); ok {
				b.WriteString(pairs[i+1])
				s = rest
				continue next
			}
		}
		if s[0] == '%' {
			return "", fmt.Errorf("%q is not escaped", s)
		}
		b.WriteByte(s[0])
		s = s[1:]
	}
	return b.String(), nil
}

// readJSON reads one object on each line.
func readJSON(out string, list diag.List) error {
	lines := bufio.NewScanner(strings.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for _, d := range list {
		if !lines.Scan() {
			return io.ErrUnexpectedEOF
		}
		var got struct {
			Code, Severity, File, Path, Message, Hint string
			Line, Column, EndLine, EndColumn          int
			Notes                                     []struct {
				File, Message string
				Line, Column  int
			}
		}
		dec := json.NewDecoder(strings.NewReader(lines.Text()))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&got); err != nil {
			return err
		}
		if got.Code != d.Code || got.File != d.Pos.File || got.Line != d.Pos.Line || got.Message != d.Message || got.Notes == nil || len(got.Notes) != len(d.Notes) {
			return fmt.Errorf("%+v is not %s", got, d.Line())
		}
	}
	if lines.Scan() {
		return fmt.Errorf("%q is left over", lines.Text())
	}
	return nil
}

// readJUnit reads what servers of continuous integration read.
func readJUnit(out string, list diag.List) error {
	var got struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Suites   []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Cases    []struct {
				Name    string `xml:"name,attr"`
				Class   string `xml:"classname,attr"`
				Failure *struct {
					Type string `xml:"type,attr"`
					Text string `xml:",chardata"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(out), &got); err != nil {
		return err
	}
	failed := 0
	for _, d := range list {
		if d.Severity == diag.Error {
			failed++
		}
	}
	if len(got.Suites) != 1 || got.Failures != failed || got.Suites[0].Failures != failed || got.Tests != max(1, len(list)) || len(got.Suites[0].Cases) != got.Tests {
		return fmt.Errorf("the numbers are %+v for %d findings, %d of them errors", got, len(list), failed)
	}
	for i, d := range list {
		c := got.Suites[0].Cases[i]
		if c.Class != d.Code || c.Name == "" || (c.Failure != nil) != (d.Severity == diag.Error) {
			return fmt.Errorf("%+v is not %s", c, d.Line())
		}
	}
	return nil
}

// readSARIF holds a log to the rules of SARIF 2.1.0 (OASIS) for the parts it has: no
// property of another name, the required ones, and what refers to others.
func readSARIF(out string, list diag.List) error {
	type location struct {
		ID       *int                   `json:"id"`
		Message  *struct{ Text string } `json:"message"`
		Physical *struct {
			Artifact *struct{ URI string } `json:"artifactLocation"`
			Region   *struct{ StartLine, StartColumn, EndLine, EndColumn *int }
		} `json:"physicalLocation"`
	}
	var got struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name, Version string
					Rules         []struct{ ID string }
				}
			}
			ColumnKind string
			Results    []struct {
				RuleID           string
				RuleIndex        *int
				Level            string
				Message          struct{ Text string }
				Locations        []location
				RelatedLocations []location
			}
		}
	}
	dec := json.NewDecoder(strings.NewReader(out))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("something follows the log")
	}
	if got.Version != "2.1.0" || len(got.Runs) != 1 || got.Runs[0].Tool.Driver.Name == "" || got.Runs[0].ColumnKind != "unicodeCodePoints" {
		return fmt.Errorf("the head is wrong")
	}
	run := got.Runs[0]
	if run.Results == nil || len(run.Results) != len(list) {
		return fmt.Errorf("%d results for %d findings", len(run.Results), len(list))
	}
	valid := func(l location) error {
		if l.Physical == nil || l.Physical.Artifact == nil || l.Physical.Artifact.URI == "" {
			return fmt.Errorf("a location without a file")
		}
		u, err := url.Parse(l.Physical.Artifact.URI)
		if err != nil || u.IsAbs() || strings.ContainsAny(l.Physical.Artifact.URI, " \\") || strings.HasPrefix(u.Path, "/") {
			return fmt.Errorf("%q is no relative URI", l.Physical.Artifact.URI)
		}
		if r := l.Physical.Region; r != nil {
			if r.StartLine == nil || *r.StartLine < 1 || r.StartColumn != nil && *r.StartColumn < 1 {
				return fmt.Errorf("a region that begins nowhere")
			}
			if r.EndLine != nil && (*r.EndLine < *r.StartLine || r.EndColumn == nil || *r.EndLine == *r.StartLine && *r.EndColumn < *r.StartColumn) {
				return fmt.Errorf("a region that ends before it begins: %d:%d", *r.EndLine, *r.EndColumn)
			}
		}
		return nil
	}
	for i, r := range run.Results {
		d := list[i]
		if r.RuleIndex == nil || *r.RuleIndex < 0 || *r.RuleIndex >= len(run.Tool.Driver.Rules) || run.Tool.Driver.Rules[*r.RuleIndex].ID != r.RuleID || r.RuleID != d.Code {
			return fmt.Errorf("the result %d names no rule", i)
		}
		if !slices.Contains([]string{"error", "warning"}, r.Level) || !strings.Contains(r.Message.Text, d.Message) {
			return fmt.Errorf("the result %d says %q, %q", i, r.Level, r.Message.Text)
		}
		if (len(r.Locations) == 1) != d.Pos.IsValid() {
			return fmt.Errorf("the result %d has %d locations", i, len(r.Locations))
		}
		seen := map[int]bool{}
		for _, l := range append(r.Locations, r.RelatedLocations...) {
			if err := valid(l); err != nil {
				return fmt.Errorf("the result %d: %w", i, err)
			}
			if l.ID != nil && seen[*l.ID] {
				return fmt.Errorf("the result %d: two locations have the id %d", i, *l.ID)
			} else if l.ID != nil {
				seen[*l.ID] = true
			}
		}
	}
	return nil
}
