package compiler

import (
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/check"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// Cases are the test cases of the program, bound to the bundle's digest, with
// what their authors left out filled in: the host and the path are ones that the
// route takes, and expect.route is an id.
func (r *Result) Cases() (*cases.Set, error) {
	set := &cases.Set{Bundle: r.Bundle.Digest(), Cases: []cases.Case{}}
	for _, d := range r.Program.Domains {
		for _, rt := range d.Routes {
			for _, c := range rt.Tests {
				spec, err := cases.ParseSpec(c.Body)
				if err != nil {
					return nil, fmt.Errorf("%s: case %q: %w", c.Pos, c.Name, err)
				}
				complete(&spec, d, rt)
				set.Cases = append(set.Cases, cases.Case{
					Route: rt.Def.ID, Name: c.Name, File: c.Pos.File, Line: c.Pos.Line, Column: c.Pos.Column, Spec: spec,
				})
			}
		}
	}
	return set, nil
}

func complete(s *cases.Spec, d *ir.Domain, r *ir.Route) {
	q := &s.Request
	if q.Method == "" {
		q.Method = "GET"
	}
	if q.Scheme == "" {
		q.Scheme = "http"
	}
	host, path := check.Sample(r.Def)
	if q.Host == "" {
		q.Host = host
	}
	if q.Path == "" {
		q.Path = path
	}
	route := r.Def.ID
	if given := s.Expect.Route; given != nil {
		if route = *given; route != "" && !strings.Contains(route, "/") {
			route = d.Def.Name + "/" + route
		}
	}
	s.Expect.Route = &route
}
