package check

import (
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/diag"
)

var groupEmpty = Rule{
	Code: "group-empty", Severity: diag.Warning, whole: true, wide: true,
	Purpose: "every declared gateway group has a route",
	run: func(p *pass) {
		there := p.domainsByGroup()
		for _, name := range sortedKeys(p.prog.Shared.Groups) {
			// Of a group that lists its domains group-domains has more to say.
			if len(there[name]) == 0 && p.prog.Shared.Groups[name].Domains == nil {
				p.report(finding{
					path: []string{"groups", name}, message: fmt.Sprintf("no route is in the gateway group %q: it has no bundle", name),
					hint: "name it in the groups of a domain or a route, or remove it",
				})
			}
		}
	},
}

// domainsByGroup says which domains have a route in each gateway group.
func (p *pass) domainsByGroup() map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, d := range p.prog.Domains {
		for _, g := range d.AllGroups() {
			if out[g] == nil {
				out[g] = map[string]bool{}
			}
			out[g][d.Def.Name] = true
		}
	}
	return out
}
