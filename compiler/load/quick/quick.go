// Package quick evaluates the part of CUE in which most route files are written:
// data, anchors, and templates with parameters, defaults and texts made of them. It
// gives the very data that CUE would give, or says that it cannot; it never finds a
// mistake, it only stops, and then CUE has the word.
package quick

import (
	"cuelang.org/go/cue/ast"

	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/load/accept"
)

// Shared are the files that apply to every domain. It is read only and may be used by
// several goroutines.
type Shared struct {
	names *names
	files int
	refs  references
	// schema are the definitions that route files may name.
	schema map[string]*accept.Node
	// domain, upstreams, secrets and routes are what may stand at the top.
	domain, upstreams, secrets, routes *accept.Node
}

// New prepares shared files, which must have passed CUE with lintel, the file that
// gives route files the names of the schema. The files are not changed, and must not
// be: CUE itself changes those that it evaluates.
func New(schema *accept.Schema, lintel *ast.File, files []*ast.File) *Shared {
	s := &Shared{
		names: newNames(files), files: len(files), refs: newReferences(), schema: map[string]*accept.Node{},
		domain:    schema.Def("#Domain"),
		upstreams: accept.MapOf(schema.Def("#Upstream")),
		secrets:   accept.MapOf(schema.Def("#Secret")),
		routes:    accept.MapOf(schema.Def("#Route")),
	}
	for name := range newNames([]*ast.File{lintel}).fields {
		if def := schema.Def(name); def != nil {
			s.schema[name] = def
			// Such a name would be a part of the schema.
			s.names.odd = s.names.odd || s.names.fields[name] != nil
		}
	}
	for i, f := range files {
		s.refs.file(f, i, s.schema, s.names)
	}
	return s
}

// Domain evaluates the files of a domain with the shared files: the domain's own
// upstreams and secrets without the shared ones, and its routes. No two parts of the
// value share data. It returns nil when CUE has to do it, because something is beyond
// this package, or is wrong.
func (s *Shared) Domain(files []*ast.File) *ir.Value {
	if s == nil {
		return nil
	}
	e := newEvaluation(s, files)
	if e == nil {
		return nil
	}
	out := &ir.Value{
		Domain:    e.top("domain", s.domain),
		Upstreams: members(e.top("upstreams", s.upstreams)),
		Secrets:   members(e.top("secrets", s.secrets)),
		Routes:    members(e.top("routes", s.routes)),
	}
	if e.failed || !e.reachedAll() {
		return nil
	}
	return out
}

func members(in map[string]any) map[string]map[string]any {
	if in == nil {
		return nil
	}
	out := make(map[string]map[string]any, len(in))
	for name, v := range in {
		// What a top name holds has been accepted as structs.
		out[name] = v.(map[string]any)
	}
	return out
}
