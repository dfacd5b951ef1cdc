package check

import (
	"fmt"
	"slices"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

var unusedSecret = Rule{
	Code: "unused-secret", Severity: diag.Warning, whole: true, wide: true,
	Purpose: "every declared secret is used by a filter or an upstream",
	run: func(p *pass) {
		if !slices.ContainsFunc(p.prog.Domains, func(d *ir.Domain) bool { return len(d.Def.Secrets) > 0 }) && len(p.prog.Shared.Def.Secrets) == 0 {
			return
		}
		used := map[*ir.Domain]map[string]bool{}
		anywhere := map[string]bool{}
		use := func(d *ir.Domain, name string) {
			if used[d] == nil {
				used[d] = map[string]bool{}
			}
			used[d][name], anywhere[name] = true, true
		}
		p.texts(func(d *ir.Domain, _ *ir.Route, _ []string, name string, ref bool) {
			if ref {
				use(d, name)
			}
		})
		p.upstreamSecrets(func(d *ir.Domain, _ []string, name string) { use(d, name) })
		p.closed(func(_ *ir.Domain, o *ir.Outline) {
			for _, name := range o.Secrets {
				anywhere[name] = true
			}
		})
		for _, d := range p.prog.Domains {
			for _, name := range sortedKeys(d.Def.Secrets) {
				if !used[d][name] {
					p.report(finding{domain: d, path: []string{"secrets", name}, message: fmt.Sprintf("secret %q is not used by any filter or upstream of the domain", name), hint: "remove it"})
				}
			}
		}
		for _, name := range sortedKeys(p.prog.Shared.Def.Secrets) {
			if !anywhere[name] {
				p.report(finding{path: []string{"secrets", name}, message: fmt.Sprintf("shared secret %q is not used by any filter or upstream", name), hint: "remove it"})
			}
		}
	},
}
