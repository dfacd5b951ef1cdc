package check

import (
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/route"
)

var tlsUnverified = Rule{
	Code: "tls-unverified", Severity: diag.Warning,
	Purpose: "TLS to upstreams verifies who answers",
	run: func(p *pass) {
		p.upstreams(func(d *ir.Domain, path []string, u *route.Upstream) {
			if u.TLS != nil && !u.TLS.Verify {
				p.report(finding{
					domain: d, path: append(path, "tls", "verify"), message: "anybody between the gateway and the endpoints can read and change what they say",
					hint: `remove it; for a private authority write ca: {secret: "..."}, for another name serverName`,
				})
			}
		})
	},
}
