package table

import "strings"

// none marks an absent node or slot.
const none = 0

// node is one node of a byte radix in the arena. Slots hold candidates whose
// pattern ends here; 0 is no slot. Index-based, so that the garbage collector
// has nothing to follow.
type node struct {
	label   uint32 // offset into labels
	kids    uint32 // first child; children are contiguous
	alts    uint32 // first parameter alternative
	exact   uint32
	tmpl    uint32
	prefix  uint32
	rest    uint32
	up      uint32 // nearest ancestor with a prefix slot
	length  uint16 // of the label
	nkids   uint16
	nalts   uint16
	hasRest bool
}

// alt is a parameter followed by a literal suffix.
type alt struct {
	suffix uint32
	length uint32
	next   uint32
}

// candidate is one route in a slot, with what is tested first at hand.
type candidate struct {
	route   uint32
	methods methods
	plain   bool // no conditions
}

// span is a slot: candidates in the order of their rank.
type span struct{ start, n uint32 }

// arena holds the radix trees of one domain, one root per host pattern. Node,
// slot and root 0 are unused.
type arena struct {
	nodes  []node
	first  []byte // first byte of each node's label, parallel to nodes
	labels string
	alts   []alt
	slots  []span
	cands  []candidate
	roots  []hostRoot
}

// hostRoot is the tree of one host pattern and its regex routes in order.
type hostRoot struct {
	node    uint32
	regexes span
}

// search is the state of one lookup.
type search struct {
	t        *arena
	routes   []*Route
	r        *Request
	bit      methods
	prefix   uint32 // deepest prefix node on the static way
	mismatch bool   // some candidate failed by method alone
	spans    [16][2]uint32
	n        int
}

// lookup returns the route of one host pattern's tree, or nil. The values of the
// template's parameters are in s.spans[:s.n].
func (s *search) lookup(root hostRoot) *Route {
	s.prefix, s.n = none, 0
	if root.node != none {
		if r := s.walk(root.node, 0, 0, true); r != nil {
			return r
		}
	}
	s.n = 0
	for n := s.prefix; n != none; n = s.t.nodes[n].up {
		if r := s.try(s.t.nodes[n].prefix); r != nil {
			return r
		}
	}
	for i := range root.regexes.n {
		c := &s.t.cands[root.regexes.start+i]
		if s.routes[c.route].regex.MatchString(s.r.Path) {
			if r := s.test(c); r != nil {
				return r
			}
		}
	}
	return nil
}

// walk descends from node ni, whose label has been matched up to path[i]; params
// counts the parameters bound so far. Static ways come before parameters, longer
// literals first: that is the order of templates.
func (s *search) walk(ni uint32, i, params int, static bool) *Route {
	t, path := s.t, s.r.Path
	for {
		n := &t.nodes[ni]
		if n.prefix != none && static && (i == len(path) || path[i] == '/') {
			s.prefix = ni
		}
		if i == len(path) {
			if n.exact != none && static {
				if r := s.try(n.exact); r != nil {
					return r
				}
			}
			if n.tmpl != none {
				if r := s.try(n.tmpl); r != nil {
					s.n = params
					return r
				}
			}
			return s.tryRest(n, i, params)
		}
		if n.nkids > 0 {
			if k := strings.IndexByte(viewBytes(t.first[n.kids:n.kids+uint32(n.nkids)]), path[i]); k >= 0 {
				kid := n.kids + uint32(k)
				c := &t.nodes[kid]
				end := i + int(c.length)
				if end <= len(path) && path[i:end] == t.labels[c.label:c.label+uint32(c.length)] {
					if n.nalts == 0 && !n.hasRest {
						ni, i = kid, end
						continue
					}
					if r := s.walk(kid, end, params, static); r != nil {
						return r
					}
				}
			}
		}
		if n.nalts > 0 {
			if r := s.bind(n, i, params); r != nil {
				return r
			}
		}
		return s.tryRest(n, i, params)
	}
}

// bind tries the parameter alternatives of n at path[i], longest suffix first.
func (s *search) bind(n *node, i, params int) *Route {
	t, path := s.t, s.r.Path
	end := strings.IndexByte(path[i:], '/')
	if end < 0 {
		end = len(path)
	} else {
		end += i
	}
	for k := range n.nalts {
		a := &t.alts[n.alts+uint32(k)]
		cut := end - int(a.length)
		if cut <= i || path[cut:end] != t.labels[a.suffix:a.suffix+a.length] {
			continue
		}
		s.spans[params] = [2]uint32{uint32(i), uint32(cut)}
		if r := s.walk(a.next, end, params+1, false); r != nil {
			return r
		}
	}
	return nil
}

func (s *search) tryRest(n *node, i, params int) *Route {
	if !n.hasRest {
		return nil
	}
	r := s.try(n.rest)
	if r != nil {
		s.spans[params] = [2]uint32{uint32(i), uint32(len(s.r.Path))}
		s.n = params + 1
	}
	return r
}

func (s *search) try(slot uint32) *Route {
	if slot == none {
		return nil
	}
	sp := s.t.slots[slot]
	for i := range sp.n {
		if r := s.test(&s.t.cands[sp.start+i]); r != nil {
			return r
		}
	}
	return nil
}

func (s *search) test(c *candidate) *Route {
	r := s.routes[c.route]
	methodOK := c.methods&s.bit != 0
	if methodOK && s.bit == mOther {
		methodOK = takesMethod(&r.Def.Match, c.methods, s.bit, s.r.Method)
	}
	if !c.plain {
		for i := range r.conditions {
			if !r.conditions[i].holds(s.r) {
				return nil
			}
		}
	}
	if !methodOK {
		s.mismatch = true
		return nil
	}
	return r
}
