package table

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// contender is a route whose host and path take a request, in the order in which
// the table asks them; failed is "" for one that takes the request whole,
// "method" when only its method does not fit, else the condition that failed.
type contender struct {
	host   string
	route  *Route
	failed string
}

// contenders lists every route that the request could reach, in order. It reads
// the routes' definitions, not the arena: slow, and an independent witness of the
// order.
func (t *Table) contenders(r *Request) []contender {
	var out []contender
	for _, d := range t.domains {
		for _, pattern := range d.hosts {
			if !HostMatch(pattern, r.Host) {
				continue
			}
			for i := range d.routes {
				rt := &d.routes[i]
				if slices.Contains(rt.Def.Hosts, pattern) && rt.takesPath(r.Path) {
					out = append(out, contender{pattern, rt, rt.refusal(r)})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b contender) int {
		if x, y := HostLevel(a.host), HostLevel(b.host); x != y {
			return x - y
		}
		return cmp.Or(
			a.route.rank.ComparePath(b.route.rank),
			cmp.Compare(MethodClass(&a.route.Def.Match, r.Method), MethodClass(&b.route.Def.Match, r.Method)),
			a.route.rank.CompareRest(b.route.rank),
			strings.Compare(a.route.Def.ID, b.route.Def.ID),
		)
	})
	return out
}

func (r *Route) takesPath(path string) bool {
	switch r.rank.Class {
	case ClassExact:
		return path == r.Def.Path.Exact
	case ClassTemplate:
		return r.rank.Template.Match(path)
	case ClassPrefix:
		return PrefixMatch(r.Def.Path.Prefix, path)
	}
	return r.regex.MatchString(path)
}

func (r *Route) refusal(q *Request) string {
	for i := range r.conditions {
		if c := &r.conditions[i]; !c.holds(q) {
			return fmt.Sprintf("%s %s", c.source, c.name)
		}
	}
	if !takesMethod(&r.Def.Match, methodSet(r.Def.Methods), methodBit(q.Method), q.Method) {
		return "method"
	}
	return ""
}

// refusals lists everything that keeps the route from taking q, which refusal says
// the first of.
func (r *Route) refusals(q *Request) []string {
	var out []string
	for i := range r.conditions {
		if c := &r.conditions[i]; !c.holds(q) {
			out = append(out, fmt.Sprintf("%s %s", c.source, c.name))
		}
	}
	if !takesMethod(&r.Def.Match, methodSet(r.Def.Methods), methodBit(q.Method), q.Method) {
		out = append(out, "method")
	}
	return out
}

// Trace is the account of one decision.
type Trace struct {
	// Route is the id of the route that takes the request, "" when none does.
	Route string `json:"route"`
	// Outcome is "matched", "method-mismatch" or "not-found".
	Outcome string `json:"outcome"`
	// Domain is the domain that the host belongs to, "" when to none.
	Domain string `json:"domain,omitempty"`
	// Params are the values taken from the path.
	Params map[string]string `json:"params,omitempty"`
	// Preflight is the method that a CORS preflight asks about, when the route takes
	// the request only because it takes that method.
	Preflight string `json:"preflight,omitempty"`
	// Allow lists the methods that would be taken after a method mismatch.
	Allow []string `json:"allow,omitempty"`
	// Steps are the routes whose host and path take the request, in the order in
	// which they were asked.
	Steps []TraceStep `json:"steps"`
}

// TraceStep is one route in a Trace.
type TraceStep struct {
	Route string `json:"route"`
	// Host is the pattern that took the request's host.
	Host string `json:"host"`
	// Path is the kind and text of the route's path, such as "prefix /api".
	Path string `json:"path"`
	// Verdict is "wins", "loses" (takes the request, but stands later in the
	// order), or what did not fit: "method", "header x-stage".
	Verdict string `json:"verdict"`
	// Failed is everything that did not fit: headers, query parameters and cookies,
	// each by name, then "method". Verdict is the first of it. The route that takes
	// a CORS preflight by the method it asks about has "method" here.
	Failed []string `json:"failed,omitempty"`
	// Decided is the step of the order at which a route that takes the request too
	// lost to the winner: "host", "path", "method", "conditions", "priority" or, where
	// the order tells nothing, "id".
	Decided string `json:"decided,omitempty"`
}

// Explain matches r and tells why: every route that could have taken it, in
// order. The winner is the one that Match finds.
func (t *Table) Explain(r *Request) Trace {
	var m Match
	t.Match(r, &m)
	tr := Trace{Outcome: [...]string{"not-found", "matched", "method-mismatch"}[m.Outcome], Allow: m.Allow, Steps: []TraceStep{}}
	if m.Domain != nil {
		tr.Domain = m.Domain.Name
	}
	if m.Route != nil {
		tr.Route = m.Route.Def.ID
	}
	for i := range m.Params.N {
		if tr.Params == nil {
			tr.Params = map[string]string{}
		}
		tr.Params[m.Params.List[i].Name] = m.Params.List[i].Value
	}
	if m.Route != nil && m.Route.refusal(r) == "method" {
		tr.Preflight, _ = preflight(r)
	}
	var winner *contender
	for _, c := range t.contenders(r) {
		step := TraceStep{Route: c.route.Def.ID, Host: c.host, Verdict: c.failed}
		kind := c.route.Def.Path.Kind()
		if step.Path = kind + " " + c.route.Def.Path.Value(); kind == "" {
			step.Path = "prefix /"
		}
		if c.failed != "" {
			step.Failed = c.route.refusals(r)
		} else if step.Verdict = "loses"; c.route == m.Route {
			step.Verdict = "wins"
			if winner == nil {
				winner = &c
			}
		} else if winner != nil {
			step.Decided = winner.decided(c, r.Method)
		}
		tr.Steps = append(tr.Steps, step)
	}
	return tr
}

// decided names the step of the order that puts c before o, which both take a request
// with the method.
func (c *contender) decided(o contender, method string) string {
	a, b := c.route.rank, o.route.rank
	switch {
	case HostLevel(c.host) != HostLevel(o.host):
		return "host"
	case a.ComparePath(b) != 0:
		return "path"
	case MethodClass(&c.route.Def.Match, method) != MethodClass(&o.route.Def.Match, method) || a.MethodsSet != b.MethodsSet:
		return "method"
	case a.Conditions != b.Conditions:
		return "conditions"
	case a.Priority != b.Priority:
		return "priority"
	}
	return "id"
}

// Value is what a condition of the source "header", "query" or "cookie" is tested
// with, and whether the request has it.
func (r *Request) Value(source, name string) (string, bool) {
	switch {
	case source == "query":
		return QueryValue(r.Query, name)
	case source == "cookie":
		return cookieValue(r.Header, name)
	case r.Header == nil:
		return "", false
	}
	return r.Header.Get(name)
}
