package explain

import (
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/load/index"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// places tells where things are written: everything with a program, routes without.
type places struct {
	sources map[string]bundle.Source
	routes  map[string]written // by id
}

// written is a route in its domain.
type written struct {
	domain *ir.Domain
	route  *ir.Route
}

// origins is an index that knows templates and anchors too.
type origins interface {
	Origins(path ...string) []index.Origin
}

func placesOf(b *bundle.Bundle, prog *ir.Program) (p places, err error) {
	if prog == nil {
		if p.sources, err = b.Sources(); err != nil {
			return p, fmt.Errorf("read the sources of the bundle: %w", err)
		}
		return p, nil
	}
	p.routes = map[string]written{}
	for _, d := range prog.Domains {
		for _, r := range d.Routes {
			p.routes[r.Def.ID] = written{d, r}
		}
	}
	return p, nil
}

// route is where a route is written; nil when nobody knows.
func (p *places) route(id string) *Place {
	if w, ok := p.routes[id]; ok {
		return place(w.route.Pos, "")
	}
	if s, ok := p.sources[id]; ok {
		return &Place{File: s.File, Line: s.Line}
	}
	return nil
}

func (p *places) description(id string) string {
	if w, ok := p.routes[id]; ok {
		return w.route.Description
	}
	return ""
}

// filter is the nearest place that a route's author wrote to a filter's configuration,
// and the places in templates and anchors that write some of it.
func (p *places) filter(id, name string) (nearest *Place, from []Place) {
	w, ok := p.routes[id]
	if !ok {
		return p.route(id), nil
	}
	path := []string{"routes", w.route.Name, "filters", name}
	pos, _ := w.domain.Index.Lookup(path...)
	nearest = place(pos, "")
	x, ok := w.domain.Index.(origins)
	if !ok {
		return nearest, nil
	}
	for _, o := range x.Origins(path...) {
		if at := place(o.Pos, o.Name); at != nil && o.Name != "" {
			from = append(from, *at)
		}
	}
	return nearest, from
}

func place(p diag.Pos, name string) *Place {
	if !p.IsValid() {
		return nil
	}
	return &Place{File: p.File, Line: p.Line, Name: name}
}

// String is file:line, and the name of the template or anchor there.
func (p *Place) String() string {
	if p == nil {
		return ""
	}
	s := fmt.Sprintf("%s:%d", p.File, p.Line)
	if p.Name != "" {
		s += " (" + p.Name + ")"
	}
	return s
}
