package check

import (
	"slices"

	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// Outline is what the rules that look at all domains together, and who lays out the
// bundle, have to know of a domain. It is nil when such a rule has something to say of
// the domain alone: then it must be looked at whole.
func Outline(d *ir.Domain) *ir.Outline {
	o := &ir.Outline{
		Hosts: d.Def.Hosts, Owner: d.Owner,
		Routes: len(d.Routes), OwnUpstreams: len(d.Def.Upstreams), Weight: bundle.Weigh(&d.Def),
	}
	if groups := d.AllGroups(); len(groups) != 1 || groups[0] != ir.DefaultGroup {
		o.Groups = groups
	}
	upstreams, secrets, hosts := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range d.Routes {
		upstreams[r.Def.Upstream] = true
		for _, s := range r.Def.Split {
			upstreams[s.Upstream] = true
		}
		for _, h := range r.Def.Hosts {
			hosts[h] = true
		}
	}
	p := &pass{prog: &ir.Program{Domains: []*ir.Domain{d}}, rule: Rule{wide: true}}
	p.texts(func(_ *ir.Domain, _ *ir.Route, _ []string, name string, ref bool) {
		if ref {
			secrets[name] = true
		}
	})
	p.upstreamSecrets(func(_ *ir.Domain, _ []string, name string) { secrets[name] = true })
	for name := range d.Def.Upstreams {
		if !upstreams[name] {
			return nil
		}
	}
	for name := range d.Def.Secrets {
		if !secrets[name] {
			return nil
		}
	}
	delete(upstreams, "")
	for _, h := range d.Def.Hosts {
		delete(hosts, h)
	}
	o.Upstreams, o.Secrets, o.RouteHosts = sortedKeys(upstreams), sortedKeys(secrets), sortedKeys(hosts)
	return o
}

// closed calls f for every domain that is closed.
func (p *pass) closed(f func(d *ir.Domain, o *ir.Outline)) {
	for _, d := range p.prog.Domains {
		if d.Outline != nil {
			f(d, d.Outline)
		}
	}
}

// AnyClosed tells whether some domain of the program is closed: then a finding is only
// a sign that the domains must be looked at whole.
func AnyClosed(prog *ir.Program) bool {
	return slices.ContainsFunc(prog.Domains, func(d *ir.Domain) bool { return d.Outline != nil })
}
