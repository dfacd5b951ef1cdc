package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/table"
)

// chain fills in every route that was asked, and the runner-up.
func (e *Explainer) chain(out *Explanation, q *table.Request, trace table.Trace) {
	for _, s := range trace.Steps {
		r := e.table.Route(s.Route)
		rival := Rival{Route: s.Route, Source: e.places.route(s.Route), Host: s.Host, Path: s.Path, Verdict: "fails"}
		switch s.Verdict {
		case "wins":
			rival.Verdict = s.Verdict
		case "loses":
			rival.Verdict = s.Verdict
			rival.Text = e.later(trace, s)
			if out.RunnerUp == nil {
				out.RunnerUp = &rival
			}
		default:
			rival.Text = failures(&r.Def.Match, q, s.Failed)
		}
		out.Chain = append(out.Chain, rival)
	}
}

// winner is the step that won; the route may stand in the trace under more hosts.
func winner(trace table.Trace) table.TraceStep {
	i := slices.IndexFunc(trace.Steps, func(s table.TraceStep) bool { return s.Verdict == "wins" })
	return trace.Steps[i]
}

// later says why a route that takes the request comes after the winner.
func (e *Explainer) later(trace table.Trace, s table.TraceStep) string {
	first := winner(trace)
	a, b := e.table.Route(first.Route).Def, e.table.Route(s.Route).Def
	switch s.Decided {
	case "host":
		return fmt.Sprintf("its host %s comes after %s", s.Host, first.Host)
	case "path":
		ka, kb := kind(first.Path), kind(s.Path)
		switch {
		case ka != kb:
			return fmt.Sprintf("%s comes after %s", aPath(kb), aPath(ka))
		case ka == "template":
			return fmt.Sprintf("%s is less fixed than %s, from the left", b.Path.Template, a.Path.Template)
		case ka == "prefix":
			return fmt.Sprintf("the prefix %s is shorter than %s", b.Path.Prefix, a.Path.Prefix)
		}
		return "its regex begins with less literal text"
	case "method":
		if len(b.Methods) == 0 {
			return "it takes any method, and a named method comes first"
		}
		return "it takes HEAD because of GET, and a named HEAD comes first"
	case "conditions":
		return fmt.Sprintf("it has fewer conditions (%d, and the first %d)", len(conditions(&b.Match)), len(conditions(&a.Match)))
	case "priority":
		return fmt.Sprintf("its priority is lower (%d, and the first %d)", b.Priority, a.Priority)
	}
	return "nothing in the order tells them apart but their ids"
}

func kind(path string) string {
	k, _, _ := strings.Cut(path, " ")
	return k
}

// aPath names a path of a kind.
func aPath(kind string) string {
	if kind == "exact" {
		return "an exact path"
	}
	return "a " + kind
}

// why tells each step of the order for the winner.
func (e *Explainer) why(out *Explanation, r *table.Route, q *table.Request, trace table.Trace) {
	first, m := winner(trace), &r.Def.Match
	before, told := map[string][]string{}, map[string]bool{}
	for _, s := range trace.Steps {
		// A route that stands in the trace under several hosts lost where it came closest.
		if s.Decided != "" && !told[s.Route] {
			told[s.Route] = true
			before[s.Decided] = append(before[s.Decided], s.Route)
		}
	}
	given := "none are asked for"
	if c := conditions(m); len(c) > 0 {
		given = strings.Join(c, ", ")
	}
	priority := strconv.Itoa(m.Priority)
	if len(before["priority"]) == 0 {
		priority += ", and there is no tie to break"
	}
	out.Why = []Step{
		{"host", hostWhy(first.Host, q.Host), before["host"]},
		{"path", pathWhy(first.Path, q.Path), before["path"]},
		{"method", methodWhy(m.Methods, q.Method, out.Preflight), before["method"]},
		{"conditions", given, before["conditions"]},
		{"priority", priority, before["priority"]},
	}
	for _, name := range params(r) {
		out.Params = append(out.Params, Param{name, trace.Params[name]})
	}
}

func hostWhy(pattern, host string) string {
	switch {
	case pattern == "*":
		return "* takes every host"
	case strings.HasPrefix(pattern, "*"):
		return fmt.Sprintf("the wildcard %s takes %s", pattern, host)
	}
	return host + " is named exactly"
}

func pathWhy(path, got string) string {
	k, text, _ := strings.Cut(path, " ")
	switch {
	case k == "exact":
		return text + " is named exactly"
	case k == "prefix" && text == "/":
		return "the prefix / takes every path"
	}
	return fmt.Sprintf("the %s %s takes %s", k, text, got)
}

func methodWhy(methods []string, method, preflight string) string {
	text := method + " is named"
	switch {
	case len(methods) == 0:
		text = "any method is taken"
	case method == "HEAD" && !slices.Contains(methods, "HEAD"):
		text = "HEAD is taken because GET is named"
	}
	if preflight != "" {
		return "OPTIONS is a CORS preflight that asks about " + preflight + ": " + text
	}
	return text
}
