package ir

import (
	"maps"
	"slices"
	"strconv"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// DefaultGroup is the gateway group of routes that name none.
const DefaultGroup = "default"

// Group is a declared gateway group.
type Group struct {
	Description string `json:"description"`
	// Domains are those with routes in the group; nil is any.
	Domains []string `json:"domains"`
}

// GroupsOf are the gateway groups that serve a route of the domain, sorted.
func (d *Domain) GroupsOf(r *Route) []string {
	switch {
	case len(r.Groups) > 0:
		return r.Groups
	case len(d.Groups) > 0:
		return d.Groups
	}
	return []string{DefaultGroup}
}

// AllGroups are the gateway groups of the domain's routes, sorted.
func (d *Domain) AllGroups() []string {
	if d.Outline != nil {
		if d.Outline.Groups == nil {
			return []string{DefaultGroup}
		}
		return d.Outline.Groups
	}
	all := map[string]bool{}
	for _, r := range d.Routes {
		for _, g := range d.GroupsOf(r) {
			all[g] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// In is the part of the domain that a gateway group serves: the domain itself when it
// is whole in it, nil when none of its routes is, else a copy with some of the routes
// and the upstreams that they use. A closed domain must be whole in it, or not at all.
func (d *Domain) In(group string) *Domain {
	if d.Outline != nil {
		if slices.Contains(d.AllGroups(), group) {
			return d
		}
		return nil
	}
	out := &Domain{Def: d.Def, Owner: d.Owner, Groups: d.Groups, Index: d.Index, Pos: d.Pos}
	out.Def.Routes = nil
	for _, r := range d.Routes {
		if slices.Contains(d.GroupsOf(r), group) {
			c := *r
			out.Routes = append(out.Routes, &c)
			out.Def.Routes = append(out.Def.Routes, *r.Def)
		}
	}
	switch len(out.Routes) {
	case 0:
		return nil
	case len(d.Routes):
		return d
	}
	out.link()
	used := map[string]bool{}
	for _, r := range out.Routes {
		used[r.Def.Upstream] = true
		for _, s := range r.Def.Split {
			used[s.Upstream] = true
		}
	}
	out.Def.Upstreams = map[string]route.Upstream{}
	for name, u := range d.Def.Upstreams {
		if used[name] {
			out.Def.Upstreams[name] = u
		}
	}
	return out
}

// In is the part of the program that a gateway group serves.
func (p *Program) In(group string) *Program {
	out := &Program{Shared: p.Shared, Files: p.Files}
	for _, d := range p.Domains {
		if part := d.In(group); part != nil {
			out.Domains = append(out.Domains, part)
		}
	}
	return out
}

// groups reads what is declared.
func (a *assembly) groups(s *Shared, in map[string]map[string]any) error {
	for _, name := range sortedKeys(in) {
		if !a.named("groups", name) {
			continue
		}
		v := in[name]
		if v == nil {
			v = map[string]any{}
		}
		if err := a.schema.Def("#Group").Fill(v); err != nil {
			return err
		}
		var g Group
		if a.decode(v, &g, "groups", name) {
			if s.Groups == nil {
				s.Groups = map[string]Group{}
			}
			s.Groups[name] = g
		}
	}
	return nil
}

// groupsOf reads a list of names that the schema has checked.
func groupsOf(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, x := range list {
		if name, ok := x.(string); ok {
			out = append(out, name)
		}
	}
	return canonicalGroups(out)
}

func canonicalGroups(names []string) []string {
	if len(names) == 0 {
		return nil
	}
	out := slices.Clone(names)
	slices.Sort(out)
	return slices.Compact(out)
}

// emptyGroups reports a list without a name: no gateway would serve what it stands for,
// and an absent list means something else.
func (a *assembly) emptyGroups(v any, path ...string) {
	if list, ok := v.([]any); ok && len(list) == 0 {
		path = append(path[:len(path):len(path)], "groups")
		pos, _ := a.index.Lookup(path...)
		a.found = append(a.found, diag.Diagnostic{
			Code: "empty-list", Severity: diag.Error, Pos: pos, Path: diag.Path(path...),
			Message: `"groups" is an empty list`,
			Hint:    "name at least one, or leave the field out for " + strconv.Quote(DefaultGroup),
		})
	}
}
