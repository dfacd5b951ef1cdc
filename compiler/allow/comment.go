package allow

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/load/index"
)

// mark begins what a comment tells Lintel.
const mark = "lintel:"

// usage is how an allow is written.
const usage = "write // lintel:allow CODE: why it may stay"

var (
	told  = regexp.MustCompile(`^//\s*lintel:( *)([A-Za-z][A-Za-z-]*)(.*)$`)
	named = regexp.MustCompile(`^\s+([A-Za-z0-9_-]+)\s*(?::\s*(.*))?$`)
)

// directive is one comment that tells Lintel something.
type directive struct {
	pos  diag.Pos
	word string // "allow", or what was written in its place
	code string
	// reason is "" when none is given.
	reason string
	// line is where a finding must be: the comment's own, or the next one; 0 for none.
	line int
	// routes are the paths of the routes whose label stands on that line.
	routes []string
	used   bool
}

// directives finds the comments in all files, in the order of files and lines. A file
// that is not CUE has none: it has a finding of its own.
func directives(files map[string][]byte) (out []*directive) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		data := files[name]
		if !bytes.Contains(data, []byte(mark)) {
			continue
		}
		f, err := parser.ParseFile(name, data, parser.ParseComments)
		if err != nil {
			continue
		}
		lines := strings.Split(string(data), "\n")
		ast.Walk(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.Comment); ok {
				if d := read(c, lines); d != nil {
					out = append(out, d)
				}
			}
			return true
		}, nil)
		labels := routeLabels(f)
		for _, d := range out {
			if d.pos.File == name {
				d.routes = labels[d.line]
			}
		}
	}
	return out
}

// read takes a comment apart; nil when it tells Lintel nothing.
func read(c *ast.Comment, lines []string) *directive {
	m := told.FindStringSubmatch(strings.TrimRight(c.Text, " \t\r"))
	if m == nil || m[1] != "" && m[2] != "allow" {
		return nil // prose that begins with the name
	}
	d := &directive{pos: index.Place(c), word: m[1] + m[2]}
	if n := named.FindStringSubmatch(m[3]); n != nil {
		d.code, d.reason = n[1], strings.TrimSpace(n[2])
	}
	d.line = d.pos.Line
	if before := lines[d.line-1][:d.pos.Column-1]; strings.TrimSpace(before) == "" {
		d.line = nextLine(lines, d.line)
	}
	return d
}

// nextLine is the line that the comment on line n stands above, other comments between
// them left out; 0 when a blank line or the end comes first.
func nextLine(lines []string, n int) int {
	for ; n < len(lines); n++ {
		switch text := strings.TrimSpace(lines[n]); {
		case text == "":
			return 0
		case !strings.HasPrefix(text, "//"):
			return n + 1
		}
	}
	return 0
}

// routeLabels are the paths of the routes whose label stands on a line.
func routeLabels(f *ast.File) map[int][]string {
	out := map[int][]string{}
	var members func(e ast.Expr)
	members = func(e ast.Expr) {
		switch e := e.(type) {
		case *ast.BinaryExpr:
			members(e.X)
			members(e.Y)
		case *ast.ParenExpr:
			members(e.X)
		case *ast.StructLit:
			for _, d := range e.Elts {
				if m, ok := d.(*ast.Field); ok {
					if name, _, err := ast.LabelName(m.Label); err == nil {
						line := m.Label.Pos().Line()
						out[line] = append(out[line], diag.Path("routes", name))
					}
				}
			}
		}
	}
	for _, d := range f.Decls {
		if top, ok := d.(*ast.Field); ok {
			if name, _, err := ast.LabelName(top.Label); err == nil && name == "routes" {
				members(top.Value)
			}
		}
	}
	return out
}

// covers tells whether the comment speaks of the finding.
func (c *directive) covers(d diag.Diagnostic) bool {
	if c.line == 0 || c.code != d.Code {
		return false
	}
	if d.Pos.File == c.pos.File && d.Pos.Line == c.line {
		return true
	}
	return path.Dir(d.Pos.File) == path.Dir(c.pos.File) && slices.ContainsFunc(c.routes, func(r string) bool {
		rest, ok := strings.CutPrefix(d.Path, r)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// fault is what is wrong with the comment itself.
func (c *directive) fault(known map[string]diag.Severity) (diag.Diagnostic, bool) {
	d := diag.Diagnostic{Code: "allow-invalid", Severity: diag.Error, Pos: c.pos, Hint: usage}
	severity, exists := known[c.code]
	switch {
	case c.word != "allow":
		d.Message = fmt.Sprintf("a comment cannot tell Lintel %q", mark+c.word)
	case c.code == "":
		d.Message = "the comment does not say which finding it allows"
	case !exists:
		d.Message, d.Hint = fmt.Sprintf("there is no finding %q", c.code), didYouMean(c.code, known)
	case severity == diag.Error:
		d.Message, d.Hint = fmt.Sprintf("%q is an error and cannot be allowed", c.code), "mend what it finds, and remove the comment"
	case c.reason == "":
		d.Message = fmt.Sprintf("%q is allowed without a reason", c.code)
		d.Hint = fmt.Sprintf("write // lintel:allow %s: why it may stay", c.code)
	default:
		return d, false
	}
	return d, true
}

// unused is the finding of a comment that silences nothing.
func (c *directive) unused() diag.Diagnostic {
	return diag.Diagnostic{
		Code: "allow-unused", Severity: diag.Warning, Pos: c.pos,
		Message: fmt.Sprintf("the comment allows %q, which is not found here", c.code),
		Hint:    "remove it, or move it to the line above the finding",
	}
}
