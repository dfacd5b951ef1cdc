package load

import (
	"testing"

	"github.com/lintel-gateway/lintel/ci/bench/mixed"
	"github.com/lintel-gateway/lintel/compiler/cache"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

// BenchmarkLoadWarm loads 10,000 routes that are all in the cache.
func BenchmarkLoadWarm(b *testing.B) {
	dir, routes := b.TempDir(), b.TempDir()
	if err := mixed.New(10_000).Write(routes); err != nil {
		b.Fatal(err)
	}
	load := func() {
		r, err := Load(b.Context(), Options{Dir: routes, Cache: cache.Open(dir, "v")})
		if err != nil || len(r.Diagnostics) > 0 {
			b.Fatalf("load: %v %v", err, r)
		}
		r.Prove(nil, func(*ir.Domain) bool { return true }, func(*ir.Domain) *ir.Outline { return &ir.Outline{} })
	}
	load()
	b.ReportAllocs()
	for b.Loop() {
		load()
	}
}
