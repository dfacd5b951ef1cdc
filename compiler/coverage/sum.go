package coverage

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/ir"
)

// fill writes what was counted into the report, whose Played is filled.
func (t *tally) fill(r *Report) {
	for i := range r.Played {
		r.Cases.Total++
		switch r.Played[i].State {
		case Passed:
			r.Cases.Passed++
		case Failed:
			r.Cases.Failed++
		case NotPlayed:
			r.Cases.NotPlayed++
		}
	}
	r.Totals = newTotals()
	r.Domains, r.Owners, r.Filters, r.Uncovered = []Domain{}, []Owner{}, []Filter{}, []Uncovered{}
	owners, filters := map[string]*Owner{}, map[string]*Filter{}
	for _, d := range t.program.Domains {
		domain := Domain{Name: d.Def.Name, Owner: d.Owner, Totals: newTotals(), Modules: t.modules(d, filters)}
		for i := range domain.Modules {
			domain.Totals.merge(&domain.Modules[i].Totals)
		}
		r.Domains = append(r.Domains, domain)
		r.Totals.merge(&domain.Totals)
		owner := owners[d.Owner]
		if owner == nil {
			owner = &Owner{Name: d.Owner, Totals: newTotals()}
			owners[d.Owner] = owner
		}
		owner.Domains = append(owner.Domains, d.Def.Name)
		owner.Totals.merge(&domain.Totals)
	}
	for rt := range r.routes() {
		if rt.New && !rt.Covered {
			r.Uncovered = append(r.Uncovered, Uncovered{rt.ID, rt.File, rt.Line, rt.Column})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(owners)) {
		r.Owners = append(r.Owners, *owners[name])
	}
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		r.Filters = append(r.Filters, *filters[name])
	}
}

// newTotals is the totals of nothing.
func newTotals() Totals {
	none := Count{Percent: 100}
	return Totals{none, none, none, none, none}
}

// modules lists the modules of a domain and adds their filters to the counts.
func (t *tally) modules(d *ir.Domain, filters map[string]*Filter) []Module {
	byName := map[string]*Module{}
	for _, rt := range d.Routes {
		m := byName[rt.Module]
		if m == nil {
			m = &Module{Name: rt.Module, Totals: newTotals()}
			byName[rt.Module] = m
		}
		c := t.routes[rt.Def.ID]
		m.Routes = append(m.Routes, c.report())
		for i := range c.points {
			p := &c.points[i]
			m.Totals.add(p)
			if p.Kind != KindFilter {
				continue
			}
			if filters[p.Name] == nil {
				filters[p.Name] = &Filter{Name: p.Name}
			}
			filters[p.Name].Count.add(p.Covered)
		}
	}
	out := []Module{}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		m := byName[name]
		slices.SortFunc(m.Routes, func(a, b Route) int {
			return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), strings.Compare(a.ID, b.ID))
		})
		out = append(out, *m)
	}
	return out
}

func (c *counted) report() Route {
	rt := c.route
	kind, text := rt.Def.Path.Kind(), rt.Def.Path.Value()
	if kind == "" {
		kind, text = "prefix", "/"
	}
	out := Route{
		ID: rt.Def.ID, Name: rt.Name, Description: rt.Description,
		File: rt.Pos.File, Line: rt.Pos.Line, Column: rt.Pos.Column,
		New: c.fresh, Methods: rt.Def.Methods, Path: kind + " " + text,
		Points: c.points, Cases: c.cases,
	}
	for i := range c.points {
		p := &c.points[i]
		out.Count.add(p.Covered)
		if p.Kind == KindRoute {
			out.Covered = p.Covered
		}
		if m := p.Missing(); m != "" {
			out.Missing = append(out.Missing, m)
		}
	}
	return out
}
