package importer

import (
	"strings"

	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// conditions are the tests that the routes of a domain make on headers, query
// parameters and cookies: what a case must keep, and the texts in them that stand in
// route files and are no secret.
type conditions struct {
	headers, query, cookies map[string]literals
}

// literals are the texts that routes compare a value with.
type literals struct {
	exact  map[string]bool
	prefix []string
	regex  []string
}

func conditionsOf(routes []route.Route) conditions {
	c := conditions{map[string]literals{}, map[string]literals{}, map[string]literals{}}
	for i := range routes {
		m := &routes[i].Match
		collect(c.headers, m.Headers, strings.ToLower)
		collect(c.query, m.Query, nil)
		collect(c.cookies, m.Cookies, nil)
	}
	return c
}

func collect(into map[string]literals, from map[string]route.Condition, fold func(string) string) {
	for name, cond := range from {
		if fold != nil {
			name = fold(name)
		}
		l, ok := into[name]
		if !ok {
			l.exact = map[string]bool{}
		}
		if cond.Exact != nil {
			l.exact[*cond.Exact] = true
		}
		if cond.Prefix != nil {
			l.prefix = append(l.prefix, *cond.Prefix)
		}
		if cond.Regex != nil {
			l.regex = append(l.regex, *cond.Regex)
		}
		into[name] = l
	}
}

// concern tells whether a route looks at the header.
func (c conditions) concern(name string) bool {
	_, ok := c.headers[name]
	return ok || name == "cookie" && len(c.cookies) > 0
}

// public tells whether a value stands in a route file as it is.
func (l literals) public(value string) bool { return l.exact[value] }

// longest is the longest prefix of value that stands in a route file.
func (l literals) longest(value string) string {
	out := ""
	for _, p := range l.prefix {
		if len(p) > len(out) && strings.HasPrefix(value, p) {
			out = p
		}
	}
	return out
}

// matching is the first expression that takes value, "" when none does.
func (l literals) matching(value string) string {
	for _, expr := range l.regex {
		if matches(expr, value) {
			return expr
		}
	}
	return ""
}

func matches(expr, value string) bool {
	re, err := table.CompileRegex(expr)
	return err == nil && re.MatchString(value)
}

// telling tells whether a header is kept although no route looks at it: it says what
// is sent and what is wanted back, asks for CORS, or is of the application. What
// proxies and tracers add differs from request to request and is not; nor is what the
// upstream under test would obey.
func telling(name string) bool {
	switch name {
	case "content-type", "accept", "origin", "access-control-request-method", "access-control-request-headers":
		return true
	case "x-request-id", "x-correlation-id", "x-trace-id", "x-real-ip", "x-client-ip", "x-client-data", "x-amzn-trace-id",
		"x-cloud-trace-context", "x-requested-at", "x-envoy-external-address":
		return false
	}
	if !strings.HasPrefix(name, "x-") {
		return false
	}
	for _, p := range []string{"x-forwarded-", "x-b3-", "x-datadog-", "x-lintel-", "x-echo-", "x-original-", "x-envoy-"} {
		if strings.HasPrefix(name, p) {
			return false
		}
	}
	return true
}
