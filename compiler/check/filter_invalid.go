package check

import (
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/suggest"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

var filterInvalid = Rule{
	Code: "filter-invalid", Severity: diag.Error,
	Purpose: "every filter can be built from its configuration",
	run: func(p *pass) {
		sound := map[string]bool{} // by name, bytes and parameters
		p.routes(func(d *ir.Domain, r *ir.Route) {
			var params []string
			if t, err := table.ParseTemplate(r.Def.Path.Template); err == nil {
				params = t.Params()
			}
			for _, name := range sortedKeys(r.Def.Filters) {
				raw := r.Def.Filters[name]
				key := name + "\x00" + string(raw) + "\x00" + strings.Join(params, "\x00")
				if sound[key] {
					continue
				}
				spec := p.filters.Spec(name)
				if spec == nil {
					p.report(finding{domain: d, path: at(r, "filters", name), message: "the filter " + name + " does not exist", hint: suggest.Phrase(name, p.filters.Names())})
					continue
				}
				env := filter.Env{
					Params: params,
					// Unknown names are the rule unknown-secret's to report.
					Secret: func(string) (*filter.Secret, error) { return &filter.Secret{}, nil },
				}
				if n := depth(raw); n > bundle.FilterDepth {
					p.report(finding{domain: d, path: at(r, "filters", name), message: fmt.Sprintf("the configuration is nested %d levels deep, %d are allowed", n, bundle.FilterDepth), hint: "write fewer levels"})
					continue
				}
				if _, err := spec.New(env, raw); err != nil {
					message := strings.TrimPrefix(err.Error(), "filter "+name+": ")
					p.report(finding{domain: d, path: at(r, "filters", name), message: message, merged: true})
					continue
				}
				sound[key] = true
			}
		})
	},
}

// depth is how many levels a JSON value has: objects and lists inside each other, and
// what stands in the innermost.
func depth(raw []byte) (deepest int) {
	n, inside := 1, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inside && c == '\\':
			i++
		case c == '"':
			inside = !inside
		case inside:
		case c == '{' || c == '[':
			n++
			deepest = max(deepest, n)
		case c == '}' || c == ']':
			n--
		}
	}
	return deepest
}
