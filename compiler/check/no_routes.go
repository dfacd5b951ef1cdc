package check

import (
	"slices"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

var noRoutes = Rule{
	Code: "no-routes", Severity: diag.Error, wide: true,
	Purpose: "there is a route: a gateway takes no bundle without one",
	run: func(p *pass) {
		if slices.ContainsFunc(p.prog.Domains, func(d *ir.Domain) bool { return len(d.Routes) > 0 || d.Outline != nil && d.Outline.Routes > 0 }) {
			return
		}
		f := finding{message: "no file defines a route", hint: `write the first one into a folder of the routes directory: routes: "home": {upstream: "web"}`}
		if len(p.prog.Domains) > 0 {
			f.domain = p.prog.Domains[0]
		}
		p.report(f)
	},
}
