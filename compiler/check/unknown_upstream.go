package check

import (
	"fmt"
	"strconv"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/suggest"
)

var unknownUpstream = Rule{
	Code: "unknown-upstream", Severity: diag.Error,
	Purpose: "every upstream that a route names is declared",
	run: func(p *pass) {
		p.routes(func(d *ir.Domain, r *ir.Route) {
			check := func(name string, path []string) {
				if _, ok := d.Def.Upstreams[name]; ok || name == "" {
					return
				}
				if _, ok := p.prog.Shared.Def.Upstreams[name]; ok {
					return
				}
				known := append(sortedKeys(d.Def.Upstreams), sortedKeys(p.prog.Shared.Def.Upstreams)...)
				hint := suggest.Phrase(name, known)
				if hint == "" {
					hint = fmt.Sprintf("declare it: upstreams: %q: endpoints: [\"host:port\"]", name)
				}
				p.report(finding{domain: d, path: path, message: fmt.Sprintf("upstream %q is not declared in this domain or in the shared files", name), hint: hint})
			}
			check(r.Def.Upstream, at(r, "upstream"))
			for i, s := range r.Def.Split {
				check(s.Upstream, at(r, "split", strconv.Itoa(i), "upstream"))
			}
		})
	},
}
