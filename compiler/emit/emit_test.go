package emit

import (
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
			{ID: "shop.example/cart", Match: route.Match{Hosts: []string{"shop.example"}, Path: route.Path{Prefix: "/cart"}}, Filters: route.Filters{"respond": []byte(`{"status": 200, "body": "\u003cok\u003e"}`)}, OnRouteChange: "keep"},
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
	b, err := Bundle(p, Meta{Revision: "abc", Compiler: "lintel 1"})
	if err != nil {
		t.Fatal(err)
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
	if got := string(b.Domains()[0].Def.Routes[0].Filters["respond"]); got != `{"body":"<ok>","status":200}` {
		t.Errorf("filter is not canonical: %s", got)
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
	if string(p.Domains[0].Def.Routes[0].Filters["respond"]) == `{"body":"<ok>","status":200}` {
		t.Error("the program was changed")
	}
}

func TestTestsDoNotEnter(t *testing.T) {
	p := program()
	with, err := Bundle(p, Meta{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range p.Domains[0].Routes {
		r.Tests, r.Description = nil, ""
	}
	without, err := Bundle(p, Meta{})
	if err != nil {
		t.Fatal(err)
	}
	if with.Digest() != without.Digest() {
		t.Error("tests or descriptions change the digest")
	}
}

func TestBundleRefusesWhatIsNoJSON(t *testing.T) {
	p := program()
	p.Domains[0].Def.Routes[0].Filters["respond"] = []byte(`{"a":1,"a":2}`)
	if b, err := Bundle(p, Meta{}); err == nil || b != nil {
		t.Error("a key that repeats was taken")
	}
}
