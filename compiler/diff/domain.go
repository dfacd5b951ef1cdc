package diff

import (
	"maps"
	"slices"

	"github.com/lintel-gateway/lintel/schemas/route"
)

func (d *differ) group(g Group) {
	if len(g.Items) > 0 {
		d.report.Groups = append(d.report.Groups, g)
	}
}

func (d *differ) shared() {
	o, n := d.old.Bundle.Shared(), d.new.Bundle.Shared()
	if o.Digest == n.Digest {
		return
	}
	g := Group{}
	g.Items = append(g.Items, named(d, "", "", KindUpstream, o.Def.Upstreams, n.Def.Upstreams)...)
	g.Items = append(g.Items, named(d, "", "", KindSecret, o.Def.Secrets, n.Def.Secrets)...)
	d.group(g)
}

func (d *differ) domains() {
	was := d.renamedDomains()
	gone := map[string]bool{}
	for _, old := range was {
		gone[old] = true
	}
	names := slices.Collect(maps.Keys(d.new.domains))
	for name := range d.old.domains {
		if d.new.domains[name] == nil && !gone[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if old, ok := was[name]; ok {
			d.group(d.renamedDomain(old, name))
			continue
		}
		d.group(d.domain(name))
	}
}

// header is what a domain says of itself.
type header struct {
	Hosts          []string `json:"hosts"`
	MethodMismatch int      `json:"methodMismatch"`
	Owner          string   `json:"owner,omitempty"`
}

func (v *view) header(name string) *header {
	def := v.domains[name]
	if def == nil {
		return nil
	}
	return &header{def.Def.Hosts, def.Def.MethodMismatch, v.owner(name)}
}

// domain compares one domain, which one of the sides may lack.
func (d *differ) domain(name string) Group {
	o, n := d.old.domains[name], d.new.domains[name]
	g := Group{Domain: name, Owner: d.new.owner(name)}
	if n == nil {
		g.Owner = d.old.owner(name)
	}
	oh, nh := d.old.header(name), d.new.header(name)
	if o != nil && n != nil && o.Digest == n.Digest {
		// Only what the manifest says can differ.
		g.Items = slices.Concat(d.item(name, name, KindDomain, name, oh, nh), d.moved(n.Def))
		return g
	}
	var empty route.Domain
	od, nd := &empty, &empty
	if o != nil {
		od = o.Def
	}
	if n != nil {
		nd = n.Def
	}
	routes, along := d.routes(name, od, nd)
	head := d.item(name, name, KindDomain, name, oh, nh)
	for i := range head {
		for k := range head[i].Fields {
			if f := &head[i].Fields[k]; f.Path[0] == "hosts" {
				f.Routes = along
			}
		}
	}
	g.Items = slices.Concat(head, routes,
		named(d, name, name, KindUpstream, od.Upstreams, nd.Upstreams),
		named(d, name, name, KindSecret, od.Secrets, nd.Secrets))
	return g
}

// named compares things by name.
func named[T any](d *differ, oldDomain, newDomain, kind string, old, new map[string]T) (out []Item) {
	names := slices.Collect(maps.Keys(old))
	for name := range new {
		if _, both := old[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		var o, n *T
		if v, ok := old[name]; ok {
			o = &v
		}
		if v, ok := new[name]; ok {
			n = &v
		}
		out = append(out, d.item(oldDomain, newDomain, kind, name, o, n)...)
	}
	return out
}
