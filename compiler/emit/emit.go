// Package emit writes a compiled program as a bundle: same program, same bytes.
package emit

import (
	"encoding/json"
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// Meta is what the caller says of the bundle.
type Meta = bundle.Meta

// Bundle encodes a program that has passed the checks. Positions go into shards
// of their own, tests and descriptions nowhere.
func Bundle(p *ir.Program, meta Meta) (*bundle.Bundle, error) {
	known := map[string]json.RawMessage{}
	c := bundle.Content{Shared: p.Shared.Def, Sources: map[string]bundle.Source{}, Owners: map[string]string{}}
	for _, d := range p.Domains {
		def := d.Def
		def.Routes = make([]route.Route, len(d.Def.Routes))
		for i := range d.Def.Routes {
			r := d.Def.Routes[i]
			filters, err := canonicalFilters(r.Filters, known)
			if err != nil {
				return nil, fmt.Errorf("route %s: %w", r.ID, err)
			}
			r.Filters = filters
			def.Routes[i] = r
		}
		for _, r := range d.Routes {
			c.Sources[r.Def.ID] = bundle.Source{Module: r.Module, File: r.Pos.File, Line: r.Pos.Line, Column: r.Pos.Column}
		}
		if d.Owner != "" {
			c.Owners[d.Def.Name] = d.Owner
		}
		c.Domains = append(c.Domains, def)
	}
	b, err := bundle.Encode(c, meta)
	if err != nil {
		return nil, fmt.Errorf("encode the bundle: %w", err)
	}
	return b, nil
}

// canonicalFilters copies the filters in the form that the bundle holds. Routes share
// few configurations: known keeps those that were seen.
func canonicalFilters(in route.Filters, known map[string]json.RawMessage) (route.Filters, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := make(route.Filters, len(in))
	for name, raw := range in {
		c, ok := known[string(raw)]
		if !ok {
			var err error
			if c, err = bundle.Canonical(raw); err != nil {
				return nil, fmt.Errorf("filter %s: %w", name, err)
			}
			known[string(raw)] = c
		}
		out[name] = c
	}
	return out, nil
}
