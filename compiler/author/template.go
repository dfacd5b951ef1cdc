package author

import (
	"path"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// templates are the definitions that a domain's routes can be written with, by name.
type templates map[string]ast.Expr

// templates reads those of the shared files and of the domain.
func (r *Repo) templates(domain string) templates {
	out := templates{}
	for name, text := range r.result.Program.Files {
		dir := path.Dir(name)
		if dir != r.base && dir != path.Join(r.base, domain) {
			continue
		}
		f, err := parser.ParseFile(name, text)
		if err != nil {
			continue // it compiled: only a file that has no say can be none
		}
		for _, decl := range f.Decls {
			if field, ok := decl.(*ast.Field); ok {
				if name, _, err := ast.LabelName(field.Label); err == nil && strings.HasPrefix(name, "#") {
					out[name] = field.Value
				}
			}
		}
	}
	return out
}

// params are the parameters of a template, its own and those of the templates that it
// is made of: whether each must be given. ok is false when there is no such template,
// or when the syntax does not tell its parameters.
func (t templates) params(name string) (needed map[string]bool, ok bool) {
	needed = map[string]bool{}
	return needed, t.collect(name, needed, 0)
}

func (t templates) collect(name string, needed map[string]bool, depth int) bool {
	if name == "#Route" {
		return true
	}
	e, ok := t[name]
	return ok && depth < 10 && t.expr(e, needed, depth)
}

func (t templates) expr(e ast.Expr, needed map[string]bool, depth int) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return t.collect(e.Name, needed, depth+1)
	case *ast.ParenExpr:
		return t.expr(e.X, needed, depth)
	case *ast.BinaryExpr:
		return e.Op == token.AND && t.expr(e.X, needed, depth) && t.expr(e.Y, needed, depth)
	case *ast.StructLit:
		for _, decl := range e.Elts {
			field, ok := decl.(*ast.Field)
			if !ok {
				continue
			}
			if name, _, err := ast.LabelName(field.Label); err == nil && strings.HasPrefix(name, "#") {
				needed[name] = !decided(field.Value)
			}
		}
		return true
	}
	return false
}

// decided tells whether a parameter has a value when none is given: a default, or a
// value that is one already.
func decided(e ast.Expr) bool {
	_, literal := e.(*ast.BasicLit)
	return literal || marked(e)
}

// marked tells whether one side of a disjunction is marked as its default.
func marked(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.UnaryExpr:
		return e.Op == token.MUL
	case *ast.BinaryExpr:
		return e.Op == token.OR && (marked(e.X) || marked(e.Y))
	}
	return false
}

// fitting lists those of the names that take all of the parameters and need no other,
// in order.
func (t templates) fitting(names []string, given []setting) (out []string) {
	for _, name := range names {
		needed, ok := t.params(name)
		for _, g := range given {
			if _, takes := needed[g.label]; !takes {
				ok = false
			}
			delete(needed, g.label)
		}
		for _, must := range needed {
			ok = ok && !must
		}
		if ok {
			out = append(out, name)
		}
	}
	return out
}
