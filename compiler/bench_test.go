package compiler_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/lintel-gateway/lintel/ci/bench/mixed"
	"github.com/lintel-gateway/lintel/compiler"
)

// BenchmarkCompile compiles mixed routes: cold, and warm with one file changed.
// cpu-s/op counts all threads, which wall time does not.
func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("cold/%d", n), func(b *testing.B) {
			if testing.Short() && n > 1_000 {
				b.Skip("large")
			}
			fsys := mixed.New(n).FS()
			begin := cpuSeconds()
			for b.Loop() {
				compileBench(b, compiler.Options{FS: fsys, Cache: "off"})
			}
			b.ReportMetric((cpuSeconds()-begin)/float64(b.N), "cpu-s/op")
		})
		b.Run(fmt.Sprintf("one-file-changed/%d", n), func(b *testing.B) {
			if testing.Short() && n > 1_000 {
				b.Skip("large")
			}
			repo, dir := mixed.New(n), b.TempDir()
			compileBench(b, compiler.Options{FS: repo.FS(), Cache: dir})
			begin := cpuSeconds()
			for i := 0; b.Loop(); i++ {
				repo.Edit(i)
				compileBench(b, compiler.Options{FS: repo.FS(), Cache: dir})
			}
			b.ReportMetric((cpuSeconds()-begin)/float64(b.N), "cpu-s/op")
		})
	}
}

func compileBench(b *testing.B, o compiler.Options) {
	res, err := compiler.Compile(context.Background(), o)
	if err != nil || res.Bundle == nil {
		b.Fatalf("%v %s", err, plain(res.Diagnostics))
	}
}
