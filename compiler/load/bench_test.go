package load

import (
	"testing"

	"github.com/lintel-gateway/lintel/ci/bench/mixed"
)

// BenchmarkLoadWarm loads 10,000 routes that are all in the cache.
func BenchmarkLoadWarm(b *testing.B) {
	fsys, dir := mixed.New(10_000).FS(), b.TempDir()
	load := func() {
		r, err := Load(b.Context(), Options{FS: fsys, Cache: dir})
		if err != nil || len(r.Diagnostics) > 0 {
			b.Fatalf("load: %v %v", err, r)
		}
	}
	load()
	b.ReportAllocs()
	for b.Loop() {
		load()
	}
}
