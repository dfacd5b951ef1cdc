package table

import "strings"

// none marks an absent node or extra.
const none = 0

// node is one node of a byte radix in the arena: four of them fill a cache line, and
// most nodes are no more than this. Index-based, so that the garbage collector has
// nothing to follow.
type node struct {
	label  uint32 // offset into labels
	kids   uint32 // first child; children are contiguous
	extra  uint32
	length uint16 // of the label
	nkids  uint8
	first  byte // of the label
}

// extra is what a node has where patterns end or parameters begin.
type extra struct {
	exact, tmpl, prefix, rest slot
	alts                      span   // parameters with a literal suffix
	param                     uint32 // node behind a parameter that is the whole segment
	up                        uint32 // nearest extra with a prefix above
}

// alt is a parameter followed by a literal suffix.
type alt struct {
	suffix uint32
	length uint32
	next   uint32
}

// candidate is one route of a slot, with what is tested first at hand.
type candidate struct {
	route   uint32
	methods methods
	plain   bool // no conditions
}

// span is a range of candidates in the order of their rank, or of alternatives.
type span struct{ start, n uint32 }

// slot is the candidates of one path. Most have one, which stands in the slot itself:
// its place in memory would be one more to fetch.
type slot struct {
	at      uint32 // the route of the only candidate, or the first of n candidates
	n       uint32
	methods methods // of the only candidate, with mPlain
}

// arena holds the radix trees of one domain, one root per host pattern. Node and
// extra 0 are unused.
type arena struct {
	// In the order in which a lookup needs them: two cache lines.
	nodes  []node
	labels string
	extras []extra
	cands  []candidate
	routes []Route
	alts   []alt
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
	r        *Request
	bit      methods
	prefix   uint32 // deepest extra with a prefix on the static way
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
	for x := s.prefix; x != none; x = s.t.extras[x].up {
		if r := s.try(s.t.extras[x].prefix); r != nil {
			return r
		}
	}
	if root.regexes.n > 0 {
		return s.regexes(root.regexes)
	}
	return nil
}

// regexes tries the regex routes of a host. Those with a literal prefix of one length
// are equals: a HEAD that is named comes first among them.
func (s *search) regexes(all span) *Route {
	cands := s.t.cands[all.start : all.start+all.n]
	for len(cands) > 0 {
		n, literal := 1, s.t.routes[cands[0].route].rank.Literal
		for n < len(cands) && s.t.routes[cands[n].route].rank.Literal == literal {
			n++
		}
		for pass := s.firstPass(); pass < 2; pass++ {
			for i := range cands[:n] {
				c := &cands[i]
				if (pass == 1 || c.named(s.bit)) && s.t.routes[c.route].regex.MatchString(s.r.Path) {
					if r := s.test(c); r != nil {
						return r
					}
				}
			}
		}
		cands = cands[n:]
	}
	return nil
}

// firstPass is 0 for a HEAD request, whose equals are gone through twice: those that
// name HEAD, then those that take it because of GET.
func (s *search) firstPass() int {
	if s.bit == mHEAD {
		return 0
	}
	return 1
}

// named tells whether the candidate names the method.
func (c *candidate) named(bit methods) bool {
	return c.methods&(bit|mImplied) == bit && c.methods&mAny != mAny
}

// walk descends from node ni, whose label has been matched up to path[i]; params
// counts the parameters bound so far. Static ways come before parameters, longer
// literals first: that is the order of templates.
func (s *search) walk(ni uint32, i, params int, static bool) *Route {
	t, path := s.t, s.r.Path
	for {
		n := &t.nodes[ni]
		var x *extra
		if n.extra != none {
			x = &t.extras[n.extra]
			if x.prefix.n != 0 && static && (i == len(path) || path[i] == '/') {
				s.prefix = n.extra
			}
			if i == len(path) {
				return s.end(x, i, params, static)
			}
		} else if i == len(path) {
			return nil
		}
		if kid := t.child(n, path[i:]); kid != none {
			end := i + int(t.nodes[kid].length)
			if x == nil || x.param == none && x.alts.n == 0 && x.rest.n == 0 {
				ni, i = kid, end
				continue
			}
			if r := s.walk(kid, end, params, static); r != nil {
				return r
			}
		}
		if x == nil {
			return nil
		}
		if x.param != none || x.alts.n > 0 {
			if r := s.bind(x, i, params); r != nil {
				return r
			}
		}
		return s.remainder(x, i, params)
	}
}

// child returns the child of n whose label begins the rest of the path.
func (t *arena) child(n *node, rest string) uint32 {
	kids := t.nodes[n.kids : n.kids+uint32(n.nkids)]
	for k := range kids {
		c := &kids[k]
		if c.first != rest[0] {
			continue
		}
		if int(c.length) <= len(rest) && rest[:c.length] == t.labels[c.label:c.label+uint32(c.length)] {
			return n.kids + uint32(k)
		}
		return none
	}
	return none
}

// end tries what ends where the path ends.
func (s *search) end(x *extra, i, params int, static bool) *Route {
	if static {
		if r := s.try(x.exact); r != nil {
			return r
		}
	}
	if r := s.try(x.tmpl); r != nil {
		s.n = params
		return r
	}
	return s.remainder(x, i, params)
}

// bind tries the parameters at path[i], the longest suffix first.
func (s *search) bind(x *extra, i, params int) *Route {
	t, path := s.t, s.r.Path
	end := strings.IndexByte(path[i:], '/')
	if end < 0 {
		end = len(path)
	} else {
		end += i
	}
	for k := range x.alts.n {
		a := &t.alts[x.alts.start+k]
		cut := end - int(a.length)
		if cut > i && path[cut:end] == t.labels[a.suffix:a.suffix+a.length] {
			if r := s.behind(a.next, i, cut, end, params); r != nil {
				return r
			}
		}
	}
	if x.param != none && end > i {
		return s.behind(x.param, i, end, end, params)
	}
	return nil
}

// behind goes on at node ni, behind a parameter with the value path[i:cut] whose
// segment ends at end. The node's label is still to be matched.
func (s *search) behind(ni uint32, i, cut, end, params int) *Route {
	n := &s.t.nodes[ni]
	next := end + int(n.length)
	if n.length > 0 && (next > len(s.r.Path) || s.r.Path[end:next] != s.t.labels[n.label:n.label+uint32(n.length)]) {
		return nil
	}
	s.spans[params] = [2]uint32{uint32(i), uint32(cut)}
	return s.walk(ni, next, params+1, false)
}

// remainder tries {rest...} at path[i].
func (s *search) remainder(x *extra, i, params int) *Route {
	r := s.try(x.rest)
	if r != nil {
		s.spans[params] = [2]uint32{uint32(i), uint32(len(s.r.Path))}
		s.n = params + 1
	}
	return r
}

func (s *search) try(sl slot) *Route {
	switch sl.n {
	case 0:
		return nil
	case 1:
		return s.test(&candidate{sl.at, sl.methods &^ mPlain, sl.methods&mPlain != 0})
	}
	cands := s.t.cands[sl.at : sl.at+sl.n]
	for pass := s.firstPass(); pass < 2; pass++ {
		for i := range cands {
			if c := &cands[i]; pass == 1 || c.named(s.bit) {
				if r := s.test(c); r != nil {
					return r
				}
			}
		}
	}
	return nil
}

func (s *search) test(c *candidate) *Route {
	r := &s.t.routes[c.route]
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
