package check

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/table"
)

var hostUncovered = Rule{
	Code: "host-not-covered", Severity: diag.Error,
	Purpose: "a route's hosts lie within its domain's hosts",
	run: func(p *pass) {
		p.routes(func(d *ir.Domain, r *ir.Route) {
			for _, h := range r.Def.Hosts {
				if !table.HostCovers(d.Def.Hosts, h) {
					p.report(finding{
						domain: d, path: at(r, "hosts"),
						message: fmt.Sprintf("host %q is not covered by the domain's hosts %s", h, quoted(d.Def.Hosts)),
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

// quoted lists names as people do.
func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strconv.Quote(n)
	}
	return strings.Join(out, ", ")
}
