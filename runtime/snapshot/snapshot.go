// Package snapshot holds what the gateway serves from at one moment, a table and
// the manifest it came from, and the one pointer that a swap changes.
package snapshot

import (
	"sync/atomic"
	"time"

	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// shards spreads the reference counts so that cores do not share a cache line.
const shards = 8

// Snapshot is a table and manifest in use. A request holds a reference from its
// match to its end; an upgraded connection to its close.
type Snapshot struct {
	Table    *table.Table
	Manifest *bundle.Manifest
	// Digest is the bundle's digest, "sha256:<hex>".
	Digest string
	// LoadedAt is when it was swapped in.
	LoadedAt time.Time

	refs [shards]struct {
		n atomic.Int64
		_ [56]byte
	}
}

// Release gives back a reference taken with the same shard.
func (s *Snapshot) Release(shard uint32) { s.refs[shard%shards].n.Add(-1) }

// References is how many requests and upgraded connections use the snapshot.
func (s *Snapshot) References() int64 {
	var sum int64
	for i := range s.refs {
		sum += s.refs[i].n.Load()
	}
	return sum
}

// Holder is the pointer to the current snapshot.
type Holder struct{ p atomic.Pointer[Snapshot] }

// Acquire returns the current snapshot with a reference counted, or nil before
// the first. The shard is any number that is steady for the caller, such as one
// per connection; Release takes the same.
func (h *Holder) Acquire(shard uint32) *Snapshot {
	for {
		s := h.p.Load()
		if s == nil {
			return nil
		}
		n := &s.refs[shard%shards].n
		n.Add(1)
		// Without this second look a swap and its drain could pass between Load
		// and Add, and the snapshot be closed under the caller.
		if h.p.Load() == s {
			return s
		}
		n.Add(-1)
	}
}

// Current returns the current snapshot without a reference, or nil: for
// inspection only.
func (h *Holder) Current() *Snapshot { return h.p.Load() }

// Swap makes s current and returns the snapshot before, or nil. Once the old
// one's References are zero nothing can take it up again.
func (h *Holder) Swap(s *Snapshot) *Snapshot { return h.p.Swap(s) }
