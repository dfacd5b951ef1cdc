package check

import (
	"strconv"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

var unknownUpstream = Rule{
	Code: "unknown-upstream", Severity: diag.Error,
	Purpose: "every upstream that a route names is declared",
	run: func(p *pass) {
		p.routes(func(d *ir.Domain, r *ir.Route) {
			check := func(name string, path []string) {
				undeclared(p, d, path, "upstream", name, `endpoints: ["host:port"]`, d.Def.Upstreams, p.prog.Shared.Def.Upstreams)
			}
			if r.Def.Upstream != "" {
				check(r.Def.Upstream, at(r, "upstream"))
			}
			for i, s := range r.Def.Split {
				check(s.Upstream, at(r, "split", strconv.Itoa(i), "upstream"))
			}
		})
	},
}
