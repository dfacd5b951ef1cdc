package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/cache"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

func environmentTree(env string) fstest.MapFS {
	return fstest.MapFS{
		"shared.cue": {Data: []byte(`package routes
_zone: *"home" | string
upstreams: sessions: endpoints: ["10.9.0.1:80"]
secrets: key: file: "a/key"
settings: minCoverage: 50
#Rest: #Route & {
	#svc: string
	upstream: #svc
	filters: headers: request: set: "x-zone": _zone
}
`)},
		"shop.example/a.cue": {Data: []byte(`package routes
domain: {hosts: ["shop.example", "*.shop.example"], owner: "team-shop"}
upstreams: orders: {endpoints: ["10.0.0.1:80"], pool: maxIdle: 4}
routes: "order": #Rest & {
	#svc: "orders"
	hosts: ["api.shop.example"]
	path: template: "/orders/{id}"
	timeouts: read: "5s"
	tests: "finds": {request: {host: "api.shop.example:8443", path: "/orders/7"}, expect: {status: 200, upstream: host: "api.shop.example"}}
}
`)},
		"rest.example/b.cue": {Data: []byte(`package routes
import "strings"
domain: hosts: ["rest.example"]
routes: "all": {upstream: "sessions", description: strings.ToUpper("all")}
`)},
		"_env/staging.cue": {Data: []byte(env)},
	}
}

const staging = `package routes

_zone: "staging"

domains: "shop.example": {
	hosts: {"shop.example": "shop.test", "*.shop.example": "*.shop.test"}
	owner: "team-test"
	upstreams: orders: endpoints: ["127.0.0.1:1"]
	routes: "order": {
		timeouts: request: "30s"
		tests: "waits": {request: path: "/orders/8", expect: status: 200}
	}
}
domains: "rest.example": methodMismatch: 404
upstreams: sessions: endpoints: ["127.0.0.1:2"]
settings: minCoverage: 10
`

// view is what the tests look at.
func view(t *testing.T, p *ir.Program) map[string]any {
	t.Helper()
	out := map[string]any{"settings": p.Shared.Settings.MinCoverage, "sessions": p.Shared.Def.Upstreams["sessions"].Endpoints[0].Address}
	for _, d := range p.Domains {
		m := map[string]any{"hosts": d.Def.Hosts, "owner": d.Owner, "mismatch": d.Def.MethodMismatch}
		for name, u := range d.Def.Upstreams {
			m["upstream "+name] = []any{u.Endpoints[0].Address, u.Pool.MaxIdle}
		}
		for _, r := range d.Routes {
			m["route "+r.Name] = []any{r.Def.Hosts, r.Def.Timeouts.Read.String(), r.Def.Timeouts.Request.String(), string(r.Def.Filters["headers"])}
			for _, c := range r.Tests {
				var body struct {
					Request struct{ Host string }
					Expect  struct{ Upstream struct{ Host string } }
				}
				if err := json.Unmarshal(c.Body, &body); err != nil {
					t.Fatal(err)
				}
				m["case "+c.Name] = []any{c.Pos.File, body.Request.Host, body.Expect.Upstream.Host}
			}
		}
		out[d.Def.Name] = m
	}
	return out
}

func TestEnvironment(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	load := func(env string, onlyCUE bool) map[string]any {
		t.Helper()
		r, err := Load(t.Context(), Options{FS: environmentTree(staging), Cache: cache.Open(dir, "v"), Env: env, OnlyCUE: onlyCUE})
		if err != nil || len(r.Diagnostics) > 0 {
			t.Fatalf("load: %v %+v", err, r)
		}
		return view(t, r.Program)
	}
	base := load("", false)
	want := map[string]any{
		"settings": 10.0, "sessions": "127.0.0.1:2",
		"rest.example": map[string]any{
			"hosts": []string{"rest.example"}, "owner": "", "mismatch": 404,
			"route all": []any{[]string{"rest.example"}, "1m", "0s", ""},
		},
		"shop.example": map[string]any{
			"hosts": []string{"*.shop.test", "shop.test"}, "owner": "team-test", "mismatch": 405,
			"upstream orders": []any{"127.0.0.1:1", 4},
			"route order":     []any{[]string{"api.shop.test"}, "5s", "30s", `{"request":{"set":{"x-zone":"staging"}}}`},
			"case finds":      []any{"routes/shop.example/a.cue", "api.shop.test:8443", "api.shop.test"},
			"case waits":      []any{"routes/_env/staging.cue", "", ""},
		},
	}
	for _, state := range []string{"cold", "warm"} {
		if d := cmp.Diff(want, load("staging", false)); d != "" {
			t.Errorf("%s (-want +got):\n%s", state, d)
		}
	}
	if d := cmp.Diff(base, load("", false)); d != "" {
		t.Errorf("the base changed with its environment (-want +got):\n%s", d)
	}
	dir = "off"
	if d := cmp.Diff(want, load("staging", true)); d != "" {
		t.Errorf("with CUE alone (-want +got):\n%s", d)
	}
	_, err := Load(t.Context(), Options{FS: environmentTree(staging), Env: "prod"})
	var none *NoEnvironment
	if !errors.As(err, &none) || err.Error() != `there is no environment "prod" in routes/_env: there is staging` {
		t.Errorf("an unknown environment: %v", err)
	}
}

// TestEnvironmentShares holds that a domain that an environment does not concern is
// the one in the cache.
func TestEnvironmentShares(t *testing.T) {
	c := cache.Open(filepath.Join(t.TempDir(), "cache"), "v")
	fsys := environmentTree("package routes\ndomains: \"shop.example\": owner: \"x\"\n")
	keys := func(env string) map[string]string {
		r, err := Load(t.Context(), Options{FS: fsys, Cache: c, Env: env})
		if err != nil || len(r.Diagnostics) > 0 {
			t.Fatalf("load: %v %+v", err, r)
		}
		out := map[string]string{}
		for _, d := range r.Program.Domains {
			out[d.Def.Name] = d.Key
		}
		return out
	}
	base, env := keys(""), keys("staging")
	if base["rest.example"] != env["rest.example"] || base["shop.example"] == env["shop.example"] {
		t.Errorf("keys:\n%v\n%v", base, env)
	}
}

func TestEnvironmentMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`domains: "shop.exmple": owner: "x"`:                               `2:10 environment-unknown the routes directory has no domain "shop.exmple" | did you mean "shop.example"?`,
		`domains: "shop.example": routes: "ordr": priority: 1`:             `2:34 environment-unknown the domain shop.example has no route "ordr" | did you mean "order"?`,
		`domains: "shop.example": upstreams: sessions: endpoints: ["a:1"]`: `2:37 environment-unknown the domain shop.example has no upstream "sessions" | it is shared by all domains: set it under upstreams at the top of this file`,
		`upstreams: sesions: endpoints: ["a:1"]`:                           `2:12 environment-unknown the shared files have no upstream "sesions" | did you mean "sessions"?`,
		`domains: "shop.example": hosts: "shop.exampl": "a.b"`:             `2:33 environment-unknown the domain shop.example has no host "shop.exampl" | did you mean "shop.example"?`,
		`domains: "shop.example": hosts: "*.shop.example": "a.b"`:          `2:33 environment-host the host "*.shop.example" cannot become "a.b": only one of them is a wildcard | write both with "*.", or both without`,
		`domain: hosts: ["a"]`:                                             `2:1 unknown-name "domain" means nothing at the top of an environment's file | did you mean "domains"?`,
		`domains: "shop.example": upstreams: orders: endpoint: ["a:1"]`:    `2:45 unknown-field "endpoint" is not a field here | did you mean "endpoints"?`,
		`domains: "shop.example": routes: "order": timeouts: request: 5`:   `2:62 wrong-type 5 is an integer, "request" takes a string | write a duration such as "250ms", "5s" or "1m30s"`,
		`domains: "shop.example": routes: "order": timeouts: request: "5"`: `2:62 bad-format "5" must be a duration such as "250ms", "5s" or "1m30s"`,
		`domains: "shop.example": owner: _nothing`:                         `2:33 unknown-reference`,
		"domains: {\n": `2:10 syntax`,
		`domains: "shop.example": routes: "order": #Rest & {#svc: "x", #svv: 1}`: `2:63 parameter-unknown`,
	} {
		r, err := Load(t.Context(), Options{FS: environmentTree("package routes\n" + text), Env: "staging"})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if len(r.Diagnostics) != 1 {
			t.Errorf("%s: %+v", text, r.Diagnostics)
			continue
		}
		d := r.Diagnostics[0]
		got := fmt.Sprintf("%d:%d %s", d.Pos.Line, d.Pos.Column, d.Code)
		if d.Pos.File != "routes/_env/staging.cue" {
			got = d.Pos.File + ":" + got
		}
		if len(want) > len(got) && want[:len(got)] == got {
			got += " " + d.Message
			if d.Hint != "" {
				got += " | " + d.Hint
			}
		}
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestEnvironmentImports holds that an import serves only where it is used: the shared
// files' data is not evaluated with an environment, nor is the environment's with them.
func TestEnvironmentImports(t *testing.T) {
	fsys := environmentTree("package routes\nimport (\n\t\"strings\"\n\t\"list\"\n)\n_zone: strings.ToLower(\"STAGING\")\ndomains: \"shop.example\": owner: list.Concat([[\"x\"]])[0]\n")
	fsys["more.cue"] = &fstest.MapFile{Data: []byte("package routes\nimport \"strings\"\n_kept: \"x\"\nsecrets: more: file: strings.ToLower(\"A\")\n")}
	r, err := Load(t.Context(), Options{FS: fsys, Env: "staging"})
	if err != nil || len(r.Diagnostics) > 0 {
		t.Fatalf("load: %v %+v", err, r)
	}
	if d := r.Program.Domains[1]; d.Owner != "x" || string(d.Def.Routes[0].Filters["headers"]) != `{"request":{"set":{"x-zone":"staging"}}}` {
		t.Errorf("owner %q, filters %s", d.Owner, d.Def.Routes[0].Filters)
	}
}
