package check

import (
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

var routeTie = Rule{
	Code: "route-tie", Severity: diag.Error, whole: true,
	Purpose: "the order tells any two routes apart that take the same request",
	run: func(p *pass) {
		for _, d := range p.domains() {
			seen := map[[2]*ir.Route]bool{}
			for _, g := range groupByHost(d) {
				g.equalPaths(func(a, b *entry) {
					if seen[[2]*ir.Route{a.route, b.route}] || !g.tied(a, b) {
						return
					}
					seen[[2]*ir.Route{a.route, b.route}] = true
					first, second := a, b
					if later(a.route.Pos, b.route.Pos) {
						first, second = b, a
					}
					p.report(finding{
						domain: d, path: at(second.route),
						message: fmt.Sprintf("the order does not tell this route from %q: both take %s", first.route.Name, g.example(first, second)),
						hint:    "give one of them a priority, or make their conditions exclude each other",
						notes:   []diag.Note{{Pos: first.route.Pos, Message: fmt.Sprintf("%q is written here", first.route.Name)}},
					})
				})
			}
		}
	},
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
func (g *group) tied(a, b *entry) bool {
	if a.rank.Compare(b.rank) != 0 || tiedMethod(a, b) == "" {
		return false
	}
	if _, ok := conditionsMeet(a.conditions(), b.conditions()); !ok {
		return false
	}
	if a.key == b.key {
		return true
	}
	_, ok := meet(a.pathExpr(), b.pathExpr())
	return ok
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
	s.apply(a.conditions(), b.conditions())
	return s.String()
}
