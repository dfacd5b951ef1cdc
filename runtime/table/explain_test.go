package table

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// TestExplainFailed holds that a step lists everything that did not fit.
func TestExplainFailed(t *testing.T) {
	picky := rt("a-picky", "x", "exact", "/p", methodsOf("POST"), header("x-stage", "next"), header("x-team", "a"), func(r *route.Route) {
		r.Query = map[string]route.Condition{"v": {Exact: ptr("2")}}
		r.Cookies = map[string]route.Condition{"beta": {Present: ptr(true)}}
	})
	tab := build(t, domainOf(t, "d", picky,
		rt("b-get", "x", "exact", "/p", methodsOf("GET"), priority(1)),
		rt("c-rest", "x", "prefix", "/"),
	))
	for _, test := range []struct {
		name, method, query string
		header              []string
		want                map[string][]string // verdict, then what failed
	}{
		{"nothing fits", "GET", "v=1", nil, map[string][]string{
			"d/a-picky": {"header x-stage", "header x-stage", "header x-team", "query v", "cookie beta", "method"},
			"d/b-get":   {"wins"}, "d/c-rest": {"loses"},
		}},
		{"some", "POST", "v=2", []string{"x-team", "a", "cookie", "beta=1"}, map[string][]string{
			"d/a-picky": {"header x-stage", "header x-stage"}, "d/b-get": {"method", "method"}, "d/c-rest": {"wins"},
		}},
		{"only the method", "PUT", "v=2", []string{"x-team", "a", "x-stage", "next", "cookie", "beta=1"}, map[string][]string{
			"d/a-picky": {"method", "method"}, "d/b-get": {"method", "method"}, "d/c-rest": {"wins"},
		}},
		{"all", "POST", "v=2", []string{"x-team", "a", "x-stage", "next", "cookie", "beta=1"}, map[string][]string{
			"d/a-picky": {"wins"}, "d/b-get": {"method", "method"}, "d/c-rest": {"loses"},
		}},
	} {
		h := &filter.Header{}
		for i := 0; i < len(test.header); i += 2 {
			h.Add(test.header[i], test.header[i+1])
		}
		got := map[string][]string{}
		for _, s := range tab.Explain(&Request{Method: test.method, Host: "x", Path: "/p", Query: test.query, Header: h}).Steps {
			got[s.Route] = append([]string{s.Verdict}, s.Failed...)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
	}
}

// TestExplainFailedJSON holds the field's name, and that a step that fits has none.
func TestExplainFailedJSON(t *testing.T) {
	tab := build(t, domainOf(t, "d", rt("a", "x", "exact", "/", methodsOf("POST")), rt("b", "x", "prefix", "/")))
	got, err := json.Marshal(tab.Explain(&Request{Method: "GET", Host: "x", Path: "/"}).Steps)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"route":"d/a","host":"x","path":"exact /","verdict":"method","failed":["method"]},{"route":"d/b","host":"x","path":"prefix /","verdict":"wins"}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestExplainAgrees holds each step of random tables to its verdict: Failed is empty
// for a route that fits, and begins with the verdict for one that does not.
func TestExplainAgrees(t *testing.T) {
	refused := 0
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		tab := build(t, domainOf(t, "d", randomRoutes(rnd, 16)...))
		for range 40 {
			h := &filter.Header{}
			for _, name := range []string{"a", "b"} {
				if rnd.IntN(2) == 0 {
					h.Add(name, pick(rnd, "1", "2"))
				}
			}
			q := &Request{Method: pick(rnd, "GET", "POST", "PURGE", "HEAD"), Host: pick(rnd, "x", "a.x", "b.a.x"), Path: randomPath(rnd), Header: h}
			for _, s := range tab.Explain(q).Steps {
				fits := s.Verdict == "wins" || s.Verdict == "loses"
				if fits != (len(s.Failed) == 0) || !fits && s.Failed[0] != s.Verdict {
					t.Fatalf("%s %s%s %v: step %+v\n%s", q.Method, q.Host, q.Path, h.Fields(), s, dump(tab))
				}
				refused += len(s.Failed)
			}
		}
	}
	if refused == 0 {
		t.Error("no route refused anything: the test tests nothing")
	}
}

// TestExplainDecided holds at which step of the order each route that takes the
// request too lost to the winner.
func TestExplainDecided(t *testing.T) {
	tab := build(t,
		domainOf(t, "d",
			rt("a", "x.d", "template", "/p/{id}", methodsOf("GET"), header("x-a", "1"), priority(1)),
			rt("b", "x.d", "template", "/p/{id}", methodsOf("GET"), header("x-a", "1")),
			rt("c", "x.d", "template", "/p/{id}", methodsOf("GET")),
			rt("d", "x.d", "template", "/p/{id}"),
			rt("e", "x.d", "template", "/{k}/{id}", methodsOf("GET")),
			rt("f", "x.d", "prefix", "/p"),
			rt("g", "*.d", "exact", "/p/1"),
		))
	h := &filter.Header{}
	h.Add("x-a", "1")
	got := map[string]string{}
	for _, s := range tab.Explain(&Request{Method: "GET", Host: "x.d", Path: "/p/1", Header: h}).Steps {
		got[s.Route] = s.Verdict + " " + s.Decided
	}
	want := map[string]string{
		"d/a": "wins ", "d/b": "loses priority", "d/c": "loses conditions", "d/d": "loses method",
		"d/e": "loses path", "d/f": "loses path", "d/g": "loses host",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	tab = build(t, domainOf(t, "d",
		rt("get", "x.d", "exact", "/p", methodsOf("GET"), priority(9)),
		rt("head", "x.d", "exact", "/p", methodsOf("HEAD"))))
	steps := tab.Explain(&Request{Method: "HEAD", Host: "x.d", Path: "/p"}).Steps
	if len(steps) != 2 || steps[1].Route != "d/get" || steps[1].Decided != "method" {
		t.Errorf("a HEAD that is named: %+v", steps)
	}
}

func TestCanonicalHost(t *testing.T) {
	for in, want := range map[string]string{
		"Shop.Example": "shop.example", "shop.example:8080": "shop.example", "shop.example.": "shop.example",
		"shop.example.:80": "shop.example", "[::1]:80": "[::1]", "[2001:DB8::1]": "[2001:db8::1]", "": "", ".": ".",
	} {
		if got := CanonicalHost(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// TestRequestValue holds that a condition's value is found where the condition looks.
func TestRequestValue(t *testing.T) {
	h := &filter.Header{}
	h.Add("X-A", "1")
	h.Add("cookie", `a=b; c="d"`)
	q := &Request{Query: "x=1&y=%20", Header: h}
	for what, want := range map[[2]string]string{
		{"header", "x-a"}: "1", {"query", "y"}: " ", {"cookie", "c"}: "d",
	} {
		if got, ok := q.Value(what[0], what[1]); !ok || got != want {
			t.Errorf("%v is %q, %v, want %q", what, got, ok, want)
		}
	}
	if _, ok := (&Request{}).Value("header", "x-a"); ok {
		t.Error("a request without fields has one")
	}
}
