package compiler_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/ci/bench/mixed"
	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// tree makes a routes directory of a txtar archive, whose names have no "routes/".
func tree(archive string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return fsys
}

const shop = `
-- templates.cue --
package routes

_public: #Filters & {requestId: {}}

#Rest: #Route & {
	#svc: string
	#port: *8080 | int
	methods: *["POST", "GET"] | _
	upstream: #svc
	filters: _public
	retry: attempts: *2 | _
}

upstreams: common: endpoints: ["10.1.0.1:80"]
-- shop.example/a.cue --
package routes

domain: {hosts: ["shop.example", "*.Shop.example"], owner: "team-shop"}

upstreams: orders: endpoints: ["10.0.0.7:8080", {address: "10.0.0.8:8080", weight: 2, labels: stage: "next"}]

routes: "orders-get": #Rest & {
	#svc: "orders"
	description: "Reads one order"
	path: template: "/api/orders/{id}"
	filters: headers: response: set: "x-served-by": "lin<tel"
	timeouts: request: "5s"
	tests: "finds": {request: {path: "/api/orders/7"}, expect: status: 200}
}

routes: rest: upstream: "common"
-- shop.example/b.cue --
package routes

for n in ["x", "y"] {
	routes: "gen-\(n)": {path: exact: "/\(n)", upstream: "common", hosts: ["a.shop.example"]}
}
-- shop.example/a.cases.cue --
package routes

routes: rest: tests: "root": {request: {}, expect: status: 200}
-- _env/prod.cue --
package routes
this is not read
-- README.md --
nor this
`

func TestCompile(t *testing.T) {
	res, err := compiler.Compile(context.Background(), compiler.Options{FS: tree(shop), Cache: "off", Revision: "r1"})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Diagnostics) > 0 {
		t.Fatalf("diagnostics: %s", plain(res.Diagnostics))
	}
	b, err := bundle.Decode(res.Bundle.Files(), bundle.Limits{})
	if err != nil || len(b.Domains()) != 1 {
		t.Fatalf("%v domains: %d", err, len(b.Domains()))
	}
	d := b.Domains()[0].Def
	sec := func(n float64) route.Duration { return route.Duration(n * float64(time.Second)) }
	defaults := route.Timeouts{Connect: sec(5), Read: sec(60), Write: sec(60), Idle: sec(3600)}
	ejection := route.Ejection{Failures: 3, Duration: sec(10), MaxPercent: 50}
	pool := route.Pool{MaxIdle: 256, IdleTimeout: sec(60)}
	request5 := defaults
	request5.Request = sec(5)
	hosts := []string{"*.shop.example", "shop.example"}
	once := route.Retry{Attempts: 1, On: []string{"connect"}}
	want := &route.Domain{
		Name: "shop.example", Hosts: hosts, MethodMismatch: 405,
		Upstreams: map[string]route.Upstream{"orders": {
			Endpoints: []route.Endpoint{
				{Address: "10.0.0.7:8080", Weight: 1},
				{Address: "10.0.0.8:8080", Weight: 2, Labels: map[string]string{"stage": "next"}},
			},
			Ejection: ejection, Pool: pool,
		}},
		Routes: []route.Route{
			{
				ID: "shop.example/gen-x", Match: route.Match{Hosts: []string{"a.shop.example"}, Path: route.Path{Exact: "/x"}},
				Upstream: "common", Timeouts: defaults, Retry: once, OnRouteChange: "keep",
			},
			{
				ID: "shop.example/gen-y", Match: route.Match{Hosts: []string{"a.shop.example"}, Path: route.Path{Exact: "/y"}},
				Upstream: "common", Timeouts: defaults, Retry: once, OnRouteChange: "keep",
			},
			{
				ID: "shop.example/orders-get",
				Match: route.Match{
					Hosts: hosts, Path: route.Path{Template: "/api/orders/{id}"}, Methods: []string{"GET", "POST"},
				},
				Upstream: "orders",
				Filters: route.Filters{
					"headers":   json.RawMessage(`{"response":{"set":{"x-served-by":"lin<tel"}}}`),
					"requestId": json.RawMessage(`{"header":"x-request-id","keep":false,"response":true}`),
				},
				Timeouts: request5, Retry: route.Retry{Attempts: 2, On: []string{"connect"}}, OnRouteChange: "keep",
			},
			{
				ID: "shop.example/rest", Match: route.Match{Hosts: hosts, Path: route.Path{Prefix: "/"}},
				Upstream: "common", Timeouts: defaults, Retry: once, OnRouteChange: "keep",
			},
		},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("domain differs (-want +got):\n%s", diff)
	}
	type place struct {
		Name, Module, File string
		Line, Column       int
		Tests              string
	}
	var got []place
	for _, r := range res.Program.Domains[0].Routes {
		p := place{r.Name, r.Module, r.Pos.File, r.Pos.Line, r.Pos.Column, ""}
		for _, c := range r.Tests {
			p.Tests += c.Pos.File + " " + c.Name + " " + string(c.Body)
		}
		got = append(got, p)
	}
	wantPlaces := []place{
		{"gen-x", "b", "routes/shop.example/b.cue", 4, 10, ""},
		{"gen-y", "b", "routes/shop.example/b.cue", 4, 10, ""},
		{"orders-get", "a", "routes/shop.example/a.cue", 7, 9, `routes/shop.example/a.cue finds {"expect":{"status":200},"request":{"method":"GET","path":"/api/orders/7","repeat":1,"scheme":"http"}}`},
		{"rest", "a", "routes/shop.example/a.cue", 16, 9, `routes/shop.example/a.cases.cue root {"expect":{"status":200},"request":{"method":"GET","repeat":1,"scheme":"http"}}`},
	}
	if diff := cmp.Diff(wantPlaces, got); diff != "" {
		t.Errorf("places differ (-want +got):\n%s", diff)
	}
	if len(res.Program.Shared.Def.Upstreams) != 1 {
		t.Errorf("shared upstreams: %v", res.Program.Shared.Def.Upstreams)
	}
}

// TestCompileSameBytes compiles with one and four workers, with a cold, a warm and
// a proven cache.
func TestCompileSameBytes(t *testing.T) {
	for name, fsys := range map[string]fs.FS{"shop": tree(shop), "mixed": mixed.New(300).FS()} {
		dir := t.TempDir()
		first := ""
		for _, o := range []compiler.Options{
			{Cache: "off", Workers: 1},
			{Cache: "off", Workers: 4},
			{Cache: dir},
			{Cache: dir},
			{Cache: dir, Workers: 1},
		} {
			o.FS = fsys
			res, err := compiler.Compile(context.Background(), o)
			if err != nil || res.Bundle == nil {
				t.Fatalf("%v %s", err, plain(res.Diagnostics))
			}
			if first == "" {
				first = res.Bundle.Digest()
			}
			if res.Bundle.Digest() != first {
				t.Errorf("%s with %+v: another digest", name, o)
			}
		}
	}
}
