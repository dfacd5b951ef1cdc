package coverage

import (
	"slices"

	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// tally counts what cases reach, route by route.
type tally struct {
	program *ir.Program
	routes  map[string]*counted
}

// counted is one route while cases are counted.
type counted struct {
	route *ir.Route
	fresh bool
	// points are those of pointsOf.
	points []Point
	cases  []int
}

func newTally(p *ir.Program, base map[string]bool) *tally {
	t := &tally{program: p, routes: map[string]*counted{}}
	for _, d := range p.Domains {
		for _, r := range d.Routes {
			t.routes[r.Def.ID] = &counted{route: r, fresh: !base[r.Def.ID], points: pointsOf(r.Def)}
		}
	}
	return t
}

// beside notes that a case stands beside a route.
func (t *tally) beside(index int, id string) {
	if c := t.routes[id]; c != nil && (len(c.cases) == 0 || c.cases[len(c.cases)-1] != index) {
		c.cases = append(c.cases, index)
	}
}

// passed counts a case that passed and returns the routes that took it.
func (t *tally) passed(tab *table.Table, index int, c *cases.Case, result *cases.Result) []string {
	req, sent := Request(&c.Spec.Request)
	var trace table.Trace
	preflight := false
	if sent {
		trace, preflight = explain(tab, req)
	}
	took := takers(c, result, trace.Route)
	for _, id := range took {
		if r := t.routes[id]; r != nil {
			r.take(index, req.Host, reached(tab, id, preflight))
			t.beside(index, id)
		}
	}
	answered := ""
	if len(took) > 0 {
		answered = took[0]
	}
	if len(took) > 1 || answered != trace.Route {
		return took
	}
	// A route that takes the host by two of its patterns stands in the trace twice.
	seen := map[string]bool{}
	for _, s := range trace.Steps {
		if r := t.routes[s.Route]; r != nil && !seen[s.Route] {
			seen[s.Route] = true
			r.refuse(index, s.Failed)
		}
	}
	return took
}

// takers are the routes that took a case which passed: those that the gateway named.
// One that names no routes and whose case was meant for one is asked no further: then
// the table knows.
func takers(c *cases.Case, result *cases.Result, explained string) []string {
	var out []string
	for _, id := range result.Routes {
		if id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	want := c.Spec.Expect.Route
	if len(out) == 0 && explained != "" && (want == nil || *want != "") {
		out = append(out, explained)
	}
	return out
}

// explain asks the table. A CORS preflight that a route takes is explained by the
// method that it asks about, and preflight is true.
func explain(tab *table.Table, req *table.Request) (trace table.Trace, preflight bool) {
	trace = tab.Explain(req)
	if trace.Route == "" || slices.ContainsFunc(trace.Steps, func(s table.TraceStep) bool { return s.Verdict == "wins" }) {
		return trace, false
	}
	asked := *req
	asked.Method, _ = req.Header.Get("access-control-request-method")
	return tab.Explain(&asked), true
}

// reached names the filters that a request passes on its way; a preflight ends at
// the filter that answers it.
func reached(tab *table.Table, id string, preflight bool) []string {
	r := tab.Route(id)
	if r == nil {
		return nil
	}
	var out []string
	for _, s := range r.Chain.Steps {
		out = append(out, s.Spec.Name)
		if _, answers := s.Request.(filter.PreflightFilter); answers && preflight {
			break
		}
	}
	return out
}

// take counts a case that the route took.
func (c *counted) take(index int, host string, filters []string) {
	pattern, level := "", 0
	for _, h := range c.route.Def.Hosts {
		if table.HostMatch(h, host) && (pattern == "" || table.HostLevel(h) < level) {
			pattern, level = h, table.HostLevel(h)
		}
	}
	for i := range c.points {
		p := &c.points[i]
		if p.Kind == KindRoute || p.Kind == KindHost && p.Name == pattern ||
			p.Kind == KindPredicate && p.Side == True || p.Kind == KindFilter && slices.Contains(filters, p.Name) {
			p.reach(index)
		}
	}
}

// refuse counts a case that came to the route's host and path and that the failed
// predicates kept away.
func (c *counted) refuse(index int, failed []string) {
	for i := range c.points {
		if p := &c.points[i]; p.Kind == KindPredicate && p.Side == False && slices.Contains(failed, p.Name) {
			p.reach(index)
		}
	}
}
