package coverage

import (
	"maps"
	"slices"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// Kind is what a point is about.
type Kind string

const (
	// KindRoute is the route itself.
	KindRoute Kind = "route"
	// KindHost is one of its host patterns.
	KindHost Kind = "host"
	// KindPredicate is one side of a predicate.
	KindPredicate Kind = "predicate"
	// KindFilter is one of its filters.
	KindFilter Kind = "filter"
)

// Side is the outcome of a predicate.
type Side string

const (
	// True is the outcome with which the route takes a request.
	True Side = "true"
	// False is the outcome with which it does not.
	False Side = "false"
)

// Point is one thing that a case can reach.
type Point struct {
	Kind Kind `json:"kind"`
	// Name is the host pattern, "method", "header x-stage", "query v", "cookie beta",
	// or the filter's name; "" for the route itself.
	Name string `json:"name,omitempty"`
	// Side is set for predicates.
	Side    Side `json:"side,omitempty"`
	Covered bool `json:"covered"`
	// Reached is how many cases reached the point.
	Reached int `json:"reached"`
	// Cases are the first MaxPointCases of them, by index.
	Cases []int `json:"cases,omitempty"`
}

// methodPoint is what the table calls the predicate on methods.
const methodPoint = "method"

// Missing says in words that the point was not reached; "" when it was.
func (p *Point) Missing() string {
	switch {
	case p.Covered:
		return ""
	case p.Kind == KindHost:
		return "host " + p.Name + ": never asked"
	case p.Kind == KindPredicate:
		return p.Name + ": never " + string(p.Side)
	case p.Kind == KindFilter:
		return "filter " + p.Name + ": never reached"
	}
	return "no passing case"
}

// reach notes a case; it is called once for each case that reaches the point.
func (p *Point) reach(index int) {
	p.Covered = true
	if p.Reached++; len(p.Cases) < MaxPointCases {
		p.Cases = append(p.Cases, index)
	}
}

// pointsOf lists what can be reached of a route.
func pointsOf(r *route.Route) []Point {
	out := []Point{{Kind: KindRoute}}
	for _, h := range r.Hosts {
		out = append(out, Point{Kind: KindHost, Name: h})
	}
	for _, name := range predicates(&r.Match) {
		out = append(out, Point{Kind: KindPredicate, Name: name, Side: True}, Point{Kind: KindPredicate, Name: name, Side: False})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Filters)) {
		out = append(out, Point{Kind: KindFilter, Name: name})
	}
	return out
}

// predicates names the predicates of a match as the table's Explain does.
func predicates(m *route.Match) []string {
	var out []string
	if len(m.Methods) > 0 {
		out = append(out, methodPoint)
	}
	for _, set := range []struct {
		source string
		by     map[string]route.Condition
	}{{"header", m.Headers}, {"query", m.Query}, {"cookie", m.Cookies}} {
		for _, name := range slices.Sorted(maps.Keys(set.by)) {
			out = append(out, set.source+" "+name)
		}
	}
	return out
}
