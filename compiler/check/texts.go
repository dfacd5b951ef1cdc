package check

import (
	"encoding/json"
	"strconv"

	"github.com/lintel-gateway/lintel/compiler/ir"
)

// visit walks a filter's configuration; ref is set for {"secret": "name"}.
func visit(v any, path []string, f func(path []string, text string, ref bool)) {
	switch v := v.(type) {
	case map[string]any:
		if name, ok := v["secret"].(string); ok && len(v) == 1 {
			f(append(path, "secret"), name, true)
			return
		}
		for _, k := range sortedKeys(v) {
			visit(v[k], append(path[:len(path):len(path)], k), f)
		}
	case []any:
		for i, e := range v {
			visit(e, append(path[:len(path):len(path)], strconv.Itoa(i)), f)
		}
	case string:
		f(path, v, false)
	}
}

// texts calls f for every text in the filters of every route. Routes that share a
// filter's bytes are many: each distinct configuration is decoded once.
func (p *pass) texts(f func(d *ir.Domain, r *ir.Route, path []string, text string, ref bool)) {
	decoded := map[string]any{}
	p.routes(func(d *ir.Domain, r *ir.Route) {
		for _, name := range sortedKeys(r.Def.Filters) {
			raw := string(r.Def.Filters[name])
			v, ok := decoded[raw]
			if !ok {
				if json.Unmarshal([]byte(raw), &v) != nil {
					v = nil
				}
				decoded[raw] = v
			}
			visit(v, at(r, "filters", name), func(path []string, text string, ref bool) { f(d, r, path, text, ref) })
		}
	})
}
