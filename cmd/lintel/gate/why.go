package gate

import (
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/coverage"
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
	return because(trace, want)
}

func because(trace table.Trace, want string) string {
	var parts []string
	if want != "" {
		parts = append(parts, lost(trace, want))
	}
	switch {
	case trace.Route != "":
		for _, s := range trace.Steps {
			if s.Route == trace.Route {
				parts = append(parts, fmt.Sprintf("%s takes it on host %s by %s", s.Route, s.Host, s.Path))
				break
			}
		}
	case trace.Domain == "":
		parts = append(parts, "no domain owns the host")
	case want == "":
	case trace.Outcome == "method-mismatch":
		parts = append(parts, "no route takes it with this method, only with "+strings.Join(trace.Allow, ", "))
	default:
		parts = append(parts, "no route of "+trace.Domain+" takes it")
	}
	return strings.Join(parts, "; ")
}

// lost tells why the route that was wanted does not take the request.
func lost(trace table.Trace, want string) string {
	for _, s := range trace.Steps {
		if s.Route != want {
			continue
		}
		switch s.Verdict {
		case "loses":
			return want + " takes it too, but stands later in the order (" + s.Path + ")"
		case "method":
			return want + " does not take the method"
		}
		return fmt.Sprintf("%s (%s) wants another %s", want, s.Path, strings.Join(s.Failed, ", another "))
	}
	return want + " does not take the host and path"
}
