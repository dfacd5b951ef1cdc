package table

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/ci/bench/paths"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// probeBits says how many different requests a lookup benchmark asks, at random.
const probeBits = 12

// realRoutes makes n routes of the paths of public interfaces, perHost on each host,
// ten hosts in a domain, and requests that reach them.
func realRoutes(n, perHost int) (domains []*bundle.Domain, requests []Request) {
	real := paths.All()
	param := regexp.MustCompile(`\{[^}]*\}`)
	rnd := rand.New(rand.NewPCG(1, 1))
	var d *bundle.Domain
	for i := range n {
		h := i / perHost
		if i%(perHost*10) == 0 {
			d = &bundle.Domain{Def: &route.Domain{Name: fmt.Sprintf("d%05d.example", h/10), MethodMismatch: 405}}
			d.Digest[0], d.Digest[1], d.Digest[2] = byte(h), byte(h>>8), byte(h>>16)
			domains = append(domains, d)
		}
		e := real[i%perHost*(len(real)/perHost)%len(real)]
		r := route.Route{ID: fmt.Sprintf("%s/r%06d", d.Def.Name, i)}
		r.Hosts = []string{fmt.Sprintf("h%05d.example", h)}
		r.Methods = []string{e.Method}
		if strings.Contains(e.Path, "{") {
			r.Path.Template = e.Path
		} else {
			r.Path.Exact = e.Path
		}
		d.Def.Routes = append(d.Def.Routes, r)
		if len(requests) < 1<<16 || rnd.IntN(8) == 0 {
			requests = append(requests, Request{Method: e.Method, Host: r.Hosts[0], Path: param.ReplaceAllString(e.Path, "item42"), Header: &filter.Header{}})
		}
	}
	rnd.Shuffle(len(requests), func(i, j int) { requests[i], requests[j] = requests[j], requests[i] })
	return domains, requests[:min(len(requests), 1<<probeBits)]
}

func BenchmarkMatch(b *testing.B) {
	for _, shape := range []struct{ n, perHost int }{{1000, 1000}, {10_000, 1000}, {100_000, 10}, {100_000, 1000}} {
		b.Run(fmt.Sprintf("%d-routes-%d-hosts", shape.n, shape.n/shape.perHost), func(b *testing.B) {
			domains, requests := realRoutes(shape.n, shape.perHost)
			tab := build(b, domains...)
			m := &Match{}
			// The addresses of the requests are as random as their order: the figure
			// includes fetching the path itself.
			for i := range requests {
				requests[i].Path = strings.Clone(requests[i].Path)
			}
			misses := slices.ContainsFunc(requests, func(r Request) bool { tab.Match(&r, m); return m.Outcome != Matched })
			if misses {
				b.Fatal("a request has no route")
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				tab.Match(&requests[i&(len(requests)-1)], m)
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("%d-routes", n), func(b *testing.B) {
			domains, _ := realRoutes(n, 100)
			reg, err := filter.NewRegistry(nil)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				t, err := Build(Input{Domains: domains}, nil, Env{Filters: reg})
				if err != nil {
					b.Fatal(err)
				}
				t.Close()
			}
		})
	}
}
