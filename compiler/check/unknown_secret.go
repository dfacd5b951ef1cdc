package check

import (
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/suggest"
)

var unknownSecret = Rule{
	Code: "unknown-secret", Severity: diag.Error,
	Purpose: "every secret that a filter names is declared",
	run: func(p *pass) {
		p.texts(func(d *ir.Domain, _ *ir.Route, path []string, name string, ref bool) {
			if _, ok := d.Def.Secrets[name]; ok || !ref {
				return
			}
			if _, ok := p.prog.Shared.Def.Secrets[name]; ok {
				return
			}
			known := append(sortedKeys(d.Def.Secrets), sortedKeys(p.prog.Shared.Def.Secrets)...)
			hint := suggest.Phrase(name, known)
			if hint == "" {
				hint = fmt.Sprintf("declare it: secrets: %q: file: \"path/below/the/secrets/folder\"", name)
			}
			p.report(finding{domain: d, path: path, message: fmt.Sprintf("secret %q is not declared in this domain or in the shared files", name), hint: hint})
		})
	},
}
