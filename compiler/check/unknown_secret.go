package check

import (
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

var unknownSecret = Rule{
	Code: "unknown-secret", Severity: diag.Error,
	Purpose: "every secret that a filter names is declared",
	run: func(p *pass) {
		p.texts(func(d *ir.Domain, _ *ir.Route, path []string, name string, ref bool) {
			if ref {
				undeclared(p, d, path, "secret", name, `file: "path/below/the/secrets/folder"`, d.Def.Secrets, p.prog.Shared.Def.Secrets)
			}
		})
	},
}
