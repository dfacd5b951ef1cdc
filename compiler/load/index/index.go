// Package index finds where things are written: it walks the syntax of route
// files and remembers the label of every path. It knows what an author wrote and
// nothing of what CUE made of it.
package index

import (
	"strconv"
	"strings"
	"sync"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/lintel-gateway/lintel/compiler/diag"
)

// Index maps paths to places. It is safe for concurrent use.
type Index struct {
	once  sync.Once
	parse func() []*ast.File

	at      map[string]diag.Pos
	dynamic map[string][]generated
	ends    map[diag.Pos]token.Pos
	labels  map[string]bool
	tops    []top
	values  map[string][]ast.Expr // what is written at a path
	paths   map[ast.Node][]string // where a value is written
}

// top is the extent of one top-level field.
type top struct {
	name string
	from diag.Pos
}

// generated is a label that is computed, such as "orders-\(name)" in a
// comprehension: it stands for every name that its fixed parts allow.
type generated struct {
	prefix, suffix string
	any            bool
	pos            diag.Pos
}

// fits tells whether the label may become the name.
func (g generated) fits(name string) bool {
	return g.any || len(name) >= len(g.prefix)+len(g.suffix) &&
		strings.HasPrefix(name, g.prefix) && strings.HasSuffix(name, g.suffix)
}

// New indexes files; earlier files win, so the author's own come first.
func New(files []*ast.File) *Index {
	x := &Index{parse: func() []*ast.File { return files }}
	x.build()
	return x
}

// Lazy indexes the files that parse returns on the first lookup. Most compiles
// never look, and then nothing is parsed.
func Lazy(parse func() []*ast.File) *Index { return &Index{parse: parse} }

// Lookup returns the place of the path, or of its longest prefix that was
// written, and how many elements of the path that prefix has. A path that a
// comprehension made has the place of the comprehension's label.
func (x *Index) Lookup(path ...string) (diag.Pos, int) {
	x.build()
	for n := len(path); n > 0; n-- {
		if p, ok := x.at[key(path[:n])]; ok {
			return p, n
		}
		if p, ok := x.computed(path[:n-1], path[n-1]); ok {
			return p, n
		}
	}
	return diag.Pos{}, 0
}

// Extend gives a place that has only a beginning the end of the value that
// begins there, so that a caret can underline all of it.
func (x *Index) Extend(p diag.Pos) diag.Pos {
	x.build()
	if end, ok := x.ends[p]; ok && end.IsValid() {
		p.EndLine, p.EndColumn = end.Line(), end.Column()
	}
	return p
}

// Top returns the top-level name in whose value a place stands, or "".
func (x *Index) Top(p diag.Pos) string {
	x.build()
	for _, s := range x.tops {
		if s.from.File == p.File && !before(p, s.from) && before(p, diag.Pos{Line: s.from.EndLine, Column: s.from.EndColumn}) {
			return s.name
		}
	}
	return ""
}

func before(a, b diag.Pos) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
}

// Labels lists every name that is written anywhere, in no order.
func (x *Index) Labels() []string {
	x.build()
	names := make([]string, 0, len(x.labels))
	for n := range x.labels {
		names = append(names, n)
	}
	return names
}

func (x *Index) computed(parent []string, name string) (diag.Pos, bool) {
	best, fixed := diag.Pos{}, -1
	for _, g := range x.dynamic[key(parent)] {
		if n := len(g.prefix) + len(g.suffix); g.fits(name) && n > fixed {
			best, fixed = g.pos, n
		}
	}
	return best, fixed >= 0
}

func (x *Index) build() {
	x.once.Do(func() {
		x.at, x.dynamic = map[string]diag.Pos{}, map[string][]generated{}
		x.ends, x.labels = map[diag.Pos]token.Pos{}, map[string]bool{}
		x.values, x.paths = map[string][]ast.Expr{}, map[ast.Node][]string{}
		for _, f := range x.parse() {
			x.decls(nil, f.Decls)
		}
		x.parse = nil
	})
}

func (x *Index) decls(path []string, decls []ast.Decl) {
	for _, d := range decls {
		switch d := d.(type) {
		case *ast.Field:
			x.field(path, d)
		case *ast.EmbedDecl:
			x.expr(path, d.Expr)
		case *ast.Comprehension:
			x.expr(path, d)
		}
	}
}

func (x *Index) field(path []string, f *ast.Field) {
	name, _, err := ast.LabelName(f.Label)
	if err != nil {
		if g, ok := computedLabel(f.Label); ok {
			x.dynamic[key(path)] = append(x.dynamic[key(path)], g)
		}
		return
	}
	p := append(path[:len(path):len(path)], name)
	x.labels[name] = true
	if len(path) == 0 {
		x.tops = append(x.tops, top{name, Place(f)})
	}
	x.put(p, Place(f.Label))
	x.values[key(p)] = append(x.values[key(p)], f.Value)
	x.paths[f.Value] = p
	x.expr(p, f.Value)
}

func (x *Index) put(path []string, pos diag.Pos) {
	k := key(path)
	if _, has := x.at[k]; !has {
		x.at[k] = pos
	}
}

func (x *Index) expr(path []string, e ast.Expr) {
	x.ends[At(e.Pos())] = e.End()
	switch e := e.(type) {
	case *ast.StructLit:
		x.decls(path, e.Elts)
	case *ast.BinaryExpr:
		x.expr(path, e.X)
		x.expr(path, e.Y)
	case *ast.ParenExpr:
		x.expr(path, e.X)
	case *ast.UnaryExpr:
		x.expr(path, e.X)
	case *ast.Comprehension:
		x.expr(path, e.Value)
	case *ast.ListLit:
		for i, el := range e.Elts {
			p := append(path[:len(path):len(path)], strconv.Itoa(i))
			x.put(p, Place(el))
			x.expr(p, el)
		}
	}
}

func computedLabel(l ast.Label) (generated, bool) {
	g := generated{pos: Place(l)}
	switch l := l.(type) {
	case *ast.ParenExpr:
		if in, ok := l.X.(*ast.Interpolation); ok {
			return interpolated(in, g), true
		}
		g.any = true
		return g, true
	case *ast.Interpolation:
		return interpolated(l, g), true
	}
	return g, false
}

func interpolated(in *ast.Interpolation, g generated) generated {
	first, ok1 := in.Elts[0].(*ast.BasicLit)
	last, ok2 := in.Elts[len(in.Elts)-1].(*ast.BasicLit)
	if !ok1 || !ok2 || first.Kind != token.STRING && first.Kind != token.INTERPOLATION {
		g.any = true
		return g
	}
	g.prefix = strings.TrimSuffix(strings.TrimPrefix(first.Value, `"`), `\(`)
	g.suffix = strings.TrimSuffix(strings.TrimPrefix(last.Value, `)`), `"`)
	return g
}

// Place is the place of a node, from its first byte to the one after its last.
func Place(n ast.Node) diag.Pos {
	p := At(n.Pos())
	if end := n.End(); end.IsValid() && p.IsValid() {
		p.EndLine, p.EndColumn = end.Line(), end.Column()
	}
	return p
}

// At is the place of a token; no place when the token has none.
func At(p token.Pos) diag.Pos {
	if !p.IsValid() {
		return diag.Pos{}
	}
	return diag.Pos{File: p.Filename(), Line: p.Line(), Column: p.Column()}
}

func key(path []string) string { return strings.Join(path, "\x00") }
