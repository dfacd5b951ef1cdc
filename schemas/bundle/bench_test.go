package bundle

import (
	"fmt"
	"testing"
)

func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		c := content(n, 100)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bundle := encode(b, c)
				size, raw := 0, int64(0)
				for _, data := range bundle.Files() {
					size += len(data)
				}
				for _, s := range bundle.Manifest().Shards {
					raw += s.RawSize
				}
				b.ReportMetric(float64(size), "stored-bytes")
				b.ReportMetric(float64(raw), "json-bytes")
				b.ReportMetric(float64(len(bundle.Files())), "files")
				b.ReportMetric(float64(len(ConfigMaps(&bundle.Encoded, "x", ""))), "configmaps")
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		bundle := encode(b, content(n, 100))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(bundle.Files(), Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecodeOneDomainChanged(b *testing.B) {
	c := content(10_000, 100)
	prev := encode(b, c)
	c.Domains[7].Routes[7].OnRouteChange = "drain"
	next := encode(b, c)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeAfter(prev, next.Files(), Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadDir(b *testing.B) {
	dir := b.TempDir() + "/bundle"
	if err := encode(b, content(10_000, 100)).WriteDir(dir); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := ReadDir(dir, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
