package ir

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/shape"
	"github.com/lintel-gateway/lintel/compiler/suggest"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// Evaluated is one package as CUE evaluated it, before defaults.
type Evaluated struct {
	// Name is the domain's name.
	Name string
	// JSON is the package's value: domain, upstreams, secrets and routes. It is
	// read when there is no Value.
	JSON []byte
	// Value is the same as data, which the assembly changes.
	Value *Value
	// Index finds what was written; Module names the module of a file.
	Index  Index
	Module func(file string) string
	// First is the place of the domain's first file.
	First diag.Pos
	// Without names shared upstreams and secrets, which the value holds too.
	Without Shared
}

// Value is what an evaluated package holds, as plain data with numbers as json.Number.
type Value struct {
	Domain    map[string]any            `json:"domain"`
	Upstreams map[string]map[string]any `json:"upstreams"`
	Secrets   map[string]map[string]any `json:"secrets"`
	Routes    map[string]map[string]any `json:"routes"`
	Settings  map[string]any            `json:"settings"`
	Groups    map[string]map[string]any `json:"groups"`
}

// AssembleShared makes the shared part of a program. The value must have passed
// the schema.
func AssembleShared(s *shape.Schema, e Evaluated) (Shared, diag.List, error) {
	a := assembly{schema: s, index: e.Index}
	v, err := a.read(e)
	if err != nil {
		return Shared{}, nil, err
	}
	out := Shared{Index: e.Index}
	if out.Def.Upstreams, err = a.upstreams(v.Upstreams, nil); err != nil {
		return Shared{}, nil, err
	}
	if out.Def.Secrets, err = a.secrets(v.Secrets, nil); err != nil {
		return Shared{}, nil, err
	}
	if v.Settings == nil {
		v.Settings = map[string]any{}
	}
	if err := s.Def("#Settings").Fill(v.Settings); err != nil {
		return Shared{}, nil, err
	}
	a.decode(v.Settings, &out.Settings, "settings")
	if err := a.groups(&out, v.Groups); err != nil {
		return Shared{}, nil, err
	}
	return out, a.found, nil
}

// AssembleDomain makes a domain of its evaluated value: defaults filled in, hosts
// completed, lists in canonical order, places attached. The value must have
// passed the schema; what still does not fit is a diagnostic.
func AssembleDomain(s *shape.Schema, e Evaluated) (*Domain, diag.List, error) {
	a := assembly{schema: s, index: e.Index}
	v, err := a.read(e)
	if err != nil {
		return nil, nil, err
	}
	if v.Domain == nil {
		return nil, diag.List{{
			Code: "missing-field", Severity: diag.Error, Pos: e.First, Path: "domain",
			Message: fmt.Sprintf("the folder %q does not say which hosts it owns", e.Name),
			Hint:    fmt.Sprintf("add domain: {hosts: [%q]} to one of its files", e.Name),
		}}, nil
	}
	d := &Domain{Def: route.Domain{Name: e.Name}, Index: e.Index, Pos: e.First}
	if p, depth := e.Index.Lookup("domain"); depth == 1 {
		d.Pos = p
	}
	if err := a.domain(d, v.Domain); err != nil {
		return nil, nil, err
	}
	if d.Def.Upstreams, err = a.upstreams(v.Upstreams, e.Without.Def.Upstreams); err != nil {
		return nil, nil, err
	}
	if d.Def.Secrets, err = a.secrets(v.Secrets, e.Without.Def.Secrets); err != nil {
		return nil, nil, err
	}
	if err := a.routes(d, v.Routes, e.Module); err != nil {
		return nil, nil, err
	}
	return d, a.found, nil
}

type assembly struct {
	schema *shape.Schema
	index  Index
	found  diag.List
}

func (a *assembly) read(e Evaluated) (*Value, error) {
	if e.Value != nil {
		return e.Value, nil
	}
	v, err := ReadValue(e.JSON)
	if err != nil {
		return nil, fmt.Errorf("domain %s: %w", e.Name, err)
	}
	return v, nil
}

// ReadValue reads a value that CUE has written.
func ReadValue(raw []byte) (*Value, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	v := &Value{}
	if err := dec.Decode(v); err != nil {
		return nil, fmt.Errorf("read evaluated data: %w", err)
	}
	return v, nil
}

// domain reads what the domain says of itself.
func (a *assembly) domain(d *Domain, v map[string]any) error {
	if err := a.schema.Def("#Domain").Fill(v); err != nil {
		return err
	}
	var def struct {
		Hosts          []string `json:"hosts"`
		Owner          string   `json:"owner"`
		Groups         []string `json:"groups"`
		MethodMismatch int      `json:"methodMismatch"`
	}
	if a.decode(v, &def, "domain") {
		d.Def.Hosts = canonicalHosts(def.Hosts)
		d.Def.MethodMismatch, d.Owner = def.MethodMismatch, def.Owner
		d.Groups = canonicalGroups(def.Groups)
		a.emptyGroups(v["groups"], "domain")
	}
	if len(d.Def.Hosts) == 0 {
		pos, _ := a.index.Lookup("domain", "hosts")
		a.found = append(a.found, diag.Diagnostic{
			Code: "out-of-range", Severity: diag.Error, Pos: pos, Path: "domain.hosts",
			Message: "the domain owns no host", Hint: fmt.Sprintf("write hosts: [%q]", d.Def.Name),
		})
	}
	return nil
}

func (a *assembly) upstreams(in map[string]map[string]any, without map[string]route.Upstream) (map[string]route.Upstream, error) {
	var out map[string]route.Upstream
	for _, name := range sortedKeys(in) {
		if _, shared := without[name]; shared {
			continue
		}
		if !a.named("upstreams", name) {
			continue
		}
		v := in[name]
		if list, ok := v["endpoints"].([]any); ok {
			for i, e := range list {
				if address, ok := e.(string); ok {
					list[i] = map[string]any{"address": address}
				}
			}
		}
		if err := a.schema.Def("#Upstream").Fill(v); err != nil {
			return nil, err
		}
		var u route.Upstream
		if a.decode(v, &u, "upstreams", name) {
			if u.HTTP == "1.1" {
				u.HTTP = "" // what a bundle of any gateway says by saying nothing
			}
			if out == nil {
				out = map[string]route.Upstream{}
			}
			out[name] = u
		}
	}
	return out, nil
}

func (a *assembly) secrets(in map[string]map[string]any, without map[string]route.Secret) (map[string]route.Secret, error) {
	var out map[string]route.Secret
	for _, name := range sortedKeys(in) {
		if _, shared := without[name]; shared {
			continue
		}
		if !a.named("secrets", name) {
			continue
		}
		if err := a.schema.Def("#Secret").Fill(in[name]); err != nil {
			return nil, err
		}
		var s route.Secret
		if a.decode(in[name], &s, "secrets", name) {
			if out == nil {
				out = map[string]route.Secret{}
			}
			out[name] = s
		}
	}
	return out, nil
}

// named tells whether a name can be one, and reports it if not.
func (a *assembly) named(path ...string) bool {
	name := path[len(path)-1]
	if validName(name) {
		return true
	}
	pos, _ := a.index.Lookup(path...)
	hint := `use letters, digits, ".", "_" and "-", at most 128, and begin with a letter or digit`
	if odd := suggest.Odd(name); odd != "" {
		hint = odd + "; " + hint
	}
	a.found = append(a.found, diag.Diagnostic{
		Code: "bad-name", Severity: diag.Error, Pos: pos, Path: diag.Path(path...),
		Message: fmt.Sprintf("%q is not a name that may stand under %s", name, path[0]),
		Hint:    hint,
	})
	return false
}

func validName(name string) bool {
	if name == "" || len(name) > 128 {
		return false
	}
	for i, c := range []byte(name) {
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return true
}

// decode moves a filled value into its Go type. What the schema allowed and the
// type does not, a duration beyond any clock, is the author's mistake.
func (a *assembly) decode(v, into any, path ...string) bool {
	raw, err := marshal(v)
	if err == nil {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		err = dec.Decode(into)
	}
	if err == nil {
		return true
	}
	d := diag.Diagnostic{
		Code: "bad-format", Severity: diag.Error,
		Message: "the value cannot be read: " + strings.TrimPrefix(err.Error(), "json: "),
	}
	if at, text := overlong(v, err); at != nil {
		path = append(path[:len(path):len(path)], at...)
		d.Code = "out-of-range"
		d.Message = fmt.Sprintf("%q is longer than any duration may be", text)
		d.Hint = "the longest is about 290 years; write fewer hours"
	}
	d.Path = diag.Path(path...)
	d.Pos, _ = a.index.Lookup(path...)
	a.found = append(a.found, d)
	return false
}

// overlong finds the duration that decoding failed at: encoding/json does not say
// where an error of a type's own arose. The first one in the order of names is as
// good as any.
func overlong(v any, failed error) (path []string, text string) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v) {
			if path, text = overlong(v[k], failed); path != nil {
				return append([]string{k}, path...), text
			}
		}
	case []any:
		for i, x := range v {
			if path, text = overlong(x, failed); path != nil {
				return append([]string{strconv.Itoa(i)}, path...), text
			}
		}
	case string:
		var d route.Duration
		if err := d.UnmarshalJSON([]byte(strconv.Quote(v))); err != nil && err.Error() == failed.Error() {
			return []string{}, v
		}
	}
	return nil, ""
}

// canonicalHosts are lower case, sorted and without repeats.
func canonicalHosts(hosts []string) []string {
	out := make([]string, len(hosts))
	for i, h := range hosts {
		out[i] = strings.ToLower(h)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
