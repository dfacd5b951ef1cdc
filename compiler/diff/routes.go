package diff

import (
	"bytes"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// routes compares the routes of a domain. Along are the names of those whose hosts
// are the domain's and changed with them: the domain tells that once.
func (d *differ) routes(domain string, old, new *route.Domain) (items []Item, along []string) {
	var added, removed []*route.Route
	i, k := 0, 0
	for i < len(old.Routes) || k < len(new.Routes) {
		switch {
		case k == len(new.Routes) || i < len(old.Routes) && old.Routes[i].ID < new.Routes[k].ID:
			removed = append(removed, &old.Routes[i])
			i++
		case i == len(old.Routes) || old.Routes[i].ID > new.Routes[k].ID:
			added = append(added, &new.Routes[k])
			k++
		default:
			o, n := &old.Routes[i], new.Routes[k]
			if !slices.Equal(old.Hosts, new.Hosts) && slices.Equal(o.Hosts, old.Hosts) && slices.Equal(n.Hosts, new.Hosts) {
				along = append(along, nameOf(n.ID))
				n.Hosts = o.Hosts
			}
			changed := d.same(domain, o, &n)
			items = append(items, changed...)
			i++
			k++
		}
	}
	items = append(items, d.renamed(domain, &added, &removed)...)
	for _, r := range added {
		items = append(items, d.item(domain, domain, KindRoute, nameOf(r.ID), (*route.Route)(nil), r)...)
	}
	for _, r := range removed {
		items = append(items, d.item(domain, domain, KindRoute, nameOf(r.ID), r, (*route.Route)(nil))...)
	}
	slices.SortStableFunc(items, byName)
	return items, along
}

// same compares a route that both sides have: it changed, moved, or neither.
func (d *differ) same(domain string, old, new *route.Route) []Item {
	if !bytes.Equal(d.raw(old), d.raw(new)) {
		return d.item(domain, domain, KindRoute, nameOf(new.ID), old, new)
	}
	return d.movedRoute(new.ID)
}

// movedRoute tells of a route that is written in another file.
func (d *differ) movedRoute(id string) []Item {
	o, n := d.old.route(id), d.new.route(id)
	if o == nil || n == nil || below(o.File) == below(n.File) {
		return nil
	}
	return []Item{{Kind: KindRoute, Change: Moved, Name: nameOf(id), Old: o, New: n}}
}

// moved tells which routes of a domain that did not change are written in another
// file.
func (d *differ) moved(def *route.Domain) (out []Item) {
	for i := range def.Routes {
		out = append(out, d.movedRoute(def.Routes[i].ID)...)
	}
	return out
}

// renamed finds routes that are the same but for their id, and takes them out of
// what was added and removed.
func (d *differ) renamed(domain string, added, removed *[]*route.Route) (items []Item) {
	was := map[string][]*route.Route{}
	for _, r := range *removed {
		k := d.body(r)
		was[k] = append(was[k], r)
	}
	gone := map[*route.Route]bool{}
	*added = slices.DeleteFunc(*added, func(r *route.Route) bool {
		k := d.body(r)
		if len(was[k]) == 0 {
			return false
		}
		o := was[k][0]
		was[k], gone[o] = was[k][1:], true
		items = append(items, Item{
			Kind: KindRoute, Change: Renamed, Name: nameOf(r.ID), Was: nameOf(o.ID),
			Old: d.old.route(o.ID), New: d.new.route(r.ID),
		})
		return true
	})
	*removed = slices.DeleteFunc(*removed, func(r *route.Route) bool { return gone[r] })
	return items
}

// body is all of a route but its id.
func (d *differ) body(r *route.Route) string {
	c := *r
	c.ID = ""
	return string(d.raw(&c))
}

// renamedDomains maps the name of each new domain that is, but for its name, one
// that is not there any more to the old name.
func (d *differ) renamedDomains() map[string]string {
	was := map[string][]string{}
	for _, o := range d.old.Bundle.Domains() {
		if d.new.domains[o.Def.Name] == nil {
			k := d.domainBody(o.Def)
			was[k] = append(was[k], o.Def.Name)
		}
	}
	out := map[string]string{}
	if len(was) == 0 {
		return out
	}
	for _, n := range d.new.Bundle.Domains() {
		if d.old.domains[n.Def.Name] != nil {
			continue
		}
		if k := d.domainBody(n.Def); len(was[k]) > 0 {
			out[n.Def.Name], was[k] = was[k][0], was[k][1:]
		}
	}
	return out
}

// domainBody is all of a domain but its name.
func (d *differ) domainBody(def *route.Domain) string {
	c := *def
	c.Name, c.Routes = "", slices.Clone(def.Routes)
	for i := range c.Routes {
		c.Routes[i].ID = nameOf(c.Routes[i].ID)
	}
	return string(d.raw(&c))
}

func (d *differ) renamedDomain(old, new string) Group {
	it := Item{
		Kind: KindDomain, Change: Renamed, Name: new, Was: old,
		Old: d.old.itemPlace(old, KindDomain, old), New: d.new.itemPlace(new, KindDomain, new),
	}
	for _, owner := range d.item(old, new, KindDomain, new, d.old.header(old), d.new.header(new)) {
		it.Fields = owner.Fields
	}
	return Group{Domain: new, Owner: d.new.owner(new), Items: []Item{it}}
}

// nameOf is a route's id without its domain.
func nameOf(id string) string {
	_, name, _ := strings.Cut(id, "/")
	return name
}
