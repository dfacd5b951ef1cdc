package quick

import (
	"slices"

	"cuelang.org/go/cue/ast"

	"github.com/lintel-gateway/lintel/compiler/load/accept"
)

// node is one place in the data: all that is written for it must hold together.
type node struct {
	conjuncts []conjunct
	arcs      []arc
	state     state

	structs  int        // how many struct literals are written for it
	closed   int        // how many of them stand in a definition
	lists    []conjunct // list literals
	scalar   any        // the one concrete value
	concrete bool       // tells that there is a scalar
	types    []string   // string, int, number, bool
	bounds   []conjunct // >=1, =~"x"
	choices  []conjunct // a | b
	defs     []*accept.Node
}

// arc is one field of a struct.
type arc struct {
	name string
	node *node
	// given tells that the field is set, not only asked for (name!: T).
	given, required bool
}

type state uint8

const (
	fresh state = iota
	expanding
	expanded
)

// conjunct is one expression that is written for a node, with the scope in which its
// names are looked up.
type conjunct struct {
	expr  ast.Expr
	scope *scope
	// def is the definition that it stands in, nil outside of all.
	def *definition
}

// definition is one use of a definition of the author's (a template). CUE closes it:
// nothing may be added that it does not allow. Where it builds on a definition of the
// schema, what the schema allows is allowed, and the schema is checked at the end.
type definition struct {
	outer *definition
	// onSchema tells that it builds on a definition of the schema.
	onSchema bool
}

// scope is one struct literal as a part of a node. A nil scope is that of a file.
type scope struct {
	up   *scope
	node *node
}

// at is the scope that is so many structs outward.
func (s *scope) at(up int) *scope {
	for range up {
		s = s.up
	}
	return s
}

func (n *node) add(c conjunct) {
	for _, have := range n.conjuncts {
		if have.expr == c.expr && have.scope.same(c.scope) {
			return
		}
	}
	n.conjuncts = append(n.conjuncts, c)
}

// same tells whether names mean the same in both scopes.
func (s *scope) same(o *scope) bool {
	for s != o {
		if s == nil || o == nil || s.node != o.node {
			return false
		}
		s, o = s.up, o.up
	}
	return true
}

// child is the node of a field.
func (n *node) child(name string) *node { return n.arc(name).node }

func (n *node) arc(name string) *arc {
	i := slices.IndexFunc(n.arcs, func(a arc) bool { return a.name == name })
	if i < 0 {
		n.arcs = append(n.arcs, arc{name: name, node: &node{}})
		i = len(n.arcs) - 1
	}
	return &n.arcs[i]
}

// has tells whether a field is there.
func (n *node) has(name string) bool {
	return slices.ContainsFunc(n.arcs, func(a arc) bool { return a.name == name })
}
