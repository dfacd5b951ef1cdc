package bundle

import "cmp"

// FilterDepth is how deep a filter's configuration may be nested by default: the
// configuration itself is the first level, a text in it the second.
const FilterDepth = 32

// Limits bound what a decode takes in. A field that is zero has the default
// given with it.
type Limits struct {
	// ManifestBytes bounds manifest.json (4 MiB).
	ManifestBytes int64
	// ShardBytes bounds one shard file as stored (1 MiB).
	ShardBytes int64
	// ShardRawBytes bounds the JSON inside one shard (16 MiB).
	ShardRawBytes int64
	// TotalBytes bounds all files together as stored (64 MiB).
	TotalBytes int64
	// TotalRawBytes bounds the JSON of all shards together (256 MiB).
	TotalRawBytes int64
	// Shards bounds the number of shard files (8192).
	Shards int
	// Depth bounds the nesting of a filter's configuration (FilterDepth).
	Depth int
	// Yield, when set, is called between the routes that are decoded: who decodes beside
	// traffic may rest in it.
	Yield func()
}

// withDefaults fills in what is zero.
func (l Limits) withDefaults() Limits {
	const mib = 1 << 20
	return Limits{
		ManifestBytes: cmp.Or(l.ManifestBytes, 4*mib),
		ShardBytes:    cmp.Or(l.ShardBytes, mib),
		ShardRawBytes: cmp.Or(l.ShardRawBytes, 16*mib),
		TotalBytes:    cmp.Or(l.TotalBytes, 64*mib),
		TotalRawBytes: cmp.Or(l.TotalRawBytes, 256*mib),
		Shards:        cmp.Or(l.Shards, 8192),
		Depth:         cmp.Or(l.Depth, FilterDepth),
		Yield:         l.Yield,
	}
}
