// Package bundle reads and writes bundles, the contract between compiler and
// gateway: a flat set of files, a manifest that names them by digest, and
// canonical JSON inside. Same content, same bytes; whatever decodes encodes to
// the same bytes again. It needs only the standard library and zstd.
package bundle

import "github.com/lintel-gateway/lintel/schemas/route"

// Format is the version of the layout that this build writes. It reads Format
// and Format-1.
const Format = 1

// Manifest is manifest.json: what the bundle is and which files belong to it.
type Manifest struct {
	Format int `json:"format"`
	// Content is "sha256:<hex>" over the sorted digests of the shards that run:
	// equal Content, equal behaviour.
	Content string `json:"content"`
	// Revision is given by who compiles, such as a Git commit; never the clock.
	Revision string `json:"revision,omitempty"`
	// Compiler names the tool and version that wrote the bundle.
	Compiler string `json:"compiler"`
	// Shards are the files that run; Sources are the files that say where things
	// were written. Both are sorted by digest.
	Shards  []ShardRef `json:"shards"`
	Sources []ShardRef `json:"sources,omitempty"`
	// Owners maps a domain to its owner.
	Owners map[string]string `json:"owners,omitempty"`
	Counts Counts            `json:"counts"`
}

// ShardRef names one shard file "<digest>.json.zst".
type ShardRef struct {
	// Digest is the SHA-256 of the file's bytes, 64 hex digits.
	Digest string `json:"digest"`
	// Size is the file's length, RawSize the length of the JSON inside.
	Size    int64 `json:"size"`
	RawSize int64 `json:"rawSize"`
}

// Counts are for people and for checks.
type Counts struct {
	Domains   int `json:"domains"`
	Routes    int `json:"routes"`
	Upstreams int `json:"upstreams"`
}

// Domain is a decoded domain and the SHA-256 of its canonical JSON, by which
// unchanged domains are known. The digest of a domain that is divided over
// several shards is that over the digests of its parts.
type Domain struct {
	Def    *route.Domain
	Digest [32]byte
}

// Shared is the decoded shared part and its digest.
type Shared struct {
	Def    *route.Shared
	Digest [32]byte
}

// Source says where a route was written.
type Source struct {
	Module string `json:"module"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}
