package index

import (
	"strconv"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// Cyclic tells whether a value that is written at the path is computed from the
// field itself, over whatever other names. It follows what the syntax alone shows:
// a reference that goes through a template's parameter is not seen.
func (x *Index) Cyclic(path ...string) bool {
	x.build()
	s := search{index: x, goal: key(path), seen: map[any]bool{}}
	return s.path(path)
}

// search follows references until it comes back to where it began.
type search struct {
	index *Index
	goal  string
	seen  map[any]bool
}

// path follows the values that are written at a path.
func (s *search) path(path []string) bool {
	if s.seen[key(path)] {
		return false
	}
	s.seen[key(path)] = true
	for _, e := range s.index.values[key(path)] {
		if s.expr(e) {
			return true
		}
	}
	return false
}

func (s *search) expr(e ast.Expr) (found bool) {
	ast.Walk(e, func(n ast.Node) bool {
		if found {
			return false
		}
		switch n := n.(type) {
		case *ast.Field:
			return false // what is written inside is not what the value is
		case *ast.SelectorExpr, *ast.IndexExpr, *ast.Ident:
			root, rest := flatten(n.(ast.Expr))
			if root == nil {
				return true
			}
			found = s.reference(root, rest)
			return false
		}
		return true
	}, nil)
	return found
}

// reference follows root.rest to the values that it names.
func (s *search) reference(root *ast.Ident, rest []string) bool {
	if let, ok := root.Node.(*ast.LetClause); ok {
		if s.seen[let] {
			return false
		}
		s.seen[let] = true
		return s.expr(let.Expr)
	}
	at := []string{root.Name}
	if root.Node != nil {
		var known bool
		if at, known = s.index.paths[root.Node]; !known {
			return false
		}
	}
	at = append(at[:len(at):len(at)], rest...)
	return key(at) == s.goal || s.path(at)
}

// flatten takes a chain of selectors apart; root is nil when it is none.
func flatten(e ast.Expr) (root *ast.Ident, rest []string) {
	switch e := e.(type) {
	case *ast.Ident:
		return e, nil
	case *ast.SelectorExpr:
		root, rest = flatten(e.X)
		name, _, err := ast.LabelName(e.Sel)
		if err != nil {
			return nil, nil
		}
		return root, append(rest, name)
	case *ast.IndexExpr:
		lit, ok := e.Index.(*ast.BasicLit)
		if !ok {
			return nil, nil
		}
		root, rest = flatten(e.X)
		if lit.Kind != token.STRING {
			return root, append(rest, lit.Value)
		}
		name, err := strconv.Unquote(lit.Value)
		if err != nil {
			return nil, nil
		}
		return root, append(rest, name)
	}
	return nil, nil
}
