package diff

import (
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// view is a side with its parts by name.
type view struct {
	Side
	domains  map[string]*bundle.Domain
	programs map[string]*ir.Domain
	sources  map[string]bundle.Source
}

func open(s Side) (*view, error) {
	v := &view{Side: s, domains: map[string]*bundle.Domain{}, programs: map[string]*ir.Domain{}}
	var err error
	if v.sources, err = s.Bundle.Sources(); err != nil {
		return nil, fmt.Errorf("read the sources of %s: %w", s.Name, err)
	}
	for _, d := range s.Bundle.Domains() {
		v.domains[d.Def.Name] = d
	}
	if s.Program != nil {
		for _, d := range s.Program.Domains {
			v.programs[d.Def.Name] = d
		}
	}
	return v, nil
}

func (v *view) ref() Ref {
	m := v.Bundle.Manifest()
	return Ref{Name: v.Name, Digest: v.Bundle.Digest(), Content: m.Content, Revision: m.Revision}
}

func (v *view) owner(domain string) string { return v.Bundle.Manifest().Owners[domain] }

// index finds what is written in a domain, or in the shared files; nil where the
// side was not compiled here.
func (v *view) index(domain string) ir.Index {
	if v.Program == nil {
		return nil
	}
	if domain == "" {
		return v.Program.Shared.Index
	}
	if d := v.programs[domain]; d != nil {
		return d.Index
	}
	return nil
}

// route is where a route is written.
func (v *view) route(id string) *Place {
	s, ok := v.sources[id]
	if !ok {
		return nil
	}
	return &Place{File: s.File, Line: s.Line, Column: s.Column}
}

// lookup is where a path, or at least the first elements of it, is written.
func (v *view) lookup(domain string, least int, path ...string) *Place {
	ix := v.index(domain)
	if ix == nil {
		return nil
	}
	pos, depth := ix.Lookup(path...)
	if depth < least || !pos.IsValid() {
		return nil
	}
	return placeOf(pos)
}

func placeOf(p diag.Pos) *Place { return &Place{File: p.File, Line: p.Line, Column: p.Column} }

// field is where a field of a thing is written. What stands in no file by itself,
// such as a default or what a template gives, has the place of the thing alone.
func (v *view) field(domain string, thing, path []string) *Place {
	if p := v.lookup(domain, len(thing)+1, append(thing[:len(thing):len(thing)], path...)...); p != nil {
		return p
	}
	if thing[0] == "routes" && path[0] == "hosts" {
		return v.lookup(domain, 2, "domain", "hosts")
	}
	return nil
}

// below is the file's name without the routes directory, which each side names its
// own way.
func below(file string) string {
	if _, rest, ok := strings.Cut(file, "/"); ok {
		return rest
	}
	return file
}
