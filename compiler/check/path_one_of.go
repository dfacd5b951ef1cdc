package check

import (
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

var pathOneOf = Rule{
	Code: "path-one-of", Severity: diag.Error,
	Purpose: "a route's path is one of exact, prefix, template and regex",
	run: func(p *pass) {
		p.routes(func(d *ir.Domain, r *ir.Route) {
			path := r.Def.Path
			var set []string
			for _, f := range []struct{ name, value string }{
				{"exact", path.Exact}, {"prefix", path.Prefix}, {"template", path.Template}, {"regex", path.Regex},
			} {
				if f.value != "" {
					set = append(set, f.name)
				}
			}
			if len(set) == 0 {
				// An absent path has its default by now; an empty one would take all.
				p.report(finding{
					domain: d, path: at(r, "path"), message: "the path is set and says nothing",
					hint: `set one of exact, prefix, template and regex, or leave path out for prefix: "/"`,
				})
				return
			}
			if len(set) == 1 {
				return
			}
			// The author's own field is the one that stands in the domain's files;
			// the other mostly comes from a template.
			field := set[len(set)-1]
			for _, name := range set {
				if _, depth := d.Index.Lookup(at(r, "path", name)...); depth == 4 {
					field = name
				}
			}
			p.report(finding{
				domain: d, path: at(r, "path", field),
				message: fmt.Sprintf("the path is set as %s; it must be one of them", strings.Join(set, " and as ")),
				hint:    "a template cannot offer a default path: let it take the path as a parameter",
			})
		})
	},
}
