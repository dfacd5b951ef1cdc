package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

var groupDomains = Rule{
	Code: "group-domains", Severity: diag.Error, whole: true, wide: true,
	Purpose: "a gateway group has routes of exactly the domains that it says",
	run: func(p *pass) {
		there := p.domainsByGroup()
		for _, name := range sortedKeys(p.prog.Shared.Groups) {
			meant := p.prog.Shared.Groups[name].Domains
			if meant == nil {
				continue
			}
			for _, d := range p.prog.Domains {
				if there[name][d.Def.Name] && !slices.Contains(meant, d.Def.Name) {
					p.intruder(d, name, meant)
				}
			}
			for i, domain := range meant {
				if !there[name][domain] {
					p.report(finding{
						path:    []string{"groups", name, "domains", fmt.Sprint(i)},
						message: fmt.Sprintf("the domain %q has no route in the gateway group %q", domain, name),
						hint:    fmt.Sprintf("write groups: [%q] into the domain or into a route of it, or take it out of this list", name),
					})
				}
			}
		}
	},
}

// intruder reports the routes of a domain that are in a group which is not meant for it.
func (p *pass) intruder(d *ir.Domain, name string, meant []string) {
	path := []string{"domain"}
	if slices.Contains(d.Groups, name) {
		path = []string{"domain", "groups"}
	}
	for _, r := range d.Routes {
		if slices.Contains(r.Groups, name) {
			path = []string{"routes", r.Name, "groups"}
			break
		}
	}
	p.report(finding{
		domain: d, path: path,
		message: fmt.Sprintf("the gateway group %q is not meant for the domain %q, only for %s", name, d.Def.Name, strings.Join(meant, ", ")),
		hint:    "leave the group out here, or add the domain to the group's domains",
	})
}
