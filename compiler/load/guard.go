package load

import (
	"cmp"
	"fmt"
	"math"
	"strconv"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/ast/astutil"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/load/index"
)

// Bounds on what one file may ask of CUE, which has none of its own.
const (
	maxDepth  = 100    // nested structs, lists and expressions
	maxLoops  = 2      // for clauses inside each other
	maxRepeat = 10_000 // elements of list.Range, list.Repeat, strings.Repeat
)

// guard refuses what must never be evaluated: attributes (CUE's @embed reads
// files), imports outside the list, and constructs that are sure to explode.
func guard(f *ast.File) diag.List {
	g := guarding{imports: map[string]string{}}
	for _, d := range f.Decls {
		if a, ok := d.(*ast.Attribute); ok {
			g.attribute(a)
		}
	}
	for spec := range f.ImportSpecs() {
		g.imported(spec)
	}
	ast.Walk(f, g.enter, g.leave)
	return g.found
}

type guarding struct {
	found        diag.List
	imports      map[string]string // by the name used in the file
	depth, loops int
	tooDeep      bool
}

func (g *guarding) report(code string, n ast.Node, message, hint string) {
	g.found = append(g.found, diag.Diagnostic{
		Code: code, Severity: diag.Error, Pos: index.Place(n), Message: message, Hint: hint,
	})
}

func (g *guarding) imported(spec *ast.ImportSpec) {
	path, err := literal.Unquote(spec.Path.Value)
	if err != nil {
		return
	}
	if !builtin(path) && !isSchemas(path) {
		g.report("import-not-allowed", spec.Path, fmt.Sprintf("the import %q is not allowed in route files", path),
			"use the names of routes/*.cue without an import, the schemas, or one of strings, list, struct, math, regexp, net, strconv, time, encoding/json, encoding/base64, encoding/hex")
	}
	info, err := astutil.ParseImportSpec(spec)
	if err == nil {
		g.imports[info.Ident] = path
	}
}

func (g *guarding) attribute(a *ast.Attribute) {
	name, _ := a.Split()
	g.report("attribute-not-allowed", a, fmt.Sprintf("the attribute @%s is not allowed in route files", name),
		"remove it; route files read no other file, tag or environment")
}

func (g *guarding) enter(n ast.Node) bool {
	g.depth++
	if g.depth > maxDepth*4 {
		if !g.tooDeep {
			g.tooDeep = true
			g.report("evaluation-limit", n, fmt.Sprintf("the value is nested deeper than %d levels", maxDepth),
				"flatten it")
		}
		g.depth--
		return false
	}
	switch n := n.(type) {
	case *ast.Field:
		for _, a := range n.Attrs {
			g.attribute(a)
		}
	case *ast.StructLit:
		for _, d := range n.Elts {
			if a, ok := d.(*ast.Attribute); ok {
				g.attribute(a)
			}
		}
	case *ast.Comprehension:
		before := g.loops
		g.loops += forClauses(n)
		if g.loops > maxLoops && before <= maxLoops {
			g.report("evaluation-limit", n, fmt.Sprintf("more than %d loops inside each other", maxLoops),
				"write the combinations as a table and loop over it once")
		}
	case *ast.CallExpr:
		g.call(n)
	}
	return true
}

func (g *guarding) leave(n ast.Node) {
	g.depth--
	if c, ok := n.(*ast.Comprehension); ok {
		g.loops -= forClauses(c)
	}
}

func forClauses(c *ast.Comprehension) (n int) {
	for _, cl := range c.Clauses {
		if _, ok := cl.(*ast.ForClause); ok {
			n++
		}
	}
	return n
}

// call refuses the calls that make large values out of a few characters. Only
// constants can be judged here; the watchdog sees to the rest.
func (g *guarding) call(c *ast.CallExpr) {
	sel, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	pkg, ok := sel.X.(*ast.Ident)
	if !ok {
		return
	}
	name, _, err := ast.LabelName(sel.Sel)
	if err != nil {
		return
	}
	var count float64
	switch g.imports[pkg.Name] + "." + name {
	case "list.Range":
		if len(c.Args) == 3 {
			// A step that is no constant counts as one.
			step := cmp.Or(constant(c.Args[2]), 1)
			count = math.Abs((constant(c.Args[1]) - constant(c.Args[0])) / step)
		}
	case "list.Repeat", "strings.Repeat":
		if len(c.Args) == 2 {
			count = constant(c.Args[1])
		}
	}
	if count > maxRepeat {
		g.report("evaluation-limit", c, fmt.Sprintf("%s.%s makes more than %d elements", pkg.Name, name, maxRepeat),
			"route files hold what somebody wrote; make the list shorter")
	}
}

func constant(e ast.Expr) float64 {
	switch e := e.(type) {
	case *ast.BasicLit:
		var info literal.NumInfo
		if (e.Kind == token.INT || e.Kind == token.FLOAT) && literal.ParseNum(e.Value, &info) == nil {
			if f, err := strconv.ParseFloat(info.String(), 64); err == nil {
				return f
			}
		}
	case *ast.UnaryExpr:
		if e.Op == token.SUB {
			return -constant(e.X)
		}
	case *ast.ParenExpr:
		return constant(e.X)
	}
	return 0
}
