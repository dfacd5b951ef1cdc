package quick

import (
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// expand takes a node's expressions apart, until all that is left are literals, types,
// bounds, choices and fields.
func (e *evaluation) expand(n *node) {
	switch n.state {
	case expanded:
		return
	case expanding:
		e.fail() // it refers to itself
		return
	}
	n.state = expanding
	for i := 0; i < len(n.conjuncts) && !e.failed; i++ {
		e.part(n, n.conjuncts[i])
	}
	n.state = expanded
}

// part takes one expression of a node apart.
func (e *evaluation) part(n *node, c conjunct) {
	if !e.enter() {
		return
	}
	defer e.leave()
	switch x := c.expr.(type) {
	case *ast.ParenExpr:
		e.part(n, conjunct{x.X, c.scope, c.def})
	case *ast.StructLit:
		e.structure(n, x, c)
	case *ast.ListLit:
		n.lists = append(n.lists, c)
	case *ast.Ident:
		e.ident(n, x, c)
	case *ast.SelectorExpr:
		if target := e.selected(x, c.scope); target != nil {
			e.refer(n, target, c, false)
		}
	case *ast.UnaryExpr:
		e.unary(n, x, c)
	case *ast.BinaryExpr:
		switch x.Op {
		case token.AND:
			e.part(n, conjunct{x.X, c.scope, c.def})
			e.part(n, conjunct{x.Y, c.scope, c.def})
		case token.OR:
			n.choose(c)
		default:
			e.scalar(n, e.arithmetic(x, c))
		}
	case *ast.BasicLit:
		e.scalar(n, e.literal(x))
	case *ast.Interpolation:
		e.scalar(n, e.text(x, c))
	default:
		e.fail()
	}
}

// choose adds a choice; one that is written twice is one.
func (n *node) choose(c conjunct) {
	for _, have := range n.choices {
		if have.expr == c.expr && have.scope.same(c.scope) {
			return
		}
	}
	n.choices = append(n.choices, c)
}

// scalar sets the node's concrete value, which must be the one that it has already.
func (e *evaluation) scalar(n *node, v any) {
	if e.failed || n.concrete && n.scalar != v {
		e.fail()
		return
	}
	n.scalar, n.concrete = v, true
}

func (e *evaluation) structure(n *node, lit *ast.StructLit, c conjunct) {
	n.structs++
	if c.def != nil {
		n.closed++
	}
	inner := &scope{up: c.scope, node: n}
	for _, d := range lit.Elts {
		switch d := d.(type) {
		case *ast.CommentGroup, *ast.LetClause:
		case *ast.Ellipsis:
			// It opens what a definition would close; the schema closes it again.
			if d.Type != nil {
				e.fail()
				return
			}
		case *ast.EmbedDecl:
			e.part(n, conjunct{d.Expr, inner, c.def})
		case *ast.Field:
			name, _, ok := labelName(d)
			if !ok || d.Alias != nil || len(d.Attrs) > 0 || d.Constraint == token.OPTION {
				e.fail()
				return
			}
			a := n.arc(name)
			if d.Constraint == token.NOT {
				a.required = true
			} else {
				a.given = true
			}
			a.node.add(conjunct{d.Value, inner, c.def})
		default:
			e.fail()
			return
		}
	}
}

func (e *evaluation) ident(n *node, id *ast.Ident, c conjunct) {
	r := e.resolve(id)
	switch r.kind {
	case toAny:
	case toType:
		n.types = append(n.types, id.Name)
	case toSchema:
		n.defs = append(n.defs, r.def)
		for d := c.def; d != nil; d = d.outer {
			d.onSchema = true
		}
	case toLet:
		e.part(n, conjunct{r.expr, c.scope.at(r.up), c.def})
	case toField:
		owner := c.scope.at(r.up).node
		if owner.state != expanded {
			e.fail() // what it embeds may still add to its fields
			return
		}
		e.refer(n, owner.child(id.Name), c, false)
	case toTop:
		e.refer(n, e.named(id.Name), c, id.Name[0] == '#')
	default:
		e.fail()
	}
}

// refer unifies a node with another: all that is written for the one holds for it too.
func (e *evaluation) refer(n, target *node, c conjunct, defines bool) {
	if target == n {
		e.fail()
		return
	}
	def := c.def
	if defines {
		def = &definition{outer: c.def}
	}
	before := n.structs
	for _, t := range target.conjuncts {
		in := def
		if in == nil {
			in = t.def
		}
		e.part(n, conjunct{t.expr, t.scope, in})
	}
	if defines && n.structs > before && !def.onSchema {
		e.fail() // closed by itself: what may be added to it, CUE knows
	}
}

// selected is the node that a selector such as _env.name leads to.
func (e *evaluation) selected(x *ast.SelectorExpr, s *scope) *node {
	name, _, err := ast.LabelName(x.Sel)
	if err != nil || internal(name) {
		e.fail()
		return nil
	}
	base := &node{}
	base.add(conjunct{expr: x.X, scope: s})
	e.expand(base)
	if e.failed || base.structs == 0 || !base.has(name) {
		e.fail()
		return nil
	}
	return base.child(name)
}
