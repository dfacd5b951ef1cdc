package table

import (
	"cmp"
	"slices"
	"strings"
)

// branch is a node of the radix while it is being built.
type branch struct {
	label  string
	kids   []*branch
	alts   []branchAlt
	exact  []*Route
	tmpl   []*Route
	prefix []*Route
	rest   []*Route
}

type branchAlt struct {
	suffix string
	next   *branch
}

// static returns the node that lies s below b, splitting labels as needed.
func (b *branch) static(s string) *branch {
	for s != "" {
		at, found := slices.BinarySearchFunc(b.kids, s[0], func(k *branch, c byte) int { return cmp.Compare(k.label[0], c) })
		if !found {
			kid := &branch{label: s}
			b.kids = slices.Insert(b.kids, at, kid)
			return kid
		}
		kid := b.kids[at]
		n := 0
		for n < len(s) && n < len(kid.label) && s[n] == kid.label[n] {
			n++
		}
		if n < len(kid.label) {
			mid := &branch{label: kid.label[:n], kids: []*branch{kid}}
			kid.label = kid.label[n:]
			b.kids[at] = mid
			kid = mid
		}
		b, s = kid, s[n:]
	}
	return b
}

// param returns the node behind a parameter with a literal suffix; alternatives
// are kept longest suffix first.
func (b *branch) param(suffix string) *branch {
	for _, a := range b.alts {
		if a.suffix == suffix {
			return a.next
		}
	}
	a := branchAlt{suffix, &branch{}}
	at := slices.IndexFunc(b.alts, func(o branchAlt) bool { return len(o.suffix) < len(suffix) })
	if at < 0 {
		at = len(b.alts)
	}
	b.alts = slices.Insert(b.alts, at, a)
	return a.next
}

// add puts a route that is no regex into the tree.
func (b *branch) add(r *Route) {
	switch r.rank.Class {
	case ClassExact:
		n := b.static(r.Def.Path.Exact)
		n.exact = append(n.exact, r)
	case ClassPrefix:
		n := b.static(r.rank.Prefix)
		n.prefix = append(n.prefix, r)
	case ClassTemplate:
		var run strings.Builder
		for _, seg := range r.rank.Template {
			run.WriteByte('/')
			switch seg.Kind {
			case Static:
				run.WriteString(seg.Text)
			case Param:
				run.WriteString(seg.Prefix)
				b = b.static(run.String()).param(seg.Suffix)
				run.Reset()
			case Rest:
				n := b.static(run.String())
				n.rest = append(n.rest, r)
				return
			}
		}
		n := b.static(run.String())
		n.tmpl = append(n.tmpl, r)
	}
}

// flattener writes branches into an arena.
type flattener struct {
	a      *arena
	labels strings.Builder
	seen   map[string]uint32 // labels written, to share them
	index  map[*Route]uint32
}

func newFlattener(routes []Route) *flattener {
	f := &flattener{a: &arena{routes: routes}, seen: map[string]uint32{}, index: make(map[*Route]uint32, len(routes))}
	f.a.nodes = make([]node, 1, len(routes)+1)
	f.a.extras = make([]extra, 1, len(routes)+1)
	for i := range routes {
		f.index[&routes[i]] = uint32(i)
	}
	return f
}

func (f *flattener) text(s string) uint32 {
	if at, ok := f.seen[s]; ok {
		return at
	}
	at := uint32(f.labels.Len())
	f.labels.WriteString(s)
	f.seen[s] = at
	return at
}

// slot writes routes of equal path in the order of what follows it.
func (f *flattener) slot(routes []*Route) slot {
	byRank(routes)
	sp := f.candidates(routes)
	if sp.n != 1 {
		return slot{at: sp.start, n: sp.n}
	}
	c := f.a.cands[sp.start]
	f.a.cands = f.a.cands[:sp.start]
	if c.plain {
		c.methods |= mPlain
	}
	return slot{at: c.route, n: 1, methods: c.methods}
}

func (f *flattener) candidates(routes []*Route) span {
	if len(routes) == 0 {
		return span{}
	}
	sp := span{uint32(len(f.a.cands)), uint32(len(routes))}
	for _, r := range routes {
		f.a.cands = append(f.a.cands, candidate{f.index[r], methodSet(r.Def.Methods), len(r.conditions) == 0})
	}
	return sp
}

// put appends an empty node for b.
func (f *flattener) put(b *branch) uint32 {
	n := node{label: f.text(b.label), length: uint16(len(b.label))}
	if b.label != "" {
		n.first = b.label[0]
	}
	f.a.nodes = append(f.a.nodes, n)
	return uint32(len(f.a.nodes) - 1)
}

// tree writes b and all below it and returns its node.
func (f *flattener) tree(b *branch) uint32 {
	root := f.put(b)
	f.fill(b, root, none)
	return root
}

// plain tells whether b is a node and nothing more.
func (b *branch) plain() bool {
	return len(b.exact)+len(b.tmpl)+len(b.prefix)+len(b.rest)+len(b.alts) == 0
}

// fill writes what hangs on node at; up is the nearest extra above with a prefix
// that ends at a segment.
func (f *flattener) fill(b *branch, at, up uint32) {
	var own uint32
	if !b.plain() {
		own = uint32(len(f.a.extras))
		f.a.extras = append(f.a.extras, extra{
			exact: f.slot(b.exact), tmpl: f.slot(b.tmpl), prefix: f.slot(b.prefix), rest: f.slot(b.rest),
			alts: span{start: uint32(len(f.a.alts))}, up: up,
		})
		f.a.nodes[at].extra = own
	}
	kids := uint32(len(f.a.nodes))
	for _, k := range b.kids {
		f.put(k)
	}
	f.a.nodes[at].kids, f.a.nodes[at].nkids = kids, uint8(len(b.kids))
	behind := make([]uint32, len(b.alts))
	for i := range b.alts {
		x := &b.alts[i]
		if x.next.plain() && len(x.next.kids) == 1 {
			x.next = x.next.kids[0] // one node less on the way
		}
		behind[i] = f.put(x.next)
		if x.suffix == "" {
			f.a.extras[own].param = behind[i]
		} else {
			f.a.alts = append(f.a.alts, alt{suffix: f.text(x.suffix), length: uint32(len(x.suffix)), next: behind[i]})
			f.a.extras[own].alts.n++
		}
	}
	for i, k := range b.kids {
		below := up
		if len(b.prefix) > 0 && k.label[0] == '/' {
			below = own
		}
		f.fill(k, kids+uint32(i), below)
	}
	for i, x := range b.alts {
		f.fill(x.next, behind[i], none)
	}
}

func (f *flattener) done() *arena {
	f.a.labels = f.labels.String()
	return f.a
}
