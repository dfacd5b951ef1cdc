package check

import (
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

var unusedUpstream = Rule{
	Code: "unused-upstream", Severity: diag.Warning, whole: true, wide: true,
	Purpose: "every declared upstream is used by a route",
	run: func(p *pass) {
		usedAnywhere := map[string]bool{}
		p.closed(func(_ *ir.Domain, o *ir.Outline) {
			for _, name := range o.Upstreams {
				usedAnywhere[name] = true
			}
		})
		for _, d := range p.prog.Domains {
			used := map[string]bool{}
			for _, r := range d.Routes {
				used[r.Def.Upstream] = true
				for _, s := range r.Def.Split {
					used[s.Upstream] = true
				}
			}
			for name := range used {
				usedAnywhere[name] = true
			}
			for _, name := range sortedKeys(d.Def.Upstreams) {
				if !used[name] {
					p.report(finding{domain: d, path: []string{"upstreams", name}, message: fmt.Sprintf("upstream %q is not used by any route of the domain", name), hint: "remove it"})
				}
			}
		}
		for _, name := range sortedKeys(p.prog.Shared.Def.Upstreams) {
			if !usedAnywhere[name] {
				p.report(finding{path: []string{"upstreams", name}, message: fmt.Sprintf("shared upstream %q is not used by any route", name), hint: "remove it"})
			}
		}
	},
}
