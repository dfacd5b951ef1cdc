package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

var routeShadowed = Rule{
	Code: "route-shadowed", Severity: diag.Error, whole: true,
	Purpose: "some request reaches every route",
	run: func(p *pass) {
		for _, d := range p.domains() {
			for _, g := range d.AllGroups() {
				p.shadowed(d.In(g))
			}
		}
	},
}

// shadowed reports the routes of d that no request reaches. A route is reported
// only when for each of its hosts, methods and parts of its path one other route
// comes first in the order and takes all of it; and only when the table, asked with
// a request of that route, says the same.
func (p *pass) shadowed(d *ir.Domain) {
	covered := map[*ir.Route][]*group{}
	winners := map[*ir.Route][]*entry{}
	var order []*ir.Route
	for _, g := range groupByHost(d) {
		for _, e := range g.all {
			by := g.cover(e)
			if by == nil {
				continue
			}
			if covered[e.route] == nil {
				order = append(order, e.route)
			}
			covered[e.route] = append(covered[e.route], g)
			winners[e.route] = append(winners[e.route], by...)
		}
	}
	var tab *table.Table
	for _, r := range order {
		if len(covered[r]) < len(r.Def.Hosts) {
			continue
		}
		if tab == nil {
			if tab = p.tableOf(d); tab == nil {
				return
			}
			defer tab.Close()
		}
		g := covered[r][0]
		e := g.find(r)
		s := sampleOf(g.host, e)
		s.apply(e.sets)
		// The table decides: a finding it does not confirm is none.
		trace := tab.Explain(s.request())
		if trace.Route == "" || trace.Route == r.Def.ID || !slices.ContainsFunc(trace.Steps, func(st table.TraceStep) bool {
			return st.Route == r.Def.ID && st.Verdict == "loses"
		}) {
			continue
		}
		var notes []diag.Note
		seen := map[*ir.Route]bool{}
		for _, w := range winners[r] {
			if !seen[w.route] {
				seen[w.route] = true
				notes = append(notes, diag.Note{Pos: w.route.Pos, Message: fmt.Sprintf("%q comes first", w.route.Name)})
			}
		}
		slices.SortFunc(notes, func(a, b diag.Note) int {
			return cmp.Or(strings.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), strings.Compare(a.Message, b.Message))
		})
		hint := "remove it, or make its match more specific than the routes that come first"
		if e.rank.Class == table.ClassRegex && slices.ContainsFunc(winners[r], func(w *entry) bool { return w.rank.Class != table.ClassRegex }) {
			hint = "a regex ranks after every other path: write it as a template, or narrow the routes that come first"
		}
		_, winner, _ := strings.Cut(trace.Route, "/")
		p.report(finding{
			domain: d, path: at(r),
			message: fmt.Sprintf("no request reaches this route: %s goes to %q", s, winner),
			hint:    hint,
			notes:   notes,
		})
	}
}

func (g *group) find(r *ir.Route) *entry {
	i := slices.IndexFunc(g.all, func(e *entry) bool { return e.route == r })
	return g.all[i]
}

// cover returns routes that together come before e for every request of this host
// that e takes, or nil when some request may reach e.
func (g *group) cover(e *entry) []*entry {
	var out []*entry
	for _, part := range g.parts(e) {
		for _, m := range e.methods() {
			i := slices.IndexFunc(part, func(s *entry) bool {
				return s.takes(m) && s.before(e, m) && conditionsImplied(s, e)
			})
			if i < 0 {
				return nil
			}
			if !slices.Contains(out, part[i]) {
				out = append(out, part[i])
			}
		}
	}
	return out
}

// parts splits the paths of e into parts and lists for each the routes that take
// all of the part and whose path does not come after e's.
func (g *group) parts(e *entry) [][]*entry {
	var same []*entry
	for _, s := range g.byKey[e.key] {
		if s != e {
			same = append(same, s)
		}
	}
	switch e.rank.Class {
	case table.ClassPrefix:
		under := slices.Clone(same)
		for _, s := range g.rests {
			if below(s.rank.Template, e.rank.Prefix) {
				under = append(under, s)
			}
		}
		if e.rank.Prefix == "" {
			return [][]*entry{under} // every path starts with "/"
		}
		if len(under) == 0 {
			return [][]*entry{nil}
		}
		itself := append(slices.Clone(same), g.byKey["exact "+e.rank.Prefix]...)
		for _, s := range slices.Concat(g.whole, g.rests) {
			if s.rank.Template.Match(e.rank.Prefix) {
				itself = append(itself, s)
			}
		}
		return [][]*entry{itself, under}
	case table.ClassRegex:
		lit := table.LiteralPrefix(e.route.Def.Path.Regex)
		folder := ""
		if i := strings.LastIndexByte(lit, '/'); i >= 0 {
			folder = lit[:i] // all paths of e lie below this folder
		} else {
			return [][]*entry{same}
		}
		for _, s := range g.prefix {
			if s.rank.Prefix == "" || table.PrefixMatch(s.rank.Prefix, folder) {
				same = append(same, s)
			}
		}
		for _, s := range g.rests {
			if below(s.rank.Template, folder) {
				same = append(same, s)
			}
		}
	}
	return [][]*entry{same}
}

// tableOf builds the gateway's own table of one domain, or nil when it does not
// build.
func (p *pass) tableOf(d *ir.Domain) *table.Table {
	def := d.Def
	def.Routes = slices.Clone(def.Routes)
	for i := range def.Routes {
		// Only matching matters here: no filters, no upstreams.
		def.Routes[i].Filters, def.Routes[i].Upstream, def.Routes[i].Split = nil, "", nil
	}
	def.Upstreams, def.Secrets = nil, nil
	t, err := table.Build(table.Input{
		Shared:  &bundle.Shared{Def: &route.Shared{}},
		Domains: []*bundle.Domain{{Def: &def}},
	}, nil, table.Env{Filters: &filter.Registry{}})
	if err != nil {
		return nil
	}
	return t
}
