// Package accept tells whether plain data is what a definition of the schema allows,
// at a small part of what CUE needs for it. It only says yes or no: whoever hears no
// asks CUE, which can say why.
package accept

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// Schema holds the definitions of the schema by name, such as "#Route".
type Schema struct{ defs map[string]*Node }

// Def returns a definition, or nil when the schema has none of that name.
func (s *Schema) Def(name string) *Node { return s.defs[name] }

// Node is a set of values. All that is set must hold, but for alts, of which one is
// enough.
type Node struct {
	// kinds are the kinds a value may have; 0 means any.
	kinds kinds
	// literal is the only value, as Data holds it.
	literal    any
	hasLiteral bool
	pattern    *regexp.Regexp
	bounds     []bound
	all        []*Node
	alts       []*Node
	shape      *shape
	elem       *Node
}

// shape is a struct: what is not named and fits no pattern is not allowed.
type shape struct {
	fields   map[string]*Node
	required []string
	patterns []pattern
}

// pattern gives the values of the fields whose names it accepts.
type pattern struct {
	name  *Node // nil accepts every name
	value *Node
}

type kinds uint8

const (
	aString kinds = 1 << iota
	anInt
	aFloat
	aBool
	aNull
	aStruct
	aList
)

type bound struct {
	op    string // one of >= > <= <
	limit float64
}

// MapOf is the set of structs whose values are all in n, whatever their names.
func MapOf(n *Node) *Node {
	return &Node{kinds: aStruct, shape: &shape{patterns: []pattern{{value: n}}}}
}

// Open tells that the node allows every value.
func (n *Node) Open() bool {
	return n.kinds == 0 && !n.hasLiteral && n.pattern == nil && n.shape == nil && n.elem == nil &&
		len(n.bounds)+len(n.all)+len(n.alts) == 0
}

// Field returns what the named field of a struct may be, or nil when the node does
// not tell: it has no such field, or several ways to be a struct.
func (n *Node) Field(name string) *Node {
	s := n.structure()
	if s == nil {
		return nil
	}
	if f := s.shape.fields[name]; f != nil {
		return f
	}
	for _, p := range s.shape.patterns {
		if p.name == nil || p.name.Accepts(name) {
			return p.value
		}
	}
	return nil
}

// Elem returns what the elements of a list may be, or nil when the node does not
// tell.
func (n *Node) Elem() *Node {
	if l := n.list(); l != nil {
		return l.elem
	}
	return nil
}

// list is the one way in which the node can be a list.
func (n *Node) list() *Node {
	if n == nil || n.elem != nil {
		return n
	}
	return n.only((*Node).list)
}

// structure is the one way in which the node can be a struct.
func (n *Node) structure() *Node {
	if n == nil || n.shape != nil {
		return n
	}
	return n.only((*Node).structure)
}

// only is what pick finds in the one part of the node in which it finds anything.
func (n *Node) only(pick func(*Node) *Node) (found *Node) {
	for _, list := range [][]*Node{n.all, n.alts} {
		for _, a := range list {
			if x := pick(a); x != nil {
				if found != nil {
					return nil
				}
				found = x
			}
		}
	}
	return found
}

// Accepts tells whether the value is allowed. It is plain data: string, bool, nil,
// json.Number, []any and map[string]any.
func (n *Node) Accepts(v any) bool {
	if n.kinds != 0 && n.kinds&kindOf(v) == 0 {
		return false
	}
	if n.hasLiteral && !Equal(n.literal, v) {
		return false
	}
	if n.pattern != nil {
		s, ok := v.(string)
		if !ok || !n.pattern.MatchString(s) {
			return false
		}
	}
	for _, b := range n.bounds {
		if !b.holds(v) {
			return false
		}
	}
	for _, a := range n.all {
		if !a.Accepts(v) {
			return false
		}
	}
	return n.alternative(v) && n.members(v)
}

func (n *Node) alternative(v any) bool {
	for _, a := range n.alts {
		if a.Accepts(v) {
			return true
		}
	}
	return len(n.alts) == 0
}

// members looks into structs and lists.
func (n *Node) members(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return n.shape == nil || n.shape.accepts(v)
	case []any:
		if n.elem == nil {
			return true
		}
		for _, x := range v {
			if !n.elem.Accepts(x) {
				return false
			}
		}
	}
	return true
}

func (s *shape) accepts(v map[string]any) bool {
	for _, name := range s.required {
		if _, has := v[name]; !has {
			return false
		}
	}
	for name, x := range v {
		known := false
		if f := s.fields[name]; f != nil {
			if !f.Accepts(x) {
				return false
			}
			known = true
		}
		for _, p := range s.patterns {
			if p.name != nil && !p.name.Accepts(name) {
				continue
			}
			if known = true; !p.value.Accepts(x) {
				return false
			}
		}
		if !known {
			return false
		}
	}
	return true
}

func kindOf(v any) kinds {
	switch v := v.(type) {
	case string:
		return aString
	case bool:
		return aBool
	case nil:
		return aNull
	case json.Number:
		if strings.ContainsAny(string(v), ".eE") {
			return aFloat
		}
		return anInt
	case map[string]any:
		return aStruct
	case []any:
		return aList
	}
	return 0
}

func (b bound) holds(v any) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	x, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return false
	}
	switch b.op {
	case ">=":
		return x >= b.limit
	case ">":
		return x > b.limit
	case "<=":
		return x <= b.limit
	}
	return x < b.limit
}

// Equal tells whether two pieces of plain data are the same. Numbers are compared as
// they are written.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, x := range a {
			y, has := b[k]
			if !has || !Equal(x, y) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !Equal(a[i], b[i]) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}
