package check

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/table"
)

var hostShared = Rule{
	Code: "host-shared", Severity: diag.Error, wide: true,
	Purpose: "a host pattern belongs to one domain",
	run: func(p *pass) {
		type claim struct {
			domain *ir.Domain
			path   []string
		}
		first := map[string]claim{}
		take := func(d *ir.Domain, host string, path []string) {
			c, taken := first[host]
			if !taken {
				first[host] = claim{d, path}
				return
			}
			if c.domain == d {
				return
			}
			pos, _ := c.domain.Index.Lookup(c.path...)
			p.report(finding{
				domain: d, path: path,
				message: fmt.Sprintf("host %q belongs to the domain %s already", host, c.domain.Def.Name),
				hint:    "a host pattern belongs to one domain: move the routes together, or use a more specific host",
				notes:   []diag.Note{{Pos: pos, Message: "it is claimed here"}},
			})
		}
		for _, d := range p.prog.Domains {
			for _, h := range d.Def.Hosts {
				take(d, h, hostPath(d, h))
			}
		}
		p.routes(func(d *ir.Domain, r *ir.Route) {
			for i, h := range r.Def.Hosts {
				if !slices.Contains(d.Def.Hosts, h) {
					take(d, h, at(r, "hosts", strconv.Itoa(i)))
				}
			}
		})
	},
}

// hostPath is the place of a domain's host. Hosts are sorted when they are loaded,
// so the element's number is not the author's: the list is the place.
func hostPath(*ir.Domain, string) []string { return []string{"domain", "hosts"} }

var hostUncovered = Rule{
	Code: "host-not-covered", Severity: diag.Error,
	Purpose: "a route's hosts lie within its domain's hosts",
	run: func(p *pass) {
		p.routes(func(d *ir.Domain, r *ir.Route) {
			for _, h := range r.Def.Hosts {
				if !table.HostCovers(d.Def.Hosts, h) {
					p.report(finding{
						domain: d, path: at(r, "hosts"),
						message: fmt.Sprintf("host %q is not covered by the domain's hosts %q", h, d.Def.Hosts),
						hint:    "add it to the domain's hosts, or move the route to the domain that owns it",
					})
				}
			}
		})
		for _, d := range p.domains() {
			if len(d.Def.Hosts) == 0 {
				p.report(finding{domain: d, path: []string{"domain", "hosts"}, message: "the domain has no hosts", hint: `say which hosts it owns: domain: hosts: ["shop.example"]`})
			}
		}
	},
}
