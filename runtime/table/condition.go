package table

import (
	"fmt"
	"net/url"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/schemas/route"
)

type source uint8

const (
	fromHeader source = iota
	fromQuery
	fromCookie
)

func (s source) String() string { return [...]string{"header", "query", "cookie"}[s] }

// condition is a compiled test on one header, query parameter or cookie.
type condition struct {
	source source
	name   string
	def    route.Condition
	regex  *regexp.Regexp
}

func compileConditions(m *route.Match) ([]condition, error) {
	var out []condition
	for _, set := range []struct {
		source source
		by     map[string]route.Condition
	}{{fromHeader, m.Headers}, {fromQuery, m.Query}, {fromCookie, m.Cookies}} {
		for name, def := range set.by {
			c := condition{source: set.source, name: name, def: def}
			if def.Regex != nil {
				re, err := CompileRegex(*def.Regex)
				if err != nil {
					return nil, fmt.Errorf("%s %s: %w", set.source, name, err)
				}
				c.regex = re
			}
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b condition) int {
		if a.source != b.source {
			return int(a.source) - int(b.source)
		}
		return strings.Compare(a.name, b.name)
	})
	return out, nil
}

// CompileRegex compiles an expression that must match a whole value.
func CompileRegex(s string) (*regexp.Regexp, error) {
	// Parsed alone first: it must be an expression by itself, and an error names
	// what was written.
	if _, err := syntax.Parse(s, syntax.Perl); err != nil {
		return nil, fmt.Errorf("regex %q: %w", s, err)
	}
	re, err := regexp.Compile(`\A(?:` + s + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("regex %q: %w", s, err)
	}
	return re, nil
}

func (c *condition) holds(r *Request) bool {
	var v string
	var ok bool
	switch c.source {
	case fromHeader:
		if r.Header != nil {
			v, ok = r.Header.Get(c.name)
		}
	case fromQuery:
		v, ok = QueryValue(r.Query, c.name)
	case fromCookie:
		v, ok = cookieValue(r.Header, c.name)
	}
	switch {
	case c.def.Present != nil:
		return ok == *c.def.Present
	case !ok:
		return false
	case c.def.Exact != nil:
		return v == *c.def.Exact
	case c.def.Prefix != nil:
		return strings.HasPrefix(v, *c.def.Prefix)
	default:
		return c.regex.MatchString(v)
	}
}

// QueryValue returns the decoded first value of a name in a raw query. A pair
// that does not decode is not found.
func QueryValue(query, name string) (string, bool) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		if decoded, ok := unescapeQuery(key); !ok || decoded != name {
			continue
		}
		return unescapeQuery(value)
	}
	return "", false
}

func unescapeQuery(s string) (string, bool) {
	if !strings.ContainsAny(s, "%+") {
		return s, true
	}
	v, err := url.QueryUnescape(s)
	return v, err == nil
}

// cookieValue finds a cookie in the Cookie fields (RFC 6265 section 4.2); quotes
// around the value are not part of it.
func cookieValue(h *filter.Header, name string) (string, bool) {
	if h == nil {
		return "", false
	}
	for _, f := range h.Fields() {
		if !filter.EqualFold(f.Name, "cookie") {
			continue
		}
		for line := f.Value; line != ""; {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			key, value, ok := strings.Cut(strings.TrimLeft(pair, " \t"), "=")
			if !ok || key != name {
				continue
			}
			value = strings.TrimRight(value, " \t")
			if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
				value = value[1 : len(value)-1]
			}
			return value, true
		}
	}
	return "", false
}
