package load

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
)

var (
	// dashed is a name with a dash that ends where CUE stopped.
	dashed = regexp.MustCompile(`[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)+$`)
	// bare is a value without quotes, as in YAML.
	bare = regexp.MustCompile(`^\s*[\w."-]+:\s+([^\s"'#{\[(][^"{}\[\]]*)$`)
	// table is the head of a table, as in TOML.
	table = regexp.MustCompile(`(?m)^\[[\w."-]+\]\s*$`)
	// block is a name in quotes behind a name, as in HCL.
	block = regexp.MustCompile(`^\s*\w+\s+"`)
)

// syntaxHint knows the habits of other languages, which CUE's parser does not name.
func syntaxHint(data []byte, at diag.Pos, message string) string {
	lines := bytes.Split(data, []byte("\n"))
	if at.Line > len(lines) {
		return ""
	}
	line := strings.TrimSuffix(string(lines[at.Line-1]), "\r")
	from := min(len(line), at.Column-1)
	before, rest := line[:from], line[from:]
	has := func(s string) bool { return strings.Contains(line, s) }
	switch {
	case strings.Contains(line, "\r"):
		return "lines end in CR alone, as on old Macs: save the file with LF"
	case dashed.FindString(before) != "":
		return fmt.Sprintf("a name that holds \"-\" stands in quotes: %q", dashed.FindString(before))
	case strings.ContainsAny(line, "\u201c\u201d\u201e\u2018\u2019"):
		return `write straight quotes: "`
	case strings.HasPrefix(rest, "\u00a0"):
		return "it looks like a space and is none: type one"
	case strings.HasPrefix(rest, "`"), strings.Contains(message, "escape sequence"):
		return `write #"..."# around text with backslashes`
	case strings.HasPrefix(strings.TrimSpace(line), "# "):
		return "a comment begins with //"
	case has("{{"):
		return `"{{" belongs to a template engine; a template of CUE is a definition: #Name: {...}`
	case has("${"):
		return "route files read no environment; a value that many share is a name of your own: _name: ..."
	case has("...#"), has("..._"):
		return "templates are joined by &: #Name & {...}"
	case strings.HasPrefix(rest, ";"), strings.HasSuffix(strings.TrimSpace(line), ";"):
		return "lines end without a semicolon"
	case strings.Count(strings.ReplaceAll(line, `\"`, ""), `"`)%2 == 1:
		return "a quote is missing in this line"
	case bare.MatchString(line):
		return fmt.Sprintf("text stands in quotes: %q", strings.TrimSpace(bare.FindStringSubmatch(line)[1]))
	case strings.HasSuffix(message, "the end of the file") && table.Match(data):
		return "a table in brackets is TOML; a struct stands in braces: name: {...}"
	case block.MatchString(line):
		return `":" stands between a name and what it holds: name: {...}`
	}
	return ""
}
