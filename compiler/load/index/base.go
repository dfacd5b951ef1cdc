package index

import (
	"slices"

	"cuelang.org/go/cue/ast"
)

// Base is the definition among those given that a name at the top, such as a template,
// is made of; "" when the syntax does not tell.
func (x *Index) Base(name string, among []string) string {
	x.build()
	return x.base(name, among, 0)
}

func (x *Index) base(name string, among []string, depth int) string {
	if depth > maxReferences {
		return ""
	}
	for _, e := range x.values[name] {
		if found := x.baseOf(e, among, depth); found != "" {
			return found
		}
	}
	return ""
}

func (x *Index) baseOf(e ast.Expr, among []string, depth int) string {
	switch e := e.(type) {
	case *ast.Ident:
		if slices.Contains(among, e.Name) {
			return e.Name
		}
		return x.base(e.Name, among, depth+1)
	case *ast.ParenExpr:
		return x.baseOf(e.X, among, depth)
	case *ast.BinaryExpr:
		if found := x.baseOf(e.X, among, depth); found != "" {
			return found
		}
		return x.baseOf(e.Y, among, depth)
	case *ast.StructLit:
		for _, d := range e.Elts {
			if m, ok := d.(*ast.EmbedDecl); ok {
				if found := x.baseOf(m.Expr, among, depth); found != "" {
					return found
				}
			}
		}
	}
	return ""
}
