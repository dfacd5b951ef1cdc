package ir

import (
	"encoding/json"
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// stored is the form in which a cache keeps a domain: all but its Index.
type stored struct {
	Def    route.Domain
	Owner  string
	Pos    diag.Pos
	Routes []storedRoute
}

type storedRoute struct {
	Name, Module, Description string
	Pos                       diag.Pos
	Tests                     []Case
}

// EncodeDomain writes a domain without its Index.
func EncodeDomain(d *Domain) ([]byte, error) {
	s := stored{Def: d.Def, Owner: d.Owner, Pos: d.Pos, Routes: make([]storedRoute, len(d.Routes))}
	for i, r := range d.Routes {
		s.Routes[i] = storedRoute{r.Name, r.Module, r.Description, r.Pos, r.Tests}
	}
	b, err := marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode domain %s: %w", d.Def.Name, err)
	}
	return b, nil
}

// DecodeDomain reads what EncodeDomain wrote.
func DecodeDomain(data []byte, index Index) (*Domain, error) {
	var s stored
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("decode domain: %w", err)
	}
	if len(s.Routes) != len(s.Def.Routes) {
		return nil, fmt.Errorf("decode domain: %d routes and %d definitions", len(s.Routes), len(s.Def.Routes))
	}
	d := &Domain{Def: s.Def, Owner: s.Owner, Pos: s.Pos, Index: index, Routes: make([]*Route, len(s.Routes))}
	for i, r := range s.Routes {
		d.Routes[i] = &Route{
			Name: r.Name, Module: r.Module, Description: r.Description, Pos: r.Pos, Tests: r.Tests,
		}
	}
	d.link()
	return d, nil
}
