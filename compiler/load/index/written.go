package index

import (
	"cmp"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/lintel-gateway/lintel/compiler/diag"
)

// Bounds of a trace through references. What is deeper or wider is left out; no
// sensible repository comes near.
const (
	maxReferences = 32
	maxWritten    = 64
)

// Origin is one place where a path is written.
type Origin struct {
	Pos diag.Pos
	// Name is what the path refers to and the place stands in, such as "_api" or
	// "#Rest"; "" when it is written at the path itself.
	Name string
	// Path is where it stands, such as "_api.cors" for "routes.x.filters.cors"; "" when
	// it is written at the path itself.
	Path string
	// Default is the literal that is marked as the default there; "" when there is none.
	Default string
	// Params are the names that begin with "#" in what is written there: parameters that
	// decide the value, mostly.
	Params []string
}

// Origins lists every place where something is written at the path: at the path
// itself first, then in the templates and anchors that it refers to, in the order in
// which they are met. It follows what the syntax alone shows: a reference that a
// template's parameter makes is not seen, and what stands under a condition counts as
// written.
func (x *Index) Origins(path ...string) []Origin {
	x.build()
	t := trace{index: x, seen: map[string]bool{}}
	t.path(target{}, path, 0)
	slices.SortStableFunc(t.out, func(a, b Origin) int { // the path itself comes first
		return min(len(a.Name), 1) - min(len(b.Name), 1)
	})
	return t.out
}

// target is what a reference names, and the path that is followed into it.
type target struct{ name, path string }

// trace is one walk along a path.
type trace struct {
	index *Index
	seen  map[string]bool // names and the rest of the path
	out   []Origin
}

// path follows a whole path from its top-level name, as a part of what a reference
// names.
func (t *trace) path(of target, path []string, depth int) {
	if len(path) < 2 || depth > maxReferences || t.seen[key(path)] {
		return
	}
	t.seen[key(path)] = true
	for _, e := range t.index.values[key(path[:1])] {
		t.expr(of, e, path[1:], depth)
	}
}

func (t *trace) expr(of target, e ast.Expr, rest []string, depth int) {
	if len(t.out) >= maxWritten {
		return
	}
	switch e := e.(type) {
	case *ast.StructLit:
		for _, d := range e.Elts {
			t.decl(of, d, rest, depth)
		}
	case *ast.BinaryExpr:
		t.expr(of, e.X, rest, depth)
		t.expr(of, e.Y, rest, depth)
	case *ast.ParenExpr:
		t.expr(of, e.X, rest, depth)
	case *ast.UnaryExpr:
		t.expr(of, e.X, rest, depth)
	case *ast.Comprehension:
		t.expr(of, e.Value, rest, depth)
	case *ast.Ident, *ast.SelectorExpr, *ast.IndexExpr:
		t.reference(of, e, rest, depth)
	}
}

func (t *trace) decl(of target, d ast.Decl, rest []string, depth int) {
	switch d := d.(type) {
	case *ast.EmbedDecl:
		t.expr(of, d.Expr, rest, depth)
	case *ast.Comprehension:
		t.expr(of, d.Value, rest, depth)
	case *ast.Field:
		if !labels(d.Label, rest[0]) {
			return
		}
		if len(rest) == 1 {
			t.out = append(t.out, Origin{Place(d.Label), of.name, of.path, defaultOf(d.Value), parameters(d.Value)})
			return
		}
		t.expr(of, d.Value, rest[1:], depth)
	}
}

// defaultOf is the literal behind the "*" in a disjunction.
func defaultOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		if e.Op == token.OR {
			return cmp.Or(defaultOf(e.X), defaultOf(e.Y))
		}
	case *ast.UnaryExpr:
		if lit, ok := e.X.(*ast.BasicLit); ok && e.Op == token.MUL {
			return lit.Value
		}
	case *ast.ParenExpr:
		return defaultOf(e.X)
	}
	return ""
}

// parameters are the names in an expression that begin with "#", each once.
func parameters(e ast.Expr) (out []string) {
	ast.Walk(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && strings.HasPrefix(id.Name, "#") && !slices.Contains(out, id.Name) {
			out = append(out, id.Name)
		}
		return true
	}, nil)
	return out
}

// reference follows a reference to the value that it names.
func (t *trace) reference(of target, e ast.Expr, rest []string, depth int) {
	root, selected := flatten(e)
	if root == nil {
		return
	}
	if let, ok := root.Node.(*ast.LetClause); ok && depth < maxReferences && len(selected) == 0 {
		t.expr(of, let.Expr, rest, depth+1)
		return
	}
	at := []string{root.Name}
	if root.Node != nil {
		var known bool
		if at, known = t.index.paths[root.Node]; !known {
			return
		}
	}
	at = slices.Concat(at, selected)
	path := slices.Concat(at, rest)
	t.path(target{diag.Path(at...), diag.Path(path...)}, path, depth+1)
}

// labels tells whether a label stands for the name: it is it, it is computed and may
// become it, or it stands for all names.
func labels(l ast.Label, name string) bool {
	if own, _, err := ast.LabelName(l); err == nil {
		return own == name
	}
	if list, ok := l.(*ast.ListLit); ok && len(list.Elts) == 1 {
		e := list.Elts[0]
		if a, ok := e.(*ast.Alias); ok {
			e = a.Expr
		}
		id, ok := e.(*ast.Ident)
		return ok && (id.Name == "string" || id.Name == "_")
	}
	g, ok := computedLabel(l)
	return ok && g.fits(name)
}
