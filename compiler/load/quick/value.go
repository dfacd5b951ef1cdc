package quick

import (
	"encoding/json"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/lintel-gateway/lintel/compiler/load/accept"
)

// value is the data of a node; whole is false when something in it is not decided
// yet, as in a template that nobody has used. Want is what the schema wants there,
// nil when that is not known.
func (e *evaluation) value(n *node, want *accept.Node) (v any, whole bool) {
	if !e.enter() {
		return nil, false
	}
	defer e.leave()
	if len(n.conjuncts) == 1 && n.state == fresh {
		if x := n.conjuncts[0].expr; e.refs.data[x] || e.shared.refs.data[x] {
			return e.data(x), !e.failed
		}
	}
	e.expand(n)
	forms := 0
	for _, is := range []bool{n.structs > 0, len(n.lists) > 0, n.concrete} {
		if is {
			forms++
		}
	}
	switch {
	case e.failed:
	case forms > 1 || len(n.choices) > 1 || len(n.choices) == 1 && n.structs > 0:
		e.fail()
	case len(n.choices) == 1:
		v, whole = e.chosen(n, want)
	default:
		v, whole = e.plain(n, want)
	}
	switch {
	case e.failed:
	case whole:
		if !e.admitted(n, v, want) {
			e.fail()
		}
	case n.structs == 0 && len(n.lists) == 0 && !e.compatible(n):
		e.fail()
	}
	return v, whole && !e.failed
}

// compatible tells whether what is written for a node without a value can hold
// together, as far as that is plain: CUE finds contradictions among types and bounds
// before there is a value.
func (e *evaluation) compatible(n *node) bool {
	parts := len(n.bounds) + len(n.defs) + len(n.choices)
	for _, t := range n.types {
		if t != n.types[0] {
			return false
		}
	}
	switch {
	case parts == 0:
		return true
	case len(n.bounds) < parts:
		return parts == 1 && len(n.types) == 0
	case len(n.types) == 0 || n.types[0] != "int" && n.types[0] != "number":
		return parts == 1 && len(n.types) == 0
	}
	// A range of whole numbers: one lower and one upper bound that leave some room.
	lower, upper := int64(-maxExact), int64(maxExact)
	for _, b := range n.bounds {
		x := b.expr.(*ast.UnaryExpr)
		limit, ok := whole(e.operand(x.X, b))
		switch {
		case e.failed || !ok:
			return false
		case x.Op == token.GEQ && lower == -maxExact:
			lower = limit
		case x.Op == token.LEQ && upper == maxExact:
			upper = limit
		default:
			return false
		}
	}
	return lower < upper
}

// plain is the value of a node without a choice.
func (e *evaluation) plain(n *node, want *accept.Node) (v any, whole bool) {
	switch {
	case n.structs > 0:
		return e.members(n, want)
	case len(n.lists) > 0:
		return e.elements(n, want)
	}
	return n.scalar, n.concrete
}

func (e *evaluation) members(n *node, want *accept.Node) (map[string]any, bool) {
	// A definition closes also what the schema leaves open; what may be added there
	// is for CUE to say.
	if n.closed > 0 && n.structs > 1 && (want == nil || want.Open()) {
		e.fail()
		return nil, false
	}
	out, whole := make(map[string]any, len(n.arcs)), true
	for i := 0; i < len(n.arcs) && !e.failed; i++ {
		a := n.arcs[i]
		if a.required && !a.given {
			e.fail()
			break
		}
		if internal(a.name) {
			// It is no part of the data, but must not contradict itself.
			e.value(a.node, nil)
			continue
		}
		v, ok := e.value(a.node, want.Field(a.name))
		out[a.name], whole = v, whole && ok
	}
	return out, whole && !e.failed
}

func (e *evaluation) elements(n *node, want *accept.Node) ([]any, bool) {
	first := n.lists[0].expr.(*ast.ListLit)
	out, whole := make([]any, len(first.Elts)), true
	for i := range first.Elts {
		elem := &node{}
		for _, c := range n.lists {
			lit := c.expr.(*ast.ListLit)
			if len(lit.Elts) != len(first.Elts) {
				e.fail()
				return nil, false
			}
			elem.add(conjunct{lit.Elts[i], c.scope, c.def})
		}
		v, ok := e.value(elem, want.Elem())
		out[i], whole = v, whole && ok
	}
	for _, c := range n.lists {
		if len(c.expr.(*ast.ListLit).Elts) != len(first.Elts) {
			e.fail()
		}
	}
	return out, whole && !e.failed
}

// admitted tells whether the types, bounds and definitions that are written for a node
// allow its value.
func (e *evaluation) admitted(n *node, v any, want *accept.Node) bool {
	for _, t := range n.types {
		if !typed(t, v) {
			return false
		}
	}
	for _, b := range n.bounds {
		if !e.within(b, v) {
			return false
		}
	}
	for _, d := range n.defs {
		// What the schema wants is looked at once, when all is there.
		if d != want && !d.Accepts(v) {
			return false
		}
	}
	return !e.failed
}

func typed(name string, v any) bool {
	switch v := v.(type) {
	case string:
		return name == "string"
	case bool:
		return name == "bool"
	case json.Number:
		return name == "number" || name == "int" && !strings.Contains(string(v), ".")
	}
	return false
}

// chosen is the value of a node with a choice (*a | b): what the rest of the node is
// when some side allows it, else the default, else the one side that is left.
func (e *evaluation) chosen(n *node, want *accept.Node) (v any, whole bool) {
	sides := alternatives(n.choices[0], false)
	if sides == nil {
		e.fail()
		return nil, false
	}
	if v, whole = e.plain(n, want); whole || e.failed || len(n.lists) > 0 {
		for _, s := range sides {
			if whole && !e.failed && e.allows(s.conjunct, v) {
				return v, true
			}
		}
		e.fail()
		return nil, false
	}
	var defaults, others []any
	open := false
	for _, s := range sides {
		side := &node{}
		side.add(s.conjunct)
		v, whole := e.value(side, nil)
		switch {
		case e.failed:
			return nil, false
		case !whole && s.preferred:
			e.fail()
			return nil, false
		case !whole:
			open = true
		case !e.admitted(n, v, nil):
		case s.preferred:
			defaults = addNew(defaults, v)
		default:
			others = addNew(others, v)
		}
	}
	switch {
	case len(defaults) == 1:
		return defaults[0], true
	case len(defaults) > 1:
		e.fail()
	case len(others) == 1 && !open:
		return others[0], true
	}
	return nil, false
}

func addNew(list []any, v any) []any {
	for _, x := range list {
		if accept.Equal(x, v) {
			return list
		}
	}
	return append(list, v)
}

// side is one side of a choice.
type side struct {
	conjunct
	preferred bool // marked with *
}

// alternatives lists the sides of a | b | c; nil when they are nested otherwise.
func alternatives(c conjunct, inner bool) []side {
	switch x := c.expr.(type) {
	case *ast.BinaryExpr:
		if x.Op.String() == "|" {
			l := alternatives(conjunct{x.X, c.scope, c.def}, true)
			r := alternatives(conjunct{x.Y, c.scope, c.def}, true)
			if l == nil || r == nil {
				return nil
			}
			return append(l, r...)
		}
	case *ast.UnaryExpr:
		if x.Op.String() == "*" {
			return []side{{conjunct{x.X, c.scope, c.def}, true}}
		}
	case *ast.ParenExpr:
		if inner {
			return nil
		}
		return alternatives(conjunct{x.X, c.scope, c.def}, false)
	}
	return []side{{conjunct: c}}
}

// allows tells whether a side of a choice allows a value.
func (e *evaluation) allows(c conjunct, v any) bool {
	side := &node{}
	side.add(c)
	e.expand(side)
	if e.failed || side.structs > 0 || len(side.choices) > 0 {
		e.fail()
		return false
	}
	if len(side.lists) > 0 || side.concrete {
		have, whole := e.value(side, nil)
		if !whole {
			e.fail()
		}
		return !e.failed && accept.Equal(have, v)
	}
	return e.admitted(side, v, nil)
}
