package check

import (
	"strconv"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

var unknownUpstream = Rule{
	Code: "unknown-upstream", Severity: diag.Error,
	Purpose: "every upstream that a route or a case names is declared",
	run: func(p *pass) {
		check := func(d *ir.Domain, name string, path []string) {
			if name != "" {
				undeclared(p, d, path, "upstream", name, `endpoints: ["host:port"]`, d.Def.Upstreams, p.prog.Shared.Def.Upstreams)
			}
		}
		p.routes(func(d *ir.Domain, r *ir.Route) {
			check(d, r.Def.Upstream, at(r, "upstream"))
			for i, s := range r.Def.Split {
				check(d, s.Upstream, at(r, "split", strconv.Itoa(i), "upstream"))
			}
		})
		p.cases(func(d *ir.Domain, r *ir.Route, c *ir.Case, s *cases.Spec) {
			if u := s.Expect.Upstream; u != nil {
				check(d, u.Name, inCase(r, c, "expect", "upstream", "name"))
			}
			for i, n := range s.Expect.Counts {
				check(d, n.Upstream, inCase(r, c, "expect", "counts", strconv.Itoa(i), "upstream"))
			}
		})
	},
}
