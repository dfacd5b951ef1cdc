// Package overlay changes a domain's data as an environment says.
package overlay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/shape"
)

// Overlay is what an environment sets, as plain data with numbers as json.Number.
type Overlay struct {
	Domains   map[string]Domain         `json:"domains"`
	Upstreams map[string]map[string]any `json:"upstreams"`
	Secrets   map[string]map[string]any `json:"secrets"`
	Settings  map[string]any            `json:"settings"`
}

// Domain is what an environment sets in one domain.
type Domain struct {
	// Hosts is a list of hosts, or a map of old names to new ones.
	Hosts          any                       `json:"hosts,omitempty"`
	Owner          any                       `json:"owner,omitempty"`
	MethodMismatch any                       `json:"methodMismatch,omitempty"`
	Upstreams      map[string]map[string]any `json:"upstreams,omitempty"`
	Secrets        map[string]map[string]any `json:"secrets,omitempty"`
	Routes         map[string]map[string]any `json:"routes,omitempty"`
}

// Decode reads an overlay that has passed the schema.
func Decode(raw []byte) (*Overlay, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	o := &Overlay{}
	if err := dec.Decode(o); err != nil {
		return nil, fmt.Errorf("read environment: %w", err)
	}
	return o, nil
}

// Mistake is something in an overlay that fits nothing in the domain.
type Mistake struct {
	// Path is where it stands, below the domain's name.
	Path []string
	// Name is what is not there, and What it would be: "route", "upstream", "secret" or
	// "host"; Known are the names that there are.
	Name, What string
	Known      []string
	// To is set for a new name that cannot take the place of the old one.
	To string
}

// Apply changes a domain's value, whose data must be its own. Shared values have the
// names of shared upstreams and secrets, which an environment sets for all domains.
func (d Domain) Apply(v *ir.Value) (wrong []Mistake) {
	wrong = append(wrong, members(v.Upstreams, d.Upstreams, "upstreams", "upstream")...)
	wrong = append(wrong, members(v.Secrets, d.Secrets, "secrets", "secret")...)
	wrong = append(wrong, members(v.Routes, d.Routes, "routes", "route")...)
	if v.Domain == nil {
		return wrong
	}
	if d.Owner != nil {
		v.Domain["owner"] = d.Owner
	}
	if d.MethodMismatch != nil {
		v.Domain["methodMismatch"] = d.MethodMismatch
	}
	switch h := d.Hosts.(type) {
	case []any:
		v.Domain["hosts"] = shape.Clone(h)
	case map[string]any:
		wrong = append(wrong, rename(v, h)...)
	}
	return wrong
}

// Shared changes the value of the shared files.
func (o *Overlay) Shared(v *ir.Value) (wrong []Mistake) {
	wrong = append(wrong, members(v.Upstreams, o.Upstreams, "upstreams", "upstream")...)
	wrong = append(wrong, members(v.Secrets, o.Secrets, "secrets", "secret")...)
	if len(o.Settings) > 0 {
		if v.Settings == nil {
			v.Settings = map[string]any{}
		}
		merge(v.Settings, o.Settings)
	}
	return wrong
}

func members(into, from map[string]map[string]any, top, what string) (wrong []Mistake) {
	for _, name := range slices.Sorted(maps.Keys(from)) {
		have, ok := into[name]
		if !ok {
			wrong = append(wrong, Mistake{Path: []string{top, name}, Name: name, What: what, Known: slices.Sorted(maps.Keys(into))})
			continue
		}
		merge(have, from[name])
	}
	return wrong
}

// merge sets in one struct what the other says: structs are merged, all else is
// replaced.
func merge(into, from map[string]any) {
	for name, v := range from {
		inner, ok1 := v.(map[string]any)
		have, ok2 := into[name].(map[string]any)
		if ok1 && ok2 {
			merge(have, inner)
			continue
		}
		into[name] = shape.Clone(v)
	}
}

// rename gives hosts their new names, in the domain, its routes and its cases.
func rename(v *ir.Value, names map[string]any) (wrong []Mistake) {
	hosts, _ := v.Domain["hosts"].([]any)
	var known []string
	for _, h := range hosts {
		if s, ok := h.(string); ok {
			known = append(known, strings.ToLower(s))
		}
	}
	r := renaming{}
	for _, from := range slices.Sorted(maps.Keys(names)) {
		to, _ := names[from].(string)
		from := strings.ToLower(from)
		switch {
		case !slices.Contains(known, from):
			wrong = append(wrong, Mistake{Path: []string{"hosts", from}, Name: from, What: "host", Known: known})
		case strings.HasPrefix(from, "*.") != strings.HasPrefix(to, "*."):
			wrong = append(wrong, Mistake{Path: []string{"hosts", from}, Name: from, What: "host", To: to})
		default:
			r[from] = strings.ToLower(to)
		}
	}
	r.list(hosts)
	for _, route := range v.Routes {
		if list, ok := route["hosts"].([]any); ok {
			r.list(list)
		}
		tests, _ := route["tests"].(map[string]any)
		for _, c := range tests {
			r.within(c, "request")
			r.within(c, "expect", "upstream")
		}
	}
	return wrong
}

// renaming maps host patterns, in lower case, to their new names.
type renaming map[string]string

func (r renaming) list(hosts []any) {
	for i, h := range hosts {
		if s, ok := h.(string); ok {
			hosts[i] = r.host(s)
		}
	}
}

// within renames the host that a case has under the path.
func (r renaming) within(v any, path ...string) {
	m, _ := v.(map[string]any)
	for _, p := range path {
		m, _ = m[p].(map[string]any)
	}
	if host, ok := m["host"].(string); ok {
		m["host"] = r.host(host)
	}
}

// host is the new name of a host or pattern: that of its own, or that of the longest
// wildcard above it. A port stays.
func (r renaming) host(name string) string {
	host, port := name, ""
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.HasSuffix(name, "]") {
		host, port = name[:i], name[i:]
	}
	host = strings.ToLower(host)
	if to, ok := r[host]; ok {
		return to + port
	}
	for i := strings.IndexByte(host, '.'); i >= 0; {
		if to, ok := r["*"+host[i:]]; ok {
			return host[:i] + strings.TrimPrefix(to, "*") + port
		}
		next := strings.IndexByte(host[i+1:], '.')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return name
}
