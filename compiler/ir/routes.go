package ir

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// routes makes the domain's routes, sorted by id. Names that differ sort alike as
// ids, since all ids of a domain begin with its name.
func (a *assembly) routes(d *Domain, in map[string]map[string]any, module func(file string) string) error {
	shape := a.schema.Def("#Route")
	d.Def.Routes = make([]route.Route, 0, len(in))
	d.Routes = make([]*Route, 0, len(in))
	for _, name := range sortedKeys(in) {
		if !a.named("routes", name) {
			continue
		}
		v := in[name]
		if n := textBytes(v); n > maxRouteText {
			pos, _ := a.index.Lookup("routes", name)
			a.found = append(a.found, diag.Diagnostic{
				Code: "evaluation-limit", Severity: diag.Error, Pos: pos, Path: diag.Path("routes", name),
				Message: fmt.Sprintf("the texts of this route have %d KiB; a route may have %d KiB", n>>10, maxRouteText>>10),
				Hint:    "look for text that doubles itself; serve large bodies from an upstream",
			})
			continue
		}
		a.emptyLists(v, name)
		if err := shape.Fill(v); err != nil {
			return err
		}
		r := &Route{Name: name}
		r.Description, _ = v["description"].(string)
		cases, _ := v["tests"].(map[string]any)
		r.Groups = groupsOf(v["groups"])
		a.emptyGroups(v["groups"], "routes", name)
		delete(v, "groups")
		delete(v, "description")
		delete(v, "tests")
		v["id"] = d.Def.Name + "/" + name
		def, plain := routeOf(v)
		if !plain {
			def = route.Route{}
			if !a.decode(v, &def, "routes", name) {
				continue
			}
		}
		canonical(&def, d.Def.Hosts)
		r.Pos, _ = a.index.Lookup("routes", name)
		r.Module = module(r.Pos.File)
		if err := a.cases(r, cases); err != nil {
			return err
		}
		d.Def.Routes = append(d.Def.Routes, def)
		d.Routes = append(d.Routes, r)
	}
	d.link()
	return nil
}

// emptyLists reports lists that say nothing where an absent one means everything: a
// loop that finds no method must not open a route to all of them. Later there is no
// telling one from the other.
func (a *assembly) emptyLists(v map[string]any, name string) {
	for _, field := range []struct{ name, absent string }{
		{"hosts", "for the domain's hosts"}, {"methods", "for any method"},
	} {
		if list, ok := v[field.name].([]any); ok && len(list) == 0 {
			pos, _ := a.index.Lookup("routes", name, field.name)
			a.found = append(a.found, diag.Diagnostic{
				Code: "empty-list", Severity: diag.Error, Pos: pos, Path: diag.Path("routes", name, field.name),
				Message: fmt.Sprintf("%q is an empty list", field.name),
				Hint:    "name at least one, or leave the field out " + field.absent,
			})
		}
	}
}

// maxRouteText bounds the texts of one route together, in bytes. A file has at most
// 1 MiB, so only what is computed is larger; a gateway would refuse it anyway.
const maxRouteText = 4 << 20

// textBytes is how long the texts in a value are together.
func textBytes(v any) (n int) {
	switch v := v.(type) {
	case string:
		n = len(v)
	case json.Number:
		n = len(v)
	case []any:
		for _, e := range v {
			n += textBytes(e)
		}
	case map[string]any:
		for k, e := range v {
			n += len(k) + textBytes(e)
		}
	}
	return n
}

// link points every route to its definition. The definitions must not move
// afterwards.
func (d *Domain) link() {
	for i, r := range d.Routes {
		r.Def = &d.Def.Routes[i]
	}
}

func (a *assembly) cases(r *Route, in map[string]any) error {
	for _, name := range sortedKeys(in) {
		body, err := marshal(in[name])
		if err != nil {
			return err
		}
		pos, depth := a.index.Lookup("routes", r.Name, "tests", name)
		if depth < 4 {
			pos = r.Pos
		}
		r.Tests = append(r.Tests, Case{Name: name, Pos: pos, Body: body})
	}
	return nil
}

// canonical completes the hosts and brings what has no order of its own into one.
func canonical(r *route.Route, domainHosts []string) {
	if len(r.Hosts) == 0 {
		r.Hosts = domainHosts
	} else {
		r.Hosts = canonicalHosts(r.Hosts)
	}
	slices.Sort(r.Methods)
	r.Methods = slices.Compact(r.Methods)
	slices.Sort(r.Retry.On)
	r.Retry.On = slices.Compact(r.Retry.On)
}
