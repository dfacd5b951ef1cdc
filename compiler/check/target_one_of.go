package check

import (
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

var targetOneOf = Rule{
	Code: "target-one-of", Severity: diag.Error,
	Purpose: "a route has one target: an upstream, a split, or a filter that answers",
	run: func(p *pass) {
		p.routes(func(d *ir.Domain, r *ir.Route) {
			answering := ""
			for _, name := range sortedKeys(r.Def.Filters) {
				if s := p.filters.Spec(name); s != nil && s.Answers {
					answering = name
				}
			}
			up, split := r.Def.Upstream != "", len(r.Def.Split) > 0
			switch {
			case up && split:
				p.report(finding{domain: d, path: at(r, "split"), message: "the route has both upstream and split; it must have one of them"})
			case !up && !split && answering == "":
				p.report(finding{
					domain: d, path: at(r), message: `"upstream" is required and not set`,
					hint: "name an upstream, a split, or use a filter that answers (redirect, respond)",
				})
			case (up || split) && answering != "":
				p.report(finding{
					domain: d, path: at(r, "filters", answering),
					message: fmt.Sprintf("the filter %s answers every request, so nothing reaches the upstream", answering),
					hint:    "remove the filter or the upstream",
				})
			}
		})
	},
}
