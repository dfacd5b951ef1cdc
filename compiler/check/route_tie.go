package check

import (
	"fmt"
	"slices"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/table"
)

var routeTie = Rule{
	Code: "route-tie", Severity: diag.Error, whole: true,
	Purpose: "the order tells any two routes apart that take the same request",
	run: func(p *pass) {
		for _, d := range p.domains() {
			for _, g := range d.AllGroups() {
				p.ties(d.In(g))
			}
		}
	},
}

// ties reports each route that ties with one written before it, once: whatever
// tells it from the first mostly tells it from the others too, and a route that is
// copied many times must not make a finding of every pair.
func (p *pass) ties(d *ir.Domain) {
	v := newSolver()
	reported := map[*ir.Route]bool{}
	for _, g := range groupByHost(d) {
		before := map[tieKey][]*entry{}
		for _, e := range slices.SortedStableFunc(slices.Values(g.all), writtenFirst) {
			k := tieKeyOf(e)
			others := before[k]
			before[k] = append(others, e)
			if reported[e.route] {
				continue
			}
			i := slices.IndexFunc(others, func(a *entry) bool { return v.tied(a, e) })
			if i < 0 {
				continue
			}
			first := others[i]
			reported[e.route] = true
			p.report(finding{
				domain: d, path: at(e.route),
				message: fmt.Sprintf("the order does not tell this route from %q: both take %s", first.route.Name, g.example(first, e)),
				hint:    "give one of them a priority, or make their conditions exclude each other",
				notes:   []diag.Note{{Pos: first.route.Pos, Message: fmt.Sprintf("%q is written here", first.route.Name)}},
			})
		}
	}
}

// tieKey collects the routes whose paths may be of equal rank: those of one key,
// and regexes with a literal prefix of one length.
type tieKey struct {
	path    string
	literal int
}

func tieKeyOf(e *entry) tieKey {
	if e.rank.Class == table.ClassRegex {
		return tieKey{"regex", e.rank.Literal}
	}
	return tieKey{e.key, 0}
}

// writtenFirst orders entries as they stand in the sources.
func writtenFirst(a, b *entry) int {
	switch {
	case later(b.route.Pos, a.route.Pos):
		return -1
	case later(a.route.Pos, b.route.Pos):
		return 1
	}
	return 0
}

// later tells whether a stands after b in the sources.
func later(a, b diag.Pos) bool {
	if a.File != b.File {
		return a.File > b.File
	}
	if a.Line != b.Line {
		return a.Line > b.Line
	}
	return a.Column > b.Column
}

// tied tells whether some request is taken by both routes, whose paths are of equal
// rank, and nothing after the path tells them apart.
func (v *solver) tied(a, b *entry) bool {
	if a.rank.Compare(b.rank) != 0 || tiedMethod(a, b) == "" || differ(a, b) {
		return false
	}
	if _, ok := v.conditionsMeet(a.sets, b.sets); !ok {
		return false
	}
	if a.key == b.key {
		return true
	}
	_, ok := v.meet(a.pathExpr(), b.pathExpr())
	return ok
}

// differ tells whether both ask one name for different exact values: the common
// case, decided without building anything.
func differ(a, b *entry) bool {
	for i, set := range a.sets {
		for name, c := range set.by {
			if other := b.sets[i].by[name]; c.Exact != nil && other.Exact != nil && *c.Exact != *other.Exact {
				return true
			}
		}
	}
	return false
}

// example is a request that both routes take.
func (g *group) example(a, b *entry) string {
	s := sampleOf(g.host, a)
	if a.key != b.key {
		if path, ok := meet(a.pathExpr(), b.pathExpr()); ok {
			s.path = path
		}
	}
	s.method = tiedMethod(a, b)
	s.apply(a.sets, b.sets)
	return s.String()
}
