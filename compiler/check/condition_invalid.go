package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// conditionSets are the three places of conditions in a match.
func conditionSets(m *route.Match) []conditionSet {
	return []conditionSet{{"headers", m.Headers}, {"query", m.Query}, {"cookies", m.Cookies}}
}

type conditionSet struct {
	field string
	by    map[string]route.Condition
}

var conditionInvalid = Rule{
	Code: "condition-invalid", Severity: diag.Error,
	Purpose: "a condition is one test that can hold",
	run: func(p *pass) {
		p.routes(func(d *ir.Domain, r *ir.Route) {
			for _, set := range conditionSets(&r.Def.Match) {
				for _, name := range sortedKeys(set.by) {
					c := set.by[name]
					if message := conditionFault(set.field, name, c); message != "" {
						p.report(finding{domain: d, path: at(r, set.field, name), message: message})
					}
				}
			}
		})
	},
}

func conditionFault(field, name string, c route.Condition) string {
	set := 0
	for _, on := range []bool{c.Exact != nil, c.Prefix != nil, c.Regex != nil, c.Present != nil} {
		if on {
			set++
		}
	}
	if set != 1 {
		return fmt.Sprintf("condition on %q must be one of exact, prefix, regex and present", name)
	}
	if c.Regex != nil {
		if _, err := table.CompileRegex(*c.Regex); err != nil {
			return plainError(err)
		}
	}
	if field == "headers" {
		if err := filter.CheckFieldName(name); err != nil {
			if strings.EqualFold(name, "host") {
				return "a condition on the header host never holds: use hosts"
			}
			return fmt.Sprintf("a condition on the header %q never holds: the field belongs to the connection", name)
		}
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
