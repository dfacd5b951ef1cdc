package check

import (
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/suggest"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

var unknownRoute = Rule{
	Code: "unknown-route", Severity: diag.Error,
	Purpose: "every route that a case expects exists in its domain",
	run: func(p *pass) {
		p.cases(func(d *ir.Domain, r *ir.Route, c *ir.Case, s *cases.Spec) {
			if s.Expect.Route == nil || *s.Expect.Route == "" {
				return
			}
			name := strings.TrimPrefix(*s.Expect.Route, d.Def.Name+"/")
			names := make([]string, len(d.Routes))
			for i, other := range d.Routes {
				if names[i] = other.Name; other.Name == name {
					return
				}
			}
			p.report(finding{
				domain: d, path: inCase(r, c, "expect", "route"),
				message: fmt.Sprintf("the route %q does not exist in this domain", *s.Expect.Route),
				hint:    suggest.Phrase(name, names),
			})
		})
	},
}
