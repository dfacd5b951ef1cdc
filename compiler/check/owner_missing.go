package check

import (
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/diag"
)

var ownerMissing = Rule{
	Code: "owner-missing", Severity: diag.Error, wide: true,
	Purpose: "every domain names its owner where the settings require it",
	run: func(p *pass) {
		if p.prog.Shared.Settings.Owners != "required" {
			return
		}
		for _, d := range p.prog.Domains {
			owner := d.Owner
			if d.Outline != nil {
				owner = d.Outline.Owner
			}
			if owner == "" {
				p.report(finding{
					domain: d, path: []string{"domain"}, message: fmt.Sprintf("the domain %q has no owner", d.Def.Name),
					hint: `name the team to ask: domain: owner: "team-shop"`,
				})
			}
		}
	},
}
