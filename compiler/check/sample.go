package check

import (
	"net/url"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/ir"
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

// apply adds values that meet the conditions of all sets, which do not exclude each
// other.
func (s *sample) apply(sets ...[]conditionSet) {
	values, _ := newSolver().conditionsMeet(sets...)
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

// Sample is a host and a path that the route takes: its first exact host, or one
// below its first pattern.
func Sample(r *route.Route) (host, path string) {
	rank, err := table.RankOf(&r.Match)
	if err != nil {
		return r.Hosts[0], "/"
	}
	host = r.Hosts[0]
	for _, h := range r.Hosts {
		if !strings.HasPrefix(h, "*") {
			host = h
			break
		}
	}
	s := sampleOf(host, &entry{route: &ir.Route{Def: r}, rank: rank})
	return s.host, s.path
}
