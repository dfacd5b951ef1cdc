package quick

import (
	"slices"

	"cuelang.org/go/cue/ast"

	"github.com/lintel-gateway/lintel/compiler/load/accept"
)

// reference is what an identifier stands for.
type reference struct {
	kind target
	up   int          // toField, toLet: how many structs outward it is declared
	expr ast.Expr     // toLet: the expression
	def  *accept.Node // toSchema: the definition
}

type target uint8

const (
	toField  target = iota + 1 // a field of an enclosing struct
	toLet                      // a let clause of an enclosing struct
	toTop                      // a definition or hidden field at the top of a file
	toSchema                   // a definition of the schema
	toType                     // string, int, number, bool
	toAny                      // _
)

// references resolves identifiers, by the rules of CUE's lexical scopes. What is not
// there is beyond this package.
type references struct {
	of map[*ast.Ident]reference
	// data are the structs and lists that hold nothing but literals.
	data map[ast.Expr]bool
}

func newReferences() references {
	return references{of: map[*ast.Ident]reference{}, data: map[ast.Expr]bool{}}
}

// scopes is what a file's identifiers may refer to.
type scopes struct {
	refs    references
	structs []*ast.StructLit // the enclosing ones, the innermost last
	imports map[string]string
	// tops tells whether a name stands at the top of a file.
	tops func(name string) bool
	// schema are the definitions that files may name.
	schema map[string]*accept.Node
	// unused are the let clauses that nothing has referred to yet.
	unused map[*ast.LetClause]bool
}

// file resolves the i-th of the files whose names are in n; more are the names of
// other files of the package. It tells how many let clauses nothing refers to, which
// is an error in CUE.
func (r references) file(f *ast.File, i int, schema map[string]*accept.Node, n *names, more ...*names) (unused int) {
	s := &scopes{
		refs: r, imports: n.imports[i], schema: schema, unused: map[*ast.LetClause]bool{},
		tops: func(name string) bool {
			return n.referable[name] || slices.ContainsFunc(more, func(m *names) bool { return m.referable[name] })
		},
	}
	for _, d := range f.Decls {
		if fd, ok := d.(*ast.Field); ok {
			s.expr(fd.Value)
		}
	}
	return len(s.unused)
}

// expr resolves the identifiers of an expression, as far as it is of the kinds that
// are evaluated. It tells whether the expression is a literal, or data made of them.
func (s *scopes) expr(e ast.Expr) (data bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		s.ident(e)
	case *ast.ParenExpr:
		s.expr(e.X)
	case *ast.UnaryExpr:
		s.expr(e.X)
	case *ast.BinaryExpr:
		s.expr(e.X)
		s.expr(e.Y)
	case *ast.SelectorExpr:
		s.expr(e.X)
	case *ast.Interpolation:
		for _, x := range e.Elts {
			s.expr(x)
		}
	case *ast.ListLit:
		data = true
		for _, x := range e.Elts {
			data = s.expr(x) && data
		}
		s.mark(e, data)
	case *ast.StructLit:
		data = s.structure(e)
		s.mark(e, data)
	}
	return data
}

func (s *scopes) mark(e ast.Expr, data bool) {
	if data {
		s.refs.data[e] = true
	}
}

func (s *scopes) structure(e *ast.StructLit) (data bool) {
	s.structs = append(s.structs, e)
	for _, d := range e.Elts {
		if l, ok := d.(*ast.LetClause); ok {
			s.unused[l] = true
		}
	}
	data = true
	seen := make(map[string]bool, len(e.Elts))
	for _, d := range e.Elts {
		switch d := d.(type) {
		case *ast.CommentGroup:
		case *ast.Field:
			name, _, ok := label(d)
			data = s.expr(d.Value) && data && ok && !internal(name) && !seen[name]
			seen[name] = true
		case *ast.EmbedDecl:
			s.expr(d.Expr)
			data = false
		case *ast.LetClause:
			s.expr(d.Expr)
			data = false
		default:
			data = false
		}
	}
	s.structs = s.structs[:len(s.structs)-1]
	return data
}

func (s *scopes) ident(e *ast.Ident) {
	for up := range s.structs {
		lit := s.structs[len(s.structs)-1-up]
		for _, d := range lit.Elts {
			switch d := d.(type) {
			case *ast.Field:
				if name, ok := d.Label.(*ast.Ident); ok && name.Name == e.Name {
					s.refs.of[e] = reference{kind: toField, up: up}
					return
				}
			case *ast.LetClause:
				if d.Ident.Name == e.Name {
					delete(s.unused, d)
					s.refs.of[e] = reference{kind: toLet, up: up, expr: d.Expr}
					return
				}
			}
		}
	}
	if _, imported := s.imports[e.Name]; imported {
		return
	}
	switch {
	case s.tops(e.Name):
		if internal(e.Name) {
			s.refs.of[e] = reference{kind: toTop}
		}
	case s.schema[e.Name] != nil:
		s.refs.of[e] = reference{kind: toSchema, def: s.schema[e.Name]}
	case e.Name == "_":
		s.refs.of[e] = reference{kind: toAny}
	case slices.Contains([]string{"string", "int", "number", "bool"}, e.Name):
		s.refs.of[e] = reference{kind: toType}
	}
}
