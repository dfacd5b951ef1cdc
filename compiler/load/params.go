package load

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/load/index"
	"github.com/lintel-gateway/lintel/compiler/suggest"
)

// templates knows the definitions of a package by name, as syntax.
type templates map[string][]ast.Expr

// templatesOf lists the definitions of files beside those that are known already.
func templatesOf(files []*ast.File, known templates) templates {
	t := make(templates, len(known))
	for name, list := range known {
		t[name] = list[:len(list):len(list)]
	}
	for _, f := range files {
		for _, d := range f.Decls {
			if fd, ok := d.(*ast.Field); ok {
				if name, _, err := ast.LabelName(fd.Label); err == nil && isOwn(name) {
					t[name] = append(t[name], fd.Value)
				}
			}
		}
	}
	return t
}

func isOwn(name string) bool { return strings.HasPrefix(name, "#") || strings.HasPrefix(name, "_") }

// checkParams finds parameters that are set on a template that does not have
// them: CUE accepts `#Rest & {#porrt: 1}` silently when #port has a default. Where
// the syntax does not tell which parameters there are, nothing is said.
func checkParams(files []*ast.File, all templates, schema []string) (found diag.List) {
	c := paramCheck{templates: all, schema: map[string]bool{}}
	for _, s := range schema {
		c.schema[s] = true
	}
	for _, f := range files {
		for _, d := range f.Decls {
			fd, ok := d.(*ast.Field)
			if ok {
				if name, _, err := ast.LabelName(fd.Label); err == nil && isOwn(name) {
					// The parameters of a definition's own body are declarations.
					c.declaration(fd.Value)
					continue
				}
			}
			c.walk(d)
		}
	}
	return c.found
}

type paramCheck struct {
	templates templates
	schema    map[string]bool
	path      []string
	found     diag.List
}

func (c *paramCheck) walk(n ast.Node) {
	ast.Walk(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			name, _, err := ast.LabelName(n.Label)
			if err != nil {
				name = "" // computed
			}
			c.path = append(c.path, name)
		case *ast.BinaryExpr:
			c.use(n)
			for _, s := range structs(n) {
				for _, d := range s.Elts {
					c.walk(d)
				}
			}
			return false
		}
		return true
	}, func(n ast.Node) {
		if _, ok := n.(*ast.Field); ok {
			c.path = c.path[:len(c.path)-1]
		}
	})
}

// at is the path of a parameter, as far as the syntax tells it.
func (c *paramCheck) at(name string) string {
	known := c.path[slices.Index(c.path, "")+1:]
	return diag.Path(append(slices.Clone(known), name)...)
}

func (c *paramCheck) declaration(e ast.Expr) {
	for _, s := range structs(e) {
		for _, d := range s.Elts {
			c.walk(d)
		}
	}
}

// use judges one unification of templates with literal structs.
func (c *paramCheck) use(e *ast.BinaryExpr) {
	known, sure := map[string]bool{}, true
	refs := 0
	var made []diag.Note // where the templates are
	for _, op := range operands(e) {
		switch op := op.(type) {
		case *ast.StructLit:
		default:
			refs++
			made = append(made, c.place(op)...)
			sure = c.collect(op, known, 0) && sure
		}
	}
	if refs == 0 || !sure {
		return
	}
	var names []string
	for n := range known {
		names = append(names, n)
	}
	for _, s := range structs(e) {
		for _, d := range s.Elts {
			fd, ok := d.(*ast.Field)
			if !ok {
				continue
			}
			name, _, err := ast.LabelName(fd.Label)
			if err != nil || !strings.HasPrefix(name, "#") || known[name] || mentions(s, name) {
				continue
			}
			hint := suggest.Phrase(name, names)
			if hint == "" {
				hint = "the template has no such parameter"
			}
			c.found = append(c.found, diag.Diagnostic{
				Code: "parameter-unknown", Severity: diag.Error, Pos: index.Place(fd.Label),
				Path:    c.at(name),
				Message: fmt.Sprintf("%s is not a parameter of the template", name), Hint: hint,
				Notes: made,
			})
		}
	}
}

// place is where an author's template is written.
func (c *paramCheck) place(e ast.Expr) (notes []diag.Note) {
	id, ok := e.(*ast.Ident)
	if !ok || !strings.HasPrefix(id.Name, "#") {
		return nil
	}
	for _, x := range c.templates[id.Name] {
		notes = append(notes, diag.Note{Pos: index.At(x.Pos()), Message: id.Name + " is this template"})
	}
	return notes
}

// parameters adds the parameters that a definition declares, its templates'
// included, and tells whether these are all.
func (c *paramCheck) parameters(name string, known map[string]bool, depth int) bool {
	if c.schema[name] && len(c.templates[name]) == 0 {
		return true
	}
	if len(c.templates[name]) == 0 || depth > 10 {
		return false
	}
	sure := true
	for _, e := range c.templates[name] {
		sure = c.collect(e, known, depth+1) && sure
	}
	return sure
}

// collect adds what an expression declares, and tells whether that is all.
func (c *paramCheck) collect(e ast.Expr, known map[string]bool, depth int) bool {
	sure := true
	for _, op := range operands(e) {
		switch op := op.(type) {
		case *ast.Ident:
			sure = c.parameters(op.Name, known, depth) && sure
		case *ast.SelectorExpr:
			// The schema's definitions have no parameters.
			pkg, ok := op.X.(*ast.Ident)
			sure = ok && pkg.Name == "schemas" && sure
		case *ast.StructLit:
			sure = c.declared(op, known, depth) && sure
		default:
			sure = false
		}
	}
	return sure
}

func (c *paramCheck) declared(s *ast.StructLit, known map[string]bool, depth int) bool {
	sure := true
	for _, d := range s.Elts {
		switch d := d.(type) {
		case *ast.Field:
			if name, _, err := ast.LabelName(d.Label); err == nil && strings.HasPrefix(name, "#") {
				known[name] = true
			}
		case *ast.EmbedDecl:
			sure = c.collect(d.Expr, known, depth+1) && sure
		}
	}
	return sure
}

// operands flattens a & b & c.
func operands(e ast.Expr) []ast.Expr {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		if e.Op.String() == "&" {
			return append(operands(e.X), operands(e.Y)...)
		}
	case *ast.ParenExpr:
		return operands(e.X)
	}
	return []ast.Expr{e}
}

func structs(e ast.Expr) (out []*ast.StructLit) {
	for _, op := range operands(e) {
		if s, ok := op.(*ast.StructLit); ok {
			out = append(out, s)
		}
	}
	return out
}

// mentions tells whether a struct uses a name that it declares itself.
func mentions(s *ast.StructLit, name string) (found bool) {
	ast.Walk(s, func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok {
			ast.Walk(f.Value, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && id.Name == name {
					found = true
				}
				return !found
			}, nil)
			return false
		}
		return !found
	}, nil)
	return found
}
