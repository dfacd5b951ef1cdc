package explain

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// pathText is kind and text of a path.
func pathText(p route.Path) string {
	if p.Kind() == "" {
		return "prefix /"
	}
	return p.Kind() + " " + p.Value()
}

// conditionText says what a condition asks for, such as `is "next"`.
func conditionText(c route.Condition) string {
	switch {
	case c.Exact != nil:
		return "is " + strconv.Quote(*c.Exact)
	case c.Prefix != nil:
		return "begins with " + strconv.Quote(*c.Prefix)
	case c.Regex != nil:
		return "matches " + *c.Regex
	case c.Present != nil && !*c.Present:
		return "is absent"
	}
	return "is present"
}

// conditionOf finds a condition by "source name", as the table names it.
func conditionOf(m *route.Match, what string) (source, name string, c route.Condition) {
	source, name, _ = strings.Cut(what, " ")
	switch source {
	case "query":
		return source, name, m.Query[name]
	case "cookie":
		return source, name, m.Cookies[name]
	}
	return source, name, m.Headers[name]
}

// conditions lists what a match asks for, in the order in which the table tests.
func conditions(m *route.Match) (out []string) {
	for _, set := range []struct {
		source string
		by     map[string]route.Condition
	}{{"header", m.Headers}, {"query", m.Query}, {"cookie", m.Cookies}} {
		for _, name := range slices.Sorted(maps.Keys(set.by)) {
			out = append(out, fmt.Sprintf("%s %s %s", set.source, name, conditionText(set.by[name])))
		}
	}
	return out
}

// failure says why something of a request does not fit a match; what is as the table's
// trace has it, "header x-stage" or "method".
func failure(m *route.Match, q *table.Request, what string) string {
	if what == "method" {
		return "it takes " + strings.Join(table.AllowedMethods(m.Methods), ", ") + " and not " + q.Method
	}
	source, name, c := conditionOf(m, what)
	got := "the request has none"
	if v, ok := q.Value(source, name); ok {
		got = "the request has " + shown(source, name, v)
	}
	return fmt.Sprintf("it asks that %s %s %s, and %s", source, name, conditionText(c), got)
}

// maxShown bounds a value of the request in a sentence, in bytes.
const maxShown = 60

// shown is a value for people; what may be a credential is not repeated.
func shown(source, name, value string) string {
	switch n := strings.ToLower(name); {
	case source == "cookie",
		strings.Contains(n, "auth"), strings.Contains(n, "token"), strings.Contains(n, "key"),
		strings.Contains(n, "secret"), strings.Contains(n, "cookie"), strings.Contains(n, "session"):
		return "another"
	}
	if len(value) > maxShown {
		value = strings.ToValidUTF8(value[:maxShown], "") + "..."
	}
	return strconv.Quote(value)
}

// failures joins everything that does not fit.
func failures(m *route.Match, q *table.Request, what []string) string {
	out := make([]string, len(what))
	for i, w := range what {
		out[i] = failure(m, q, w)
	}
	return strings.Join(out, "; ")
}

// Instead tells in one sentence why the route with the id want does not take a request,
// and which does; want is "" where none should.
func Instead(trace table.Trace, want string) string {
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
	case trace.Outcome == MethodMismatch:
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
