package check

import (
	"net/url"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// sample is a request that a route takes, as far as its host, path and method say.
type sample struct {
	method, host, path string
	query              []string
	headers            filter.Header
	cookies            []string
}

func sampleOf(host string, e *entry) *sample {
	s := &sample{method: e.methods()[0], host: host}
	switch {
	case host == "*":
		s.host = "any.example"
	case strings.HasPrefix(host, "*"):
		s.host = "x" + host[1:]
	}
	p := e.route.Def.Path
	switch e.rank.Class {
	case table.ClassExact:
		s.path = p.Exact
	case table.ClassTemplate:
		for _, seg := range e.rank.Template {
			switch seg.Kind {
			case table.Static:
				s.path += "/" + seg.Text
			default:
				s.path += "/" + seg.Prefix + "x" + seg.Suffix
			}
		}
	case table.ClassPrefix:
		if s.path = e.rank.Prefix; s.path == "" {
			s.path = "/"
		}
	case table.ClassRegex:
		s.path, _ = meet(p.Regex, "/.*")
	}
	return s
}

// conditions are the route's conditions in the order headers, query, cookies.
func (e *entry) conditions() []conditionSet { return conditionSets(&e.route.Def.Match) }

// apply adds values that meet the conditions of all sets, which do not exclude each
// other.
func (s *sample) apply(sets ...[]conditionSet) {
	values, _ := conditionsMeet(sets...)
	for _, v := range values {
		switch v.field {
		case "headers":
			s.headers.Set(v.name, v.value)
		case "query":
			s.query = append(s.query, url.QueryEscape(v.name)+"="+url.QueryEscape(v.value))
		case "cookies":
			s.cookies = append(s.cookies, v.name+"="+v.value)
		}
	}
	if len(s.cookies) > 0 {
		s.headers.Set("cookie", strings.Join(s.cookies, "; "))
	}
}

func (s *sample) request() *table.Request {
	return &table.Request{Method: s.method, Host: s.host, Path: s.path, Query: strings.Join(s.query, "&"), Header: &s.headers}
}

// String is the request as a person would say it.
func (s *sample) String() string {
	out := s.method + " " + s.host + s.path
	if len(s.query) > 0 {
		out += "?" + strings.Join(s.query, "&")
	}
	for i, f := range s.headers.Fields() {
		if out += " and "; i == 0 {
			out = strings.TrimSuffix(out, " and ") + " with "
		}
		out += f.Name + ": " + f.Value
	}
	return out
}

// held is a value that meets all conditions on one name.
type held struct{ field, name, value string }

// conditionsMeet finds a value for every name on which the sets have a condition;
// ok is false when two of them exclude each other.
func conditionsMeet(sets ...[]conditionSet) (out []held, ok bool) {
	for i, field := range []string{"headers", "query", "cookies"} {
		all := map[string][]route.Condition{}
		for _, set := range sets {
			for name, c := range set[i].by {
				all[name] = append(all[name], c)
			}
		}
		for _, name := range sortedKeys(all) {
			value, present, ok := valueFor(all[name])
			if !ok {
				return nil, false
			}
			if present {
				out = append(out, held{field, name, value})
			}
		}
	}
	return out, true
}

// valueFor finds a value that meets all conditions; present is false when they ask
// for the name to be absent.
func valueFor(all []route.Condition) (value string, present, ok bool) {
	expr := `[!-~]*`
	absent := 0
	for _, c := range all {
		if c.Present != nil && !*c.Present {
			absent++
		}
	}
	if absent > 0 {
		return "", false, absent == len(all)
	}
	for _, c := range all {
		var next string
		switch {
		case c.Exact != nil:
			next = quote(*c.Exact)
		case c.Prefix != nil:
			next = quote(*c.Prefix) + `(?s:.*)`
		case c.Regex != nil:
			next = *c.Regex
		default:
			next = `(?s:.*)`
		}
		v, ok := meet(expr, next)
		if !ok {
			if v, ok = meet(`(?s:.*)`, next); !ok || expr != `[!-~]*` {
				return "", true, false
			}
		}
		// Two conditions on one name: at most one is looser than a literal here, so
		// the value found so far is what the next must take too.
		if expr == `[!-~]*` {
			expr = next
		} else {
			expr = quote(v)
		}
		value = v
	}
	return value, true, true
}
