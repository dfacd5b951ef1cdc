package check

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/route"
)

type nowhere struct{}

func (nowhere) Lookup(...string) (diag.Pos, int) { return diag.Pos{}, 0 }

// programOf makes a program of one domain out of routes whose ids are names.
func programOf(routes ...route.Route) *ir.Program {
	d := &ir.Domain{Def: route.Domain{Name: "d", MethodMismatch: 405, Routes: routes}, Index: nowhere{}}
	slices.SortFunc(routes, func(a, b route.Route) int { return strings.Compare(a.ID, b.ID) })
	hosts := map[string]bool{}
	for i := range d.Def.Routes {
		r := &d.Def.Routes[i]
		for _, h := range r.Hosts {
			hosts[h] = true
		}
		d.Routes = append(d.Routes, &ir.Route{Def: r, Name: r.ID, Pos: diag.Pos{File: "r.cue", Line: i + 1, Column: 1}})
		r.ID = "d/" + r.ID
	}
	d.Def.Hosts = sortedKeys(hosts)
	return &ir.Program{Domains: []*ir.Domain{d}, Shared: ir.Shared{Index: nowhere{}}}
}

func runRule(rule Rule, prog *ir.Program) diag.List {
	p := &pass{prog: prog, rule: rule, filters: &filter.Registry{}}
	rule.run(p)
	return fold(p.found)
}

func names(list diag.List) []string {
	var out []string
	for _, d := range list {
		out = append(out, strings.TrimPrefix(d.Path, "routes."))
	}
	slices.Sort(out)
	return out
}

func ptr[T any](v T) *T { return &v }

// every is every request over the alphabet of the random routes.
func every(f func(*table.Request)) {
	var paths []string
	segs := []string{"a", "ab", "b", "v1", "a.j", "x", ""}
	for _, a := range segs {
		paths = append(paths, "/"+a)
		for _, b := range segs {
			paths = append(paths, "/"+a+"/"+b)
			for _, c := range []string{"a", "x", ""} {
				paths = append(paths, "/"+a+"/"+b+"/"+c)
			}
		}
	}
	var headers []*filter.Header
	for _, a := range []string{"", "1", "2"} {
		for _, b := range []string{"", "1"} {
			h := &filter.Header{}
			if a != "" {
				h.Add("a", a)
			}
			if b != "" {
				h.Add("b", b)
			}
			headers = append(headers, h)
		}
	}
	for _, host := range []string{"x", "a.x", "b.a.x", "y"} {
		for _, path := range paths {
			for _, method := range []string{"GET", "POST", "HEAD", "LINTEL-ANY"} {
				for _, h := range headers {
					f(&table.Request{Method: method, Host: host, Path: path, Header: h})
				}
			}
		}
	}
}

// FuzzOverlap compares both rules with brute force: a route is reported as shadowed
// only if no request of a small world reaches it, and one as tied exactly if
// some request is taken by it and by one before it with equal rank.
func FuzzOverlap(f *testing.F) {
	for i := range uint64(60) {
		f.Add(i, uint8(3+i%10))
	}
	f.Fuzz(func(t *testing.T, seed uint64, n uint8) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		prog := programOf(randomRoutes(rnd, int(n%12)+2)...)
		p := &pass{prog: prog, rule: routeShadowed}
		tab := p.tableOf(prog.Domains[0])
		if tab == nil {
			t.Fatal("the routes build no table")
		}
		defer tab.Close()
		reached := map[string]bool{}
		tied := map[string]bool{}
		ranks := map[string]table.Rank{}
		match := map[string]*route.Match{}
		for _, r := range prog.Domains[0].Routes {
			ranks[r.Def.ID], _ = table.RankOf(&r.Def.Match)
			match[r.Def.ID] = &r.Def.Match
		}
		var m table.Match
		every(func(q *table.Request) {
			if tab.Match(q, &m); m.Route != nil {
				reached[m.Route.Def.ID] = true
			}
			steps := tab.Explain(q).Steps
			for i, a := range steps {
				for _, b := range steps[i+1:] {
					if (a.Verdict == "wins" || a.Verdict == "loses") && b.Verdict == "loses" && a.Host == b.Host && ranks[a.Route].Compare(ranks[b.Route]) == 0 &&
						table.MethodClass(match[a.Route], q.Method) == table.MethodClass(match[b.Route], q.Method) {
						x, y := a.Route, b.Route
						if x > y {
							x, y = y, x
						}
						tied[y] = true // reported at the later one, once
					}
				}
			}
		})
		for _, name := range names(runRule(routeShadowed, prog)) {
			if reached["d/"+name] {
				t.Errorf("%s is reported as shadowed, yet a request reaches it\n%s", name, dump(prog))
			}
		}
		got := runRule(routeTie, prog)
		if len(got) != len(tied) {
			t.Errorf("tied by brute force: %v; reported: %d\n%s", sortedKeys(tied), len(got), dump(prog))
			for _, d := range got {
				t.Log(d.Line())
			}
		}
	})
}

func dump(prog *ir.Program) string {
	var b strings.Builder
	for _, r := range prog.Domains[0].Routes {
		fmt.Fprintf(&b, "%s %v %+v %v p=%d %v\n", r.Name, r.Def.Hosts, r.Def.Path, r.Def.Methods, r.Def.Priority, conditionText(r.Def.Headers))
	}
	return b.String()
}

func conditionText(m map[string]route.Condition) (out string) {
	for _, k := range sortedKeys(m) {
		switch c := m[k]; {
		case c.Exact != nil:
			out += k + "=" + *c.Exact + " "
		case c.Present != nil:
			out += fmt.Sprint(k, "?", *c.Present, " ")
		case c.Regex != nil:
			out += k + "~" + *c.Regex + " "
		case c.Prefix != nil:
			out += k + "^" + *c.Prefix + " "
		}
	}
	return out
}

func pick[T any](rnd *rand.Rand, from ...T) T { return from[rnd.IntN(len(from))] }

func randomRoutes(rnd *rand.Rand, n int) []route.Route {
	var out []route.Route
	for i := range n {
		r := route.Route{ID: fmt.Sprintf("r%02d", i)}
		r.Hosts = []string{pick(rnd, "x", "*.x", "*")}
		switch rnd.IntN(6) {
		case 0:
			r.Path.Exact = pick(rnd, "/a", "/a/b", "/ab", "/")
		case 1, 2:
			r.Path.Prefix = pick(rnd, "/", "/a", "/a/b", "/ab")
		case 3:
			r.Path.Regex = pick(rnd, "/a.*", "/(a|b)/.*", "/a/(a|b)", ".*", "/a/b")
		default:
			r.Path.Template = pick(rnd, "/{r...}", "/{p}", "/a/{p}", "/{p}/{q}", "/a/{r...}", "/{p}/b/{r...}", "/v{p}", "/{p}.j", "/a/b")
		}
		switch rnd.IntN(3) {
		case 0:
			r.Methods = pick(rnd, []string{"GET"}, []string{"GET", "POST"}, []string{"POST"}, []string{"HEAD"})
		}
		for _, name := range []string{"a", "b"} {
			if rnd.IntN(5) == 0 {
				r.Headers = map[string]route.Condition{name: pick(rnd,
					route.Condition{Exact: ptr("1")}, route.Condition{Exact: ptr("2")}, route.Condition{Present: ptr(true)},
					route.Condition{Present: ptr(false)}, route.Condition{Regex: ptr("[12]")}, route.Condition{Prefix: ptr("1")})}
			}
		}
		r.Priority = rnd.IntN(2)
		out = append(out, r)
	}
	return out
}

func TestShadowedIsFound(t *testing.T) {
	r := func(id, kind, value string, more ...func(*route.Route)) route.Route {
		out := route.Route{ID: id, Match: route.Match{Hosts: []string{"x"}}}
		switch kind {
		case "exact":
			out.Path.Exact = value
		case "prefix":
			out.Path.Prefix = value
		case "template":
			out.Path.Template = value
		default:
			out.Path.Regex = value
		}
		for _, f := range more {
			f(&out)
		}
		return out
	}
	methods := func(m ...string) func(*route.Route) { return func(r *route.Route) { r.Methods = m } }
	priority := func(p int) func(*route.Route) { return func(r *route.Route) { r.Priority = p } }
	header := func(c route.Condition) func(*route.Route) {
		return func(r *route.Route) { r.Headers = map[string]route.Condition{"a": c} }
	}
	for name, c := range map[string]struct {
		routes []route.Route
		want   string
	}{
		"higher priority":             {[]route.Route{r("low", "exact", "/a"), r("high", "exact", "/a", priority(1))}, "[low]"},
		"regex below a prefix":        {[]route.Route{r("all", "prefix", "/"), r("re", "regex", "/a/[0-9]+")}, "[re]"},
		"regex beside a prefix":       {[]route.Route{r("b", "prefix", "/b"), r("re", "regex", "/a/[0-9]+")}, "[]"},
		"regex half below":            {[]route.Route{r("ab", "prefix", "/ab"), r("re", "regex", "/ab?/[0-9]+")}, "[]"},
		"prefix below a remainder":    {[]route.Route{r("all", "template", "/{rest...}"), r("p", "prefix", "/a")}, "[p]"},
		"prefix and its own path":     {[]route.Route{r("p", "prefix", "/a"), r("t", "template", "/a/{rest...}")}, "[]"},
		"prefix and both parts":       {[]route.Route{r("p", "prefix", "/a"), r("t", "template", "/a/{rest...}"), r("e", "exact", "/a")}, "[p]"},
		"methods one by one":          {[]route.Route{r("g", "exact", "/a", methods("GET"), priority(1)), r("p", "exact", "/a", methods("POST"), priority(1)), r("gp", "exact", "/a", methods("GET", "POST"))}, "[gp]"},
		"a method is left":            {[]route.Route{r("g", "exact", "/a", methods("GET"), priority(1)), r("gp", "exact", "/a", methods("GET", "POST"))}, "[]"},
		"any method is never used up": {[]route.Route{r("g", "exact", "/a", methods("GET", "POST")), r("any", "exact", "/a")}, "[]"},
		"an implied condition":        {[]route.Route{r("one", "exact", "/a", header(route.Condition{Exact: ptr("12")})), r("pre", "exact", "/a", header(route.Condition{Prefix: ptr("1")}), priority(1))}, "[one]"},
		"HEAD is named first":         {[]route.Route{r("g", "exact", "/a", methods("GET"), priority(9)), r("h", "exact", "/a", methods("HEAD"))}, "[]"},
		"parameter names":             {[]route.Route{r("p", "template", "/{p}", priority(1)), r("q", "template", "/{q}")}, "[q]"},
	} {
		got := fmt.Sprint(names(runRule(routeShadowed, programOf(c.routes...))))
		if got != c.want {
			t.Errorf("%s: shadowed %s, want %s", name, got, c.want)
		}
	}
}

func TestMeet(t *testing.T) {
	for _, c := range []struct {
		a, b, want string
		ok         bool
	}{
		{"/a.*", "/[ab]/c", "/a/c", true},
		{"/a", "/b", "", false},
		{"(?i)ABC", "abc", "abc", true},
		{"a*", "b*", "", true},
		{"^a$", "a", "a", true},
		{"a+b", "a{3}.", "aaab", true},
		{"[0-9]+", "[a-z]+", "", false},
		{`\bx`, "x", "", false},
		{"[^a]", "[^b]", "x", true},
	} {
		got, ok := meet(c.a, c.b)
		if got != c.want || ok != c.ok {
			t.Errorf("meet(%q, %q) = %q %v, want %q %v", c.a, c.b, got, ok, c.want, c.ok)
		}
	}
}

// TestTieIsReportedOnce holds copies of one route to one finding each, not one for
// every pair.
func TestTieIsReportedOnce(t *testing.T) {
	var routes []route.Route
	for i := range 50 {
		routes = append(routes, route.Route{ID: fmt.Sprintf("r%02d", i), Match: route.Match{Hosts: []string{"x", "*.x"}, Path: route.Path{Exact: "/a"}}})
	}
	if got := runRule(routeTie, programOf(routes...)); len(got) != 49 {
		t.Errorf("50 equal routes make %d findings, want 49", len(got))
	}
}

func TestSolverStops(t *testing.T) {
	v := newSolver()
	if _, ok := v.meet("/a*b", "/a{30}b"); !ok || v.left >= solverStates {
		t.Fatalf("found %v with %d states left of %d", ok, v.left, solverStates)
	}
	v.left = 10
	if text, ok := v.meet("/a*b", "/a{30}b"); ok || v.left != 0 {
		t.Errorf("the search went on to %q with %d states left", text, v.left)
	}
}

// BenchmarkTies compares routes of one path that only a condition or an expression
// tells apart.
func BenchmarkTies(b *testing.B) {
	for name, change := range map[string]func(r *route.Route, i int){
		"headers": func(r *route.Route, i int) {
			r.Path.Exact = "/a"
			r.Headers = map[string]route.Condition{"x-tenant": {Exact: ptr(fmt.Sprint("t", i))}}
		},
		"regexes": func(r *route.Route, i int) { r.Path.Regex = fmt.Sprintf("/(a|b)*c{%d}x%dy.*", i%50, i) },
		"equal":   func(r *route.Route, i int) { r.Path.Exact = "/a" },
	} {
		b.Run(name, func(b *testing.B) {
			var routes []route.Route
			for i := range 1000 {
				r := route.Route{ID: fmt.Sprintf("r%04d", i), Match: route.Match{Hosts: []string{"x"}}}
				change(&r, i)
				routes = append(routes, r)
			}
			prog := programOf(routes...)
			for b.Loop() {
				runRule(routeTie, prog)
			}
		})
	}
}
