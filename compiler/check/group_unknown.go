package check

import (
	"fmt"
	"slices"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/suggest"
)

var groupUnknown = Rule{
	Code: "group-unknown", Severity: diag.Error,
	Purpose: "every gateway group that a domain or a route names is declared",
	run: func(p *pass) {
		known := append(sortedKeys(p.prog.Shared.Groups), ir.DefaultGroup)
		for _, d := range p.domains() {
			p.knownGroups(d, d.Groups, known, "domain", "groups")
			for _, r := range d.Routes {
				p.knownGroups(d, r.Groups, known, "routes", r.Name, "groups")
			}
		}
	},
}

func (p *pass) knownGroups(d *ir.Domain, names, known []string, path ...string) {
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		hint := suggest.Phrase(name, known)
		if hint == "" {
			hint = fmt.Sprintf("declare it in a file of the routes folder itself: groups: %q: {}", name)
		}
		p.report(finding{domain: d, path: path, message: fmt.Sprintf("there is no gateway group %q", name), hint: hint})
	}
}
