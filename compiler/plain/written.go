package plain

import (
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
)

// The kinds of routes, by how they are written: the index of Report.Kinds.
const (
	byTemplate = iota
	byAnchor
	writtenOut
)

// routeText is how a route is written.
type routeText struct {
	kind int
	// lines are its own, without cases.
	lines int
}

// syntax is what the files look like.
type syntax struct {
	files map[string]*ast.File
	// used are the templates and anchors that routes are made of, directly or not;
	// what else there is serves cases.
	used map[string]bool
	// routes are by domain and name.
	routes map[string]map[string]routeText
}

func parse(files map[string][]source) (*syntax, error) {
	s := &syntax{files: map[string]*ast.File{}, used: map[string]bool{}, routes: map[string]map[string]routeText{}}
	own := map[string][]ast.Node{}
	var roots []ast.Node
	for domain, list := range files {
		s.routes[domain] = map[string]routeText{}
		for _, f := range list {
			file, err := parser.ParseFile(f.name, f.data, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			s.files[f.name] = file
			if f.cases() {
				continue
			}
			for _, d := range file.Decls {
				field, ok := d.(*ast.Field)
				if !ok {
					continue
				}
				name, _, err := ast.LabelName(field.Label)
				switch {
				case err != nil:
				case strings.HasPrefix(name, "#") || strings.HasPrefix(name, "_"):
					own[name] = append(own[name], field.Value)
				default:
					roots = append(roots, field)
				}
				if name == "routes" {
					named(field.Value, func(name string, r *ast.Field) { s.routes[domain][name] = textOf(f.data, r) })
				}
			}
		}
	}
	for len(roots) > 0 {
		node := roots[0]
		roots = roots[1:]
		mention(node, func(name string) {
			if !s.used[name] {
				s.used[name] = true
				roots = append(roots, own[name]...)
			}
		})
	}
	return s, nil
}

// mention calls fn for every template and anchor that a node names outside of cases.
func mention(n ast.Node, fn func(string)) {
	ast.Walk(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			// What a label is called is no use of a name.
			if !isTests(n) {
				mention(n.Value, fn)
			}
			return false
		case *ast.Ident:
			if strings.HasPrefix(n.Name, "#") || strings.HasPrefix(n.Name, "_") {
				fn(n.Name)
			}
		}
		return true
	}, nil)
}

func isTests(f *ast.Field) bool {
	name, _, err := ast.LabelName(f.Label)
	return err == nil && name == "tests"
}

// cases counts the lines of a file that are there for cases alone: the file itself when
// it is one of cases, the fields "tests", and what only cases are made of.
func (s *syntax) cases(f source) (n int) {
	if f.cases() {
		return nonBlank(f.data)
	}
	if f.name == "lintel.cue" {
		return 0
	}
	for _, d := range s.files[f.name].Decls {
		field, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		name, _, err := ast.LabelName(field.Label)
		if err == nil && (strings.HasPrefix(name, "#") || strings.HasPrefix(name, "_")) && !s.used[name] {
			n += span(f.data, field)
			continue
		}
		n += testsIn(f.data, field)
	}
	return n
}

func testsIn(text []byte, n ast.Node) (lines int) {
	ast.Walk(n, func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok && isTests(f) {
			lines += span(text, f)
			return false
		}
		return true
	}, nil)
	return lines
}

// span counts the lines of a field with its comments. A field that shares its line with
// another counts for nothing: the line is there all the same.
func span(text []byte, f *ast.Field) int {
	from, to := f.Pos().Offset(), f.End().Offset()
	for _, c := range ast.Comments(f) {
		if c.Doc {
			from = min(from, c.Pos().Offset())
		}
	}
	start := strings.LastIndexByte(string(text[:from]), '\n') + 1
	if strings.TrimSpace(string(text[start:from])) != "" {
		return max(0, strings.Count(string(text[from:to]), "\n")-1)
	}
	return nonBlank(text[from:to])
}

func textOf(text []byte, f *ast.Field) routeText {
	r := routeText{kind: writtenOut, lines: nonBlank(text[f.Pos().Offset():f.End().Offset()]) - testsIn(text, f.Value)}
	mention(f.Value, func(name string) {
		switch {
		case strings.HasPrefix(name, "_") && r.kind == writtenOut:
			r.kind = byAnchor
		case strings.HasPrefix(name, "#") && name != "#Route":
			r.kind = byTemplate
		}
	})
	return r
}
