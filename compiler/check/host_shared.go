package check

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
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
				// Hosts are sorted when they are loaded, so that an element's number is not
				// the author's: the list is the place.
				take(d, h, []string{"domain", "hosts"})
			}
		}
		p.closed(func(d *ir.Domain, o *ir.Outline) {
			for _, h := range o.RouteHosts {
				take(d, h, []string{"domain"})
			}
		})
		p.routes(func(d *ir.Domain, r *ir.Route) {
			for i, h := range r.Def.Hosts {
				if !slices.Contains(d.Def.Hosts, h) {
					take(d, h, at(r, "hosts", strconv.Itoa(i)))
				}
			}
		})
	},
}
