package reload

import (
	"fmt"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter/standard"
	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// domains makes n routes in domains of 100.
func domains(n int) []route.Domain {
	var out []route.Domain
	for i := 0; i < n; i += 100 {
		var routes []route.Route
		for j := i; j < i+100; j++ {
			r := route.Route{
				ID: fmt.Sprintf("r%06d", j), Upstream: "web",
				Match: route.Match{Path: route.Path{Template: fmt.Sprintf("/api/v%d/things-%d/{thingId}/parts", j%3, j)}, Methods: []string{"GET"}},
			}
			// As people write them: a policy that many routes share, and a rewrite of each
			// route's own.
			if j%4 != 0 {
				r.Filters = route.Filters{
					"headers":   []byte(`{"request":{"remove":["x-debug"]},"response":{"set":{"x-served-by":"lintel"}}}`),
					"requestId": []byte(`{"header":"x-request-id","keep":true,"response":true}`),
					"cors":      []byte(`{"allowCredentials":false,"allowHeaders":[],"allowMethods":["GET"],"allowOrigins":["https://shop.example"],"maxAge":"10m"}`),
				}
			}
			if j%4 == 1 {
				r.Filters["rewrite"] = fmt.Appendf(nil, `{"path":"/things-%d/{thingId}"}`, j)
			}
			routes = append(routes, r)
		}
		d := runtimetest.Domain(fmt.Sprintf("d%04d.example", i/100), routes...)
		d.Upstreams = map[string]route.Upstream{"web": runtimetest.Upstream("10.0.0.1:80", "10.0.0.2:80")}
		out = append(out, d)
	}
	return out
}

func benchReloader(b testing.TB) *Reloader {
	filters, err := standard.Registry()
	if err != nil {
		b.Fatal(err)
	}
	return New(Config{Filters: filters, Upstreams: upstream.New(upstream.Config{}), Holder: &snapshot.Holder{}})
}

// BenchmarkLoad is decode, build and swap of a first bundle.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		files := runtimetest.Bundle(b, "one", domains(n)...).Files()
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if err := benchReloader(b).load(files, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLoadOneDomainChanged is decode, build and swap when one domain of 100
// differs.
func BenchmarkLoadOneDomainChanged(b *testing.B) {
	all := domains(10_000)
	var bundles []*bundle.Bundle
	for i := range 2 {
		all[50].Routes[7].OnRouteChange = []string{"keep", "drain"}[i]
		bundles = append(bundles, runtimetest.Bundle(b, "x", clone(all)...))
	}
	r := benchReloader(b)
	for i := 0; b.Loop(); i++ {
		if err := r.load(bundles[i%2].Files(), false); err != nil {
			b.Fatal(err)
		}
		r.Retire()
	}
}

func clone(all []route.Domain) []route.Domain { return append([]route.Domain(nil), all...) }
