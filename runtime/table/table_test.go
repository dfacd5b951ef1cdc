package table

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

func ptr[T any](v T) *T { return &v }

func path(kind, value string) route.Path {
	switch kind {
	case "exact":
		return route.Path{Exact: value}
	case "prefix":
		return route.Path{Prefix: value}
	case "template":
		return route.Path{Template: value}
	}
	return route.Path{Regex: value}
}

// domainOf makes a bundle domain of routes whose ids are "<name>/<id>".
func domainOf(t testing.TB, name string, routes ...route.Route) *bundle.Domain {
	t.Helper()
	hosts := map[string]bool{}
	for i := range routes {
		routes[i].ID = name + "/" + routes[i].ID
		for _, h := range routes[i].Hosts {
			hosts[h] = true
		}
	}
	slices.SortFunc(routes, func(a, b route.Route) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	d := &bundle.Domain{Def: &route.Domain{Name: name, Hosts: sortedKeys(hosts), MethodMismatch: 405, Routes: routes}}
	copy(d.Digest[:], fmt.Sprintf("%x", len(fmt.Sprint(routes)))+fmt.Sprint(routes))
	return d
}

func build(t testing.TB, domains ...*bundle.Domain) *Table {
	t.Helper()
	reg, err := filter.NewRegistry(nil)
	if err != nil {
		t.Fatal(err)
	}
	tab, err := Build(Input{Domains: domains}, nil, Env{Filters: reg})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tab.Close)
	return tab
}

func rt(id, host, kind, value string, more ...func(*route.Route)) route.Route {
	r := route.Route{ID: id, Match: route.Match{Hosts: []string{host}, Path: path(kind, value)}}
	for _, f := range more {
		f(&r)
	}
	return r
}

func methodsOf(m ...string) func(*route.Route) { return func(r *route.Route) { r.Methods = m } }
func header(name, value string) func(*route.Route) {
	return func(r *route.Route) {
		if r.Headers == nil {
			r.Headers = map[string]route.Condition{}
		}
		r.Headers[name] = route.Condition{Exact: &value}
	}
}
func priority(p int) func(*route.Route) { return func(r *route.Route) { r.Priority = p } }

func TestOrder(t *testing.T) {
	tab := build(t, domainOf(t, "d",
		rt("any", "*", "prefix", "/"),
		rt("wild", "*.x.example", "prefix", "/"),
		rt("wild-longer", "*.b.x.example", "prefix", "/only"),
		rt("root", "x.example", "prefix", "/"),
		rt("api", "x.example", "prefix", "/api"),
		rt("api-v1", "x.example", "prefix", "/api/v1/"),
		rt("exact", "x.example", "exact", "/api/v1/orders/new"),
		rt("static", "x.example", "template", "/api/v1/orders/{id}/items"),
		rt("param", "x.example", "template", "/api/v1/{kind}/{id}/items"),
		rt("order", "x.example", "template", "/api/v1/orders/{id}"),
		rt("json", "x.example", "template", "/api/v1/orders/{id}.json"),
		rt("v-json", "x.example", "template", "/api/v1/orders/v{id}.json"),
		rt("files", "x.example", "template", "/files/{rest...}"),
		rt("re-long", "r.example", "regex", "/api/v[0-9]+/.*"),
		rt("re-short", "r.example", "regex", "/[a-z]+/.*"),
		rt("get", "m.example", "exact", "/m", methodsOf("GET")),
		rt("all", "m.example", "exact", "/m", header("a", "1"), header("b", "2")),
		rt("one", "m.example", "exact", "/m", header("a", "1")),
		rt("purge", "m.example", "exact", "/p", methodsOf("PURGE")),
		rt("h-get", "h.example", "exact", "/h", methodsOf("GET"), header("a", "1")),
		rt("h-head", "h.example", "exact", "/h", methodsOf("HEAD")),
		rt("h-re-get", "h.example", "regex", "/re/.*", methodsOf("GET"), priority(3)),
		rt("h-re-head", "h.example", "regex", "/re/[a-z]+", methodsOf("HEAD")),
		rt("low", "p.example", "exact", "/p", header("a", "1"), priority(1)),
		rt("high", "p.example", "exact", "/p", header("b", "1"), priority(2)),
		rt("beneath", "*.example", "exact", "/beneath"),
	))
	h := func(kv ...string) *filter.Header {
		out := &filter.Header{}
		for i := 0; i < len(kv); i += 2 {
			out.Add(kv[i], kv[i+1])
		}
		return out
	}
	for _, c := range []struct {
		method, host, path string
		header             *filter.Header
		want               string
		params             string
	}{
		{"GET", "x.example", "/", nil, "root", ""},
		{"GET", "other", "/zz", nil, "any", ""},
		{"GET", "a.x.example", "/", nil, "wild", ""},
		{"GET", "a.b.x.example", "/only/x", nil, "wild-longer", ""},
		{"GET", "a.b.x.example", "/else", nil, "wild", ""},
		{"GET", "x.example", "/api", nil, "api", ""},
		{"GET", "x.example", "/api/", nil, "api", ""},
		{"GET", "x.example", "/apix", nil, "root", ""},
		{"GET", "x.example", "/api/v1", nil, "api-v1", ""},
		{"GET", "x.example", "/api/v1/orders/new", nil, "exact", ""},
		{"GET", "x.example", "/api/v1/orders/new/items", nil, "static", "id=new"},
		{"GET", "x.example", "/api/v1/carts/7/items", nil, "param", "kind=carts id=7"},
		{"GET", "x.example", "/api/v1/orders/7", nil, "order", "id=7"},
		{"GET", "x.example", "/api/v1/orders/7.json", nil, "json", "id=7"},
		{"GET", "x.example", "/api/v1/orders/v7.json", nil, "v-json", "id=7"},
		{"GET", "x.example", "/api/v1/orders/.json", nil, "order", "id=.json"},
		{"GET", "x.example", "/api/v1/orders/", nil, "api-v1", ""},
		{"GET", "x.example", "/files/", nil, "files", "rest="},
		{"GET", "x.example", "/files/a/b", nil, "files", "rest=a/b"},
		{"GET", "x.example", "/files", nil, "root", ""},
		{"GET", "r.example", "/api/v2/x", nil, "re-long", ""},
		{"GET", "r.example", "/abc/x", nil, "re-short", ""},
		{"GET", "m.example", "/m", h("a", "1", "b", "2"), "get", ""},
		{"HEAD", "m.example", "/m", nil, "get", ""},
		{"POST", "m.example", "/m", h("A", "1", "B", "2"), "all", ""},
		{"POST", "m.example", "/m", h("a", "1"), "one", ""},
		{"PURGE", "m.example", "/p", nil, "purge", ""},
		{"HEAD", "h.example", "/h", h("a", "1"), "h-head", ""},
		{"GET", "h.example", "/h", h("a", "1"), "h-get", ""},
		{"HEAD", "h.example", "/re/a", nil, "h-re-head", ""},
		{"HEAD", "h.example", "/re/1", nil, "h-re-get", ""},
		{"GET", "p.example", "/p", h("a", "1", "b", "1"), "high", ""},
		{"GET", "x.example", "/beneath", nil, "root", ""},
		{"GET", "m.example", "/beneath", nil, "beneath", ""},
	} {
		var m Match
		tab.Match(&Request{Method: c.method, Host: c.host, Path: c.path, Header: c.header}, &m)
		got, params := "", ""
		if m.Route != nil {
			got = m.Route.Def.ID[2:]
		}
		for i := range m.Params.N {
			if i > 0 {
				params += " "
			}
			params += m.Params.List[i].Name + "=" + m.Params.List[i].Value
		}
		if got != c.want || params != c.params {
			t.Errorf("%s %s%s: got %q %q, want %q %q", c.method, c.host, c.path, got, params, c.want, c.params)
		}
	}
}

func TestMethodMismatch(t *testing.T) {
	tab := build(t, domainOf(t, "d",
		rt("get", "x.example", "exact", "/m", methodsOf("GET")),
		rt("post", "x.example", "exact", "/m", methodsOf("POST", "PUT")),
		rt("del", "*.example", "prefix", "/m", methodsOf("DELETE"), header("a", "1")),
	))
	var m Match
	tab.Match(&Request{Method: "DELETE", Host: "x.example", Path: "/m"}, &m)
	if m.Outcome != MethodMismatch || fmt.Sprint(m.Allow) != "[GET HEAD POST PUT]" || m.Domain == nil {
		t.Errorf("got %v %v", m.Outcome, m.Allow)
	}
	tab.Match(&Request{Method: "DELETE", Host: "x.example", Path: "/n"}, &m)
	if m.Outcome != NotFound || m.Domain == nil {
		t.Errorf("unknown path: got %v %v", m.Outcome, m.Domain)
	}
	tab.Match(&Request{Method: "GET", Host: "nowhere", Path: "/m"}, &m)
	if m.Outcome != NotFound || m.Domain != nil {
		t.Errorf("unknown host: got %v %v", m.Outcome, m.Domain)
	}
}

func TestConditions(t *testing.T) {
	set := func(f func(*route.Match)) func(*route.Route) { return func(r *route.Route) { f(&r.Match) } }
	tab := build(t, domainOf(t, "d",
		rt("q-exact", "x", "exact", "/q", set(func(m *route.Match) { m.Query = map[string]route.Condition{"a b": {Exact: ptr("1 2")}} })),
		rt("q-none", "x", "exact", "/n", set(func(m *route.Match) { m.Query = map[string]route.Condition{"a": {Present: ptr(false)}} })),
		rt("c-re", "x", "exact", "/c", set(func(m *route.Match) { m.Cookies = map[string]route.Condition{"sid": {Regex: ptr("[0-9]+")}} })),
		rt("h-pre", "x", "exact", "/h", set(func(m *route.Match) { m.Headers = map[string]route.Condition{"x-v": {Prefix: ptr("v1.")}} })),
		rt("h-empty", "x", "exact", "/e", set(func(m *route.Match) { m.Headers = map[string]route.Condition{"x-v": {Exact: ptr("")}} })),
	))
	for _, c := range []struct {
		path, query string
		name, value string
		want        bool
	}{
		{"/q", "z=1&a%20b=1+2", "", "", true},
		{"/q", "a+b=1%202", "", "", true},
		{"/q", "a+b=12", "", "", false},
		{"/q", "a+b=1%2", "", "", false},
		{"/n", "", "", "", true},
		{"/n", "a", "", "", false},
		{"/c", "", "Cookie", "x=1; sid=42", true},
		{"/c", "", "Cookie", `sid="42"`, true},
		{"/c", "", "Cookie", "sid=42x", false},
		{"/c", "", "Cookie", "asid=42", false},
		{"/h", "", "X-V", "v1.2", true},
		{"/h", "", "X-V", "v2", false},
		{"/e", "", "x-v", "", true},
		{"/e", "", "y", "", false},
	} {
		h := &filter.Header{}
		if c.name != "" {
			h.Add(c.name, c.value)
		}
		var m Match
		tab.Match(&Request{Method: "GET", Host: "x", Path: c.path, Query: c.query, Header: h}, &m)
		if (m.Outcome == Matched) != c.want {
			t.Errorf("%s?%s %s: %s: matched %v, want %v", c.path, c.query, c.name, c.value, !c.want, c.want)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	reg, _ := filter.NewRegistry(nil)
	for name, in := range map[string]Input{
		"two domains, one host": {Domains: []*bundle.Domain{domainOf(t, "a", rt("r", "h", "prefix", "/")), domainOf(t, "b", rt("r", "h", "prefix", "/"))}},
		"bad regex":             {Domains: []*bundle.Domain{domainOf(t, "a", rt("r", "h", "regex", "("))}},
		"bad template":          {Domains: []*bundle.Domain{domainOf(t, "a", rt("r", "h", "template", "/{a}/{a}"))}},
		"unknown upstream":      {Domains: []*bundle.Domain{domainOf(t, "a", rt("r", "h", "prefix", "/", func(r *route.Route) { r.Upstream = "u" }))}},
		"unknown filter":        {Domains: []*bundle.Domain{domainOf(t, "a", rt("r", "h", "prefix", "/", func(r *route.Route) { r.Filters = route.Filters{"nope": []byte("{}")} }))}},
		"no hosts":              {Domains: []*bundle.Domain{domainOf(t, "a", rt("r", "h", "prefix", "/", func(r *route.Route) { r.Hosts = nil }))}},
	} {
		if tab, err := Build(in, nil, Env{Filters: reg}); err == nil || tab != nil {
			t.Errorf("%s: built", name)
		}
	}
}

func TestDomainsAreShared(t *testing.T) {
	reg, _ := filter.NewRegistry(nil)
	a, b := domainOf(t, "a", rt("r", "h", "prefix", "/")), domainOf(t, "b", rt("r", "g", "prefix", "/"))
	one, err := Build(Input{Domains: []*bundle.Domain{a, b}}, nil, Env{Filters: reg})
	if err != nil {
		t.Fatal(err)
	}
	one.Route("b/r").Requests.Add()
	b2 := domainOf(t, "b", rt("r", "g", "prefix", "/new"))
	two, err := Build(Input{Domains: []*bundle.Domain{a, b2}}, one, Env{Filters: reg})
	if err != nil {
		t.Fatal(err)
	}
	if one.Route("a/r") != two.Route("a/r") {
		t.Error("the unchanged domain was built again")
	}
	if one.Route("b/r") == two.Route("b/r") || one.Route("b/r").Same(two.Route("b/r")) {
		t.Error("the changed domain was shared")
	}
	if got := two.Route("b/r").Requests.Value(); got != 1 {
		t.Errorf("the request counter did not survive: %d", got)
	}
	if one.Route("b/r").Turns != nil || two.Route("b/r").Turns != nil {
		t.Error("a route without a choice counts turns")
	}
	one.Close()
	var m Match
	two.Match(&Request{Method: "GET", Host: "h", Path: "/x"}, &m)
	if m.Route == nil {
		t.Error("closing the old table broke the shared domain")
	}
	if n := two.domain("a").refs.Load(); n != 1 {
		t.Errorf("domain a has %d references, want 1", n)
	}
	two.Close()
}

// TestTurnsSurvive goes on in the cycle of a split whose route changes.
func TestTurnsSurvive(t *testing.T) {
	reg, _ := filter.NewRegistry(nil)
	make := func(path string) *bundle.Domain {
		d := domainOf(t, "a", rt("r", "h", "prefix", path, func(r *route.Route) { r.Split = []route.Share{{Upstream: "u", Weight: 1}, {Upstream: "v", Weight: 1}} }))
		d.Def.Upstreams = map[string]route.Upstream{"u": {}, "v": {}}
		return d
	}
	one, err := Build(Input{Domains: []*bundle.Domain{make("/")}}, nil, Env{Filters: reg})
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	if got := one.Route("a/r").Turns.Add(); got != 0 {
		t.Errorf("the first turn is %d", got)
	}
	two, err := Build(Input{Domains: []*bundle.Domain{make("/new")}}, one, Env{Filters: reg})
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	if got := two.Route("a/r").Turns.Add(); got != 1 {
		t.Errorf("the turn after a swap is %d, want 1", got)
	}
}

// TestSharedPartChanges builds again only the domains that use what changed.
func TestSharedPartChanges(t *testing.T) {
	reg, _ := filter.NewRegistry(nil)
	shared := func(address string, digest byte) *bundle.Shared {
		return &bundle.Shared{
			Def:    &route.Shared{Upstreams: map[string]route.Upstream{"u": {Endpoints: []route.Endpoint{{Address: address, Weight: 1}}}}},
			Digest: [32]byte{digest},
		}
	}
	uses := domainOf(t, "uses", rt("r", "h", "prefix", "/", func(r *route.Route) { r.Upstream = "u" }))
	plain := domainOf(t, "plain", rt("r", "g", "prefix", "/"))
	build := func(s *bundle.Shared, prev *Table) *Table {
		tab, err := Build(Input{Shared: s, Domains: []*bundle.Domain{uses, plain}}, prev, Env{Filters: reg})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tab.Close)
		return tab
	}
	one := build(shared("127.0.0.1:1", 1), nil)
	same := build(shared("127.0.0.1:1", 1), one)
	two := build(shared("127.0.0.1:2", 2), same)
	if one.Route("uses/r") != same.Route("uses/r") {
		t.Error("nothing changed and the domain was built again")
	}
	if same.Route("uses/r") == two.Route("uses/r") {
		t.Error("the domain keeps an upstream that changed")
	}
	if same.Route("plain/r") != two.Route("plain/r") {
		t.Error("a domain that does not use the upstream was built again")
	}
}
