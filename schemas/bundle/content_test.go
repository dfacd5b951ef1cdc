package bundle

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/schemas/route"
)

func sec(n int) route.Duration { return route.Duration(time.Duration(n) * time.Second) }

// content makes n routes in domains of per routes each, as a compiler would.
func content(n, per int) Content {
	c := Content{
		Shared:  route.Shared{Upstreams: map[string]route.Upstream{"auth": upstreamOf(1)}, Secrets: map[string]route.Secret{"partner-key": {File: "partner/key"}}},
		Sources: map[string]Source{}, Owners: map[string]string{},
	}
	for i := range n {
		if i%per == 0 {
			name := fmt.Sprintf("d%03d.example", i/per)
			c.Owners[name] = fmt.Sprintf("team-%d", i/per%7)
			c.Domains = append(c.Domains, route.Domain{
				Name: name, Hosts: []string{"*." + name, name}, MethodMismatch: 405,
				Upstreams: map[string]route.Upstream{"orders": upstreamOf(i), "web": upstreamOf(i + 1)},
			})
		}
		d := &c.Domains[len(c.Domains)-1]
		r := routeOf(d.Name, i)
		d.Routes = append(d.Routes, r)
		c.Sources[r.ID] = Source{Module: "orders", File: "routes/" + d.Name + "/orders.cue", Line: 10 + 7*(i%per), Column: 9}
	}
	return c
}

func upstreamOf(i int) route.Upstream {
	return route.Upstream{
		Endpoints: []route.Endpoint{{Address: fmt.Sprintf("10.0.%d.%d:8080", i/250%250, i%250), Weight: 1, Labels: map[string]string{"stage": "next"}}},
		Ejection:  route.Ejection{Failures: 3, Duration: sec(10), MaxPercent: 50},
		Pool:      route.Pool{MaxIdle: 256, IdleTimeout: sec(60)},
	}
}

func routeOf(domain string, i int) route.Route {
	words := []string{"orders", "carts", "players", "matches", "sessions", "invoices", "regions", "seasons", "quests", "friends", "teams"}
	stage := "next"
	r := route.Route{
		ID: fmt.Sprintf("%s/%s-%s-%d", domain, words[i%11], words[i/11%11], i),
		Match: route.Match{
			Hosts:   []string{"api." + domain},
			Path:    route.Path{Template: fmt.Sprintf("/api/v%d/%s/{%sId}/%s-%d", i%3+1, words[i%11], words[i%11], words[i/11%11], i/121)},
			Methods: []string{"GET"},
		},
		Upstream:      "orders",
		Timeouts:      route.Timeouts{Connect: sec(5), Read: sec(60), Write: sec(60), Idle: sec(3600)},
		Retry:         route.Retry{Attempts: 1, On: []string{"connect"}},
		OnRouteChange: "keep",
	}
	switch {
	case i%10 < 6:
		r.Filters = route.Filters{"cors": []byte(`{"allowOrigins":["https://shop.example"],"maxAge":"10m"}`), "headers": []byte(`{"request":{"remove":["x-debug"]}}`), "requestId": []byte(`{}`)}
	case i%10 < 9:
		r.Headers = map[string]route.Condition{"x-stage": {Exact: &stage}}
		r.Filters = route.Filters{"rewrite": fmt.Appendf(nil, `{"path":"/v2/%s/{%sId}"}`, words[i%11], words[i%11])}
	default:
		r.Upstream = ""
		r.Split = []route.Share{{Upstream: "orders", Weight: 95}, {Upstream: "web", Weight: 5}}
	}
	return r
}

func encode(t testing.TB, c Content) *Bundle {
	t.Helper()
	b, err := Encode(c, Meta{Revision: "r1", Compiler: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fill sets every field below v to something that is not zero.
func fill(v reflect.Value) {
	if v.Type() == reflect.TypeFor[route.Duration]() {
		v.SetInt(int64(90 * time.Second))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("a\"\\\u00e9\u2028<&>\x7f\n\x01")
	case reflect.Int:
		v.SetInt(-7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(`{"a":[1,-2.5e3,true,null,"\u0001"],"b":{}}`))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, k := range []string{"b", "a"} {
			e := reflect.New(v.Type().Elem()).Elem()
			fill(e)
			v.SetMapIndex(reflect.ValueOf(k), e)
		}
	default:
		panic("a kind that no bundle type has yet: " + v.Kind().String())
	}
}

// TestReaderKnowsEveryField holds the reader to the Go types: a field added to
// them and not read here fails.
func TestReaderKnowsEveryField(t *testing.T) {
	var d route.Domain
	fill(reflect.ValueOf(&d).Elem())
	d.Routes[0].ID, d.Routes[1].ID = "a", "b"
	var sh route.Shared
	fill(reflect.ValueOf(&sh).Elem())
	var src Source
	fill(reflect.ValueOf(&src).Elem())
	for _, s := range []*Shard{
		{kind: kindDomains, parts: []part{{Domain: Domain{Def: &d}}}},
		{kind: kindShared, shared: &Shared{Def: &sh}},
		{kind: kindSources, sources: map[string]Source{"x": src}},
	} {
		raw, err := s.render()
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseShard(raw, Limits{Depth: 32})
		if err != nil {
			t.Fatalf("%s: %v\n%s", s.kind, err, raw)
		}
		again, err := got.render()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(raw), string(again)); diff != "" {
			t.Errorf("%s:\n%s", s.kind, diff)
		}
	}
}

func TestReaderRefusesOtherForms(t *testing.T) {
	good := `{"kind":"shared","shared":{"upstreams":{"u":{"endpoints":[{"address":"a:1","weight":1}],"ejection":{"failures":3,"duration":"10s","maxPercent":50},"pool":{"maxIdle":1,"idleTimeout":"1m"}}},"secrets":{"k":{"file":"f"}}}}`
	if _, err := parseShard([]byte(good), Limits{Depth: 8}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new string }{
		{"space", `,"ejection"`, `, "ejection"`},
		{"line end", `"f"}}}}`, "\"f\"}}}}\n"},
		{"field twice", `"weight":1`, `"weight":1,"weight":1`},
		{"unknown field", `"weight":1`, `"weight":1,"x":1`},
		{"missing field", `,"weight":1`, ``},
		{"order of fields", `"failures":3,"duration":"10s"`, `"duration":"10s","failures":3`},
		{"case of fields", `"failures"`, `"Failures"`},
		{"float", `"weight":1`, `"weight":1.0`},
		{"leading zero", `"weight":1`, `"weight":01`},
		{"minus zero", `"weight":1`, `"weight":-0`},
		{"huge number", `"weight":1`, `"weight":99999999999999999999`},
		{"null", `"weight":1`, `"weight":null`},
		{"null list", `[{"address":"a:1","weight":1}]`, `null`},
		{"duration", `"10s"`, `"10000ms"`},
		{"negative duration", `"10s"`, `"-10s"`},
		{"needless escape", `"a:1"`, `"\u0061:1"`},
		{"slash escape", `"a:1"`, `"a\/1"`},
		{"raw control byte", `"a:1"`, "\"a\n1\""},
		{"invalid UTF-8", `"a:1"`, "\"a\xff1\""},
		{"raw line separator", `"a:1"`, "\"a\u20281\""},
		{"empty optional map", `{"file":"f"}}`, `{"file":"f"}},"x":{}`},
		{"labels empty", `"weight":1`, `"weight":1,"labels":{}`},
		{"keys out of order", `"secrets":{"k"`, `"secrets":{"z":{"file":"f"},"k"`},
		{"key twice", `"secrets":{"k"`, `"secrets":{"k":{"file":"f"},"k"`},
		{"unknown kind", `"kind":"shared"`, `"kind":"shade"`},
		{"wrong kind", `"kind":"shared"`, `"kind":"domains"`},
		{"text after", `"f"}}}}`, `"f"}}}}{}`},
		{"cut off", `"f"}}}}`, `"f"}}}`},
		{"trailing comma", `"weight":1}]`, `"weight":1},]`},
		{"leading comma", `[{"address"`, `[,{"address"`},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Fatalf("%s changes nothing", c.name)
		}
		if _, err := parseShard([]byte(bad), Limits{Depth: 8}); err == nil {
			t.Errorf("%s: accepted %s", c.name, bad)
		}
	}
}

func TestRawIsCanonical(t *testing.T) {
	for raw, want := range map[string]bool{
		`{}`: true, `{"a":1,"b":[true,false,null,"x",-1.5e+3]}`: true, `"é"`: true, `{"a":{"a":{}}}`: true,
		`{"b":1,"a":1}`: false, `{"a":1,"a":1}`: false, `{"a": 1}`: false, `[1,]`: false, `01`: false, `+1`: false, `.5`: false,
		`"\u00e9"`: false, `nul`: false, ``: false, `[[[[[1]]]]]`: false, `"<"`: true, `"\u003c"`: false,
	} {
		r := newReader([]byte(raw), 4)
		got := r.raw()
		if ok := r.end() == nil; ok != want {
			t.Errorf("%s: accepted %v, want %v (%v)", raw, ok, want, r.err)
		} else if ok && string(got) != raw {
			t.Errorf("%s came back as %s", raw, got)
		}
	}
	got, err := Canonical([]byte(` {"b" : "\u003c", "a":[1.50, 1e3 ] } `))
	if err != nil || string(got) != `{"a":[1.50,1e3],"b":"<"}` {
		t.Errorf("got %s %v", got, err)
	}
	for _, bad := range []string{`{"a":1,"a":2}`, `{`, `1 2`, `{} }`, `1]`, ``} {
		if _, err := Canonical([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", bad)
		}
	}
}
