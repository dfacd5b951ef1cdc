package check

import (
	"cmp"
	"slices"

	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/table"
)

// entry is a route as the comparisons need it.
type entry struct {
	route *ir.Route
	rank  table.Rank
	// key is equal for two routes that match the same paths with the same rank.
	key string
	// sets are the route's conditions in the order headers, query, cookies.
	sets []conditionSet
}

// group is the routes of one host pattern, by the parts of the path order.
type group struct {
	host    string
	all     []*entry
	byKey   map[string][]*entry
	keys    []string
	rests   []*entry // templates that end in {rest...}
	whole   []*entry // templates without
	prefix  []*entry
	regexes []*entry
}

// groupByHost sorts a domain's routes by host pattern, in order of the pattern.
func groupByHost(d *ir.Domain) []*group {
	by := map[string]*group{}
	for _, r := range d.Routes {
		rank, err := table.RankOf(&r.Def.Match)
		if err != nil {
			continue
		}
		e := &entry{route: r, rank: rank, sets: conditionSets(&r.Def.Match)}
		switch rank.Class {
		case table.ClassExact:
			e.key = "exact " + r.Def.Path.Exact
		case table.ClassTemplate:
			e.key = "template " + rank.Template.Shape()
		case table.ClassPrefix:
			e.key = "prefix " + rank.Prefix
		case table.ClassRegex:
			e.key = "regex " + r.Def.Path.Regex
		}
		for _, h := range r.Def.Hosts {
			g := by[h]
			if g == nil {
				g = &group{host: h, byKey: map[string][]*entry{}}
				by[h] = g
			}
			g.add(e)
		}
	}
	out := make([]*group, 0, len(by))
	for _, h := range sortedKeys(by) {
		out = append(out, by[h])
	}
	return out
}

func (g *group) add(e *entry) {
	g.all = append(g.all, e)
	if g.byKey[e.key] == nil {
		g.keys = append(g.keys, e.key)
	}
	g.byKey[e.key] = append(g.byKey[e.key], e)
	switch e.rank.Class {
	case table.ClassTemplate:
		if e.rank.Template[len(e.rank.Template)-1].Kind == table.Rest {
			g.rests = append(g.rests, e)
		} else {
			g.whole = append(g.whole, e)
		}
	case table.ClassPrefix:
		g.prefix = append(g.prefix, e)
	case table.ClassRegex:
		g.regexes = append(g.regexes, e)
	}
}

// methodNames are the methods that a route without methods is tried with.
var methodNames = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "LINTEL-ANY"}

// takes tells whether the route takes the method; GET implies HEAD.
func (e *entry) takes(method string) bool {
	m := e.route.Def.Methods
	return len(m) == 0 || slices.Contains(m, method) || method == "HEAD" && slices.Contains(m, "GET")
}

// methods are all methods that the route takes; the last of methodNames stands for
// every method that has no name here.
func (e *entry) methods() []string {
	if len(e.route.Def.Methods) == 0 {
		return methodNames
	}
	out := slices.Clone(e.route.Def.Methods)
	if slices.Contains(out, "GET") && !slices.Contains(out, "HEAD") {
		out = append(out, "HEAD")
	}
	return out
}

// tiedMethod is a method for which neither route comes first: both name it, or both
// take any. A HEAD that GET implies ties with none that is named.
func tiedMethod(a, b *entry) string {
	for _, m := range a.methods() {
		if b.takes(m) && table.MethodClass(&a.route.Def.Match, m) == table.MethodClass(&b.route.Def.Match, m) {
			return m
		}
	}
	return ""
}

// before tells whether s comes before e for the method, on a path that both take.
func (s *entry) before(e *entry, method string) bool {
	return cmp.Or(
		s.rank.ComparePath(e.rank),
		cmp.Compare(table.MethodClass(&s.route.Def.Match, method), table.MethodClass(&e.route.Def.Match, method)),
		s.rank.CompareRest(e.rank),
	) < 0
}

// pathExpr is the route's path as a regular expression.
func (e *entry) pathExpr() string {
	p := e.route.Def.Path
	if p.Kind() == "regex" {
		return p.Regex
	}
	return "(?s:" + patternExpr(p) + ")"
}
