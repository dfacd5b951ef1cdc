package table

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// FuzzMatch compares the arena with a linear scan over the definitions, on random
// routes over a small alphabet so that they collide.
func FuzzMatch(f *testing.F) {
	for i := range uint64(40) {
		f.Add(i, uint8(3+i%20))
	}
	f.Fuzz(func(t *testing.T, seed uint64, n uint8) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		tab := build(t, domainOf(t, "d", randomRoutes(rnd, int(n%24)+1)...))
		for range 60 {
			h := &filter.Header{}
			for _, name := range []string{"a", "b"} {
				if rnd.IntN(2) == 0 {
					h.Add(name, pick(rnd, "1", "2"))
				}
			}
			q := &Request{Method: pick(rnd, "GET", "POST", "PURGE", "HEAD"), Host: pick(rnd, "x", "a.x", "b.a.x", "y"), Path: randomPath(rnd), Header: h}
			var m Match
			tab.Match(q, &m)
			want, mismatch := "", false
			for _, c := range tab.contenders(q) {
				if c.failed == "" && want == "" {
					want = c.route.Def.ID
				}
				mismatch = mismatch || c.failed == "method"
			}
			got := ""
			if m.Route != nil {
				got = m.Route.Def.ID
			}
			if got != want {
				t.Fatalf("%s %s%s %v: got %q, linear scan says %q\n%s", q.Method, q.Host, q.Path, h.Fields(), got, want, dump(tab))
			}
			if want == "" && mismatch != (m.Outcome == MethodMismatch) {
				t.Fatalf("%s %s%s: outcome %v, mismatch %v", q.Method, q.Host, q.Path, m.Outcome, mismatch)
			}
		}
	})
}

func dump(tab *Table) string {
	var b strings.Builder
	for _, r := range tab.Routes() {
		fmt.Fprintf(&b, "%s %v %v %v p=%d c=%d\n", r.Def.ID, r.Def.Hosts, r.Def.Path, r.Def.Methods, r.Def.Priority, len(r.conditions))
	}
	return b.String()
}

func pick(rnd *rand.Rand, from ...string) string { return from[rnd.IntN(len(from))] }

func randomPath(rnd *rand.Rand) string {
	p := ""
	for range 1 + rnd.IntN(4) {
		p += "/" + pick(rnd, "a", "ab", "abc", "b", "", "a.j", "v1")
	}
	return p
}

func randomRoutes(rnd *rand.Rand, n int) []route.Route {
	var out []route.Route
	for i := range n {
		r := route.Route{ID: fmt.Sprintf("r%02d", i)}
		r.Hosts = []string{pick(rnd, "x", "*.x", "*.a.x", "*")}
		switch rnd.IntN(5) {
		case 0:
			r.Path.Exact = randomPath(rnd)
		case 1:
			r.Path.Prefix = randomPath(rnd)
		case 2:
			r.Path.Regex = pick(rnd, "/a.*", "/[ab]+/.*", "/ab?/a", ".*", "/a/(ab|b)")
		default:
			for k := range 1 + rnd.IntN(4) {
				r.Path.Template += "/" + strings.ReplaceAll(pick(rnd, "a", "ab", "{p}", "{p}.j", "v{p}", "{p}", "a{p}", "b"), "p", fmt.Sprint("p", k))
			}
			if rnd.IntN(4) == 0 {
				r.Path.Template += "/{r...}"
			}
		}
		switch rnd.IntN(5) {
		case 4:
			r.Methods = []string{"HEAD"}
		case 0:
			r.Methods = []string{"GET"}
		case 1:
			r.Methods = []string{"POST", "PURGE"}
		}
		for _, name := range []string{"a", "b"} {
			if rnd.IntN(4) == 0 {
				r.Headers = map[string]route.Condition{name: {Exact: ptr(pick(rnd, "1", "2"))}}
			}
		}
		r.Priority = rnd.IntN(3)
		out = append(out, r)
	}
	return out
}

func TestMatchAllocatesNothing(t *testing.T) {
	tab := build(t, domainOf(t, "d",
		rt("p", "x.example", "template", "/api/{a}/b/{c}"), rt("w", "*.x.example", "prefix", "/")))
	m := &Match{}
	q := &Request{Method: "GET", Host: "x.example", Path: "/api/1/b/2", Header: &filter.Header{}}
	w := &Request{Method: "GET", Host: "a.b.x.example", Path: "/", Header: &filter.Header{}}
	if n := testing.AllocsPerRun(100, func() { tab.Match(q, m); tab.Match(w, m) }); n != 0 {
		t.Errorf("a match allocates %v times", n)
	}
}
