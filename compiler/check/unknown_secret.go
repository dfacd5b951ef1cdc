package check

import (
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// secretExample is how a secret is declared.
const secretExample = `file: "path/below/the/secrets/folder"`

var unknownSecret = Rule{
	Code: "unknown-secret", Severity: diag.Error,
	Purpose: "every secret that a filter, an upstream or a case names is declared",
	run: func(p *pass) {
		check := func(d *ir.Domain, name string, path []string) {
			undeclared(p, d, path, "secret", name, secretExample, d.Def.Secrets, p.prog.Shared.Def.Secrets)
		}
		p.texts(func(d *ir.Domain, _ *ir.Route, path []string, name string, ref bool) {
			if ref {
				check(d, name, path)
			}
		})
		p.upstreamSecrets(func(d *ir.Domain, path []string, name string) {
			if d == nil {
				undeclared(p, nil, path, "secret", name, secretExample, nil, p.prog.Shared.Def.Secrets)
				return
			}
			check(d, name, path)
		})
		p.cases(func(d *ir.Domain, r *ir.Route, c *ir.Case, s *cases.Spec) {
			all := func(by map[string]cases.Values, path ...string) {
				for _, header := range sortedKeys(by) {
					if v := by[header]; v.Secret != nil {
						check(d, v.Secret.Secret, inCase(r, c, append(path[:len(path):len(path)], header, "secret")...))
					}
				}
			}
			all(s.Request.Headers, "request", "headers")
			if u := s.Expect.Upstream; u != nil {
				all(u.Headers, "expect", "upstream", "headers")
			}
		})
	},
}
