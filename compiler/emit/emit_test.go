package emit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

func program() *ir.Program {
	d := &ir.Domain{Owner: "team-shop", Def: route.Domain{
		Name: "shop.example", Hosts: []string{"shop.example"}, MethodMismatch: 405,
		Routes: []route.Route{
			{ID: "shop.example/cart", Match: route.Match{Hosts: []string{"shop.example"}, Path: route.Path{Prefix: "/cart"}}, Filters: route.Filters{"respond": []byte(`{"body":"<ok>","status":200}`)}, OnRouteChange: "keep"},
			{ID: "shop.example/home", Match: route.Match{Hosts: []string{"shop.example"}, Path: route.Path{Prefix: "/"}}, Upstream: "web", OnRouteChange: "keep"},
		},
	}}
	for i, name := range []string{"cart", "home"} {
		d.Routes = append(d.Routes, &ir.Route{
			Def: &d.Def.Routes[i], Name: name, Module: "site", Description: "for people",
			Pos:   diag.Pos{File: "routes/shop.example/site.cue", Line: 10 + i, Column: 9},
			Tests: []ir.Case{{Name: "answers", Body: []byte(`{}`)}},
		})
	}
	return &ir.Program{
		Shared:  ir.Shared{Def: route.Shared{Upstreams: map[string]route.Upstream{"web": {Endpoints: []route.Endpoint{{Address: "10.0.0.1:80", Weight: 1}}}}}},
		Domains: []*ir.Domain{d},
	}
}

func TestBundle(t *testing.T) {
	p := program()
	out, err := Bundle(p, Meta{Revision: "abc", Compiler: "lintel 1"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Decode(out.Bundle.Files(), bundle.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.Domains(), out.Fresh); diff != "" {
		t.Errorf("fresh domains (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(b.Shared(), out.Shared); diff != "" {
		t.Errorf("shared part (-want +got):\n%s", diff)
	}
	m := b.Manifest()
	if m.Revision != "abc" || m.Compiler != "lintel 1" {
		t.Errorf("manifest: %+v", m)
	}
	if diff := cmp.Diff(map[string]string{"shop.example": "team-shop"}, m.Owners); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(bundle.Counts{Domains: 1, Routes: 2, Upstreams: 1}, m.Counts); diff != "" {
		t.Error(diff)
	}
	sources, err := b.Sources()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bundle.Source{
		"shop.example/cart": {Module: "site", File: "routes/shop.example/site.cue", Line: 10, Column: 9},
		"shop.example/home": {Module: "site", File: "routes/shop.example/site.cue", Line: 11, Column: 9},
	}
	if diff := cmp.Diff(want, sources); diff != "" {
		t.Error(diff)
	}
}

func TestTestsDoNotEnter(t *testing.T) {
	p := program()
	with, err := Bundle(p, Meta{}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range p.Domains[0].Routes {
		r.Tests, r.Description = nil, ""
	}
	without, err := Bundle(p, Meta{}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if with.Bundle.Digest() != without.Bundle.Digest() {
		t.Error("tests or descriptions change the digest")
	}
}

func TestBundleRefusesWhatIsNotCanonical(t *testing.T) {
	for _, raw := range []string{`{"a":1,"a":2}`, `{"b":1,"a":2}`, `{"a":`} {
		p := program()
		p.Domains[0].Def.Routes[0].Filters["respond"] = []byte(raw)
		if out, err := Bundle(p, Meta{}, nil, nil); err == nil || out != nil {
			t.Errorf("%s was taken", raw)
		}
	}
}

// memory is a store that counts what it gives.
type memory struct {
	entries map[string][]byte
	hits    int
}

func (m *memory) Key(parts ...string) string { return strings.Join(parts, "|") }

func (m *memory) Get(key string) ([]byte, bool) {
	v, ok := m.entries[key]
	if ok {
		m.hits++
	}
	return v, ok
}

func (m *memory) Put(key string, value []byte) { m.entries[key] = value }

// TestStore holds that a pack is taken from the store when all of its domains are
// proven, and only then, and that the bundle is the same either way.
func TestStore(t *testing.T) {
	m := &memory{entries: map[string][]byte{}}
	emit := func(key string, proven bool) *Emitted {
		t.Helper()
		p := program()
		p.Domains[0].Key, p.Domains[0].Proven = key, proven
		out, err := Bundle(p, Meta{}, m, nil)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := emit("", true).Bundle.Digest()
	for _, c := range []struct {
		key          string
		proven       bool
		hits, stored int
		fresh        int
	}{
		{"", true, 0, 0, 1},
		{"k1", false, 0, 1, 1},
		{"k1", false, 0, 1, 1},
		{"k1", true, 1, 1, 0},
		{"k2", true, 1, 2, 1},
		{"k2", true, 2, 2, 0},
	} {
		out := emit(c.key, c.proven)
		if m.hits != c.hits || len(m.entries) != c.stored || len(out.Fresh) != c.fresh {
			t.Errorf("%+v: %d hits, %d entries, %d fresh domains", c, m.hits, len(m.entries), len(out.Fresh))
		}
		if got := out.Bundle.Digest(); got != want {
			t.Errorf("%+v: digest %s, want %s", c, got, want)
		}
	}
	for k := range m.entries {
		m.entries[k] = m.entries[k][:len(m.entries[k])/2]
	}
	if out := emit("k2", true); len(out.Fresh) != 1 || out.Bundle.Digest() != want {
		t.Error("an entry that is cut off was taken")
	}
}
