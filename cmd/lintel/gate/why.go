package gate

import (
	"github.com/lintel-gateway/lintel/compiler/coverage"
	"github.com/lintel-gateway/lintel/compiler/explain"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// Why tells in one sentence why the case's request took another route than the one
// expected; "" when it took that one.
func Why(t *table.Table, c *cases.Case) string {
	req, ok := coverage.Request(&c.Spec.Request)
	if !ok {
		return "the gateway refuses this path: it has an invalid escape, or dots that climb out"
	}
	want := ""
	if c.Spec.Expect.Route != nil {
		want = *c.Spec.Expect.Route
	}
	trace := t.Explain(req)
	if trace.Route == want {
		return ""
	}
	return explain.Instead(trace, want)
}
