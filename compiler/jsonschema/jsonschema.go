// Package jsonschema writes the route language as JSON Schema (draft 2020-12), for
// those who write data files in JSON or YAML with an editor that completes and checks,
// and turn them into CUE.
package jsonschema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/lang"
)

// dialect is the version of JSON Schema that is written.
const dialect = "https://json-schema.org/draft/2020-12/schema"

// ErrUnknown is returned for a definition that the schema does not have.
var ErrUnknown = errors.New("there is no such definition")

// Domain is the schema of a data file of one domain: domain, upstreams, secrets and
// routes, all optional. It says what CUE says; what the rules of check say beyond, it
// does not know.
func Domain(l *lang.Language) ([]byte, error) {
	e := exporter{lang: l, done: map[string]bool{}}
	named := func(def string) lang.Type {
		return lang.Struct{Keys: lang.Scalar{Kind: "string"}, Values: lang.Ref{Name: def}}
	}
	root, err := e.object(lang.Struct{Fields: []*lang.Field{
		{Name: "domain", Type: lang.Ref{Name: "#Domain"}, Doc: l.Def("#Domain").Doc},
		{Name: "upstreams", Type: named("#Upstream"), Doc: "upstreams are named groups of endpoints."},
		{Name: "secrets", Type: named("#Secret"), Doc: "secrets are references to secrets by name; a secret itself never stands here."},
		{Name: "routes", Type: named("#Route"), Doc: "routes are the domain's routes by name."},
	}})
	if err != nil {
		return nil, err
	}
	root.Title = "Routes of a domain (Lintel)"
	return e.finish(root)
}

// Definition is the schema of one definition, such as "#Route" or "Route". It returns
// ErrUnknown when there is none of that name.
func Definition(l *lang.Language, name string) ([]byte, error) {
	name = "#" + strings.TrimPrefix(name, "#")
	if l.Def(name) == nil {
		return nil, ErrUnknown
	}
	e := exporter{lang: l, done: map[string]bool{}}
	root := &node{Title: strings.TrimPrefix(name, "#") + " (Lintel)", Ref: e.ref(name)}
	return e.finish(root)
}

// exporter writes types and remembers which definitions they need.
type exporter struct {
	lang    *lang.Language
	done    map[string]bool
	pending []string
}

func (e *exporter) ref(name string) string {
	if !e.done[name] {
		e.done[name] = true
		e.pending = append(e.pending, name)
	}
	return "#/$defs/" + strings.TrimPrefix(name, "#")
}

// finish adds the definitions that are needed, in the order of the schema.
func (e *exporter) finish(root *node) ([]byte, error) {
	root.Schema = dialect
	written := map[string]*node{}
	for len(e.pending) > 0 {
		name := e.pending[0]
		e.pending = e.pending[1:]
		d := e.lang.Def(name)
		if d == nil {
			return nil, fmt.Errorf("export %s: %w", name, ErrUnknown)
		}
		n, err := e.node(d.Type)
		if err != nil {
			return nil, fmt.Errorf("export %s: %w", name, err)
		}
		n.Description = sentence(d.Doc, d.Expect)
		written[name] = n
	}
	for _, d := range e.lang.Definitions {
		if n := written[d.Name]; n != nil {
			root.Defs = append(root.Defs, property{strings.TrimPrefix(d.Name, "#"), n})
		}
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("encode JSON Schema: %w", err)
	}
	return []byte(b.String()), nil
}

// sentence is a comment as one line, with the words for a pattern.
func sentence(doc, expect string) string {
	doc = strings.Join(strings.Fields(doc), " ")
	if expect != "" {
		doc = strings.TrimSpace(doc + " Write " + expect + ".")
	}
	return doc
}
