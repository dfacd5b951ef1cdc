package proxy

import (
	"net/netip"
	"sync"
)

const sourceShards = 16

// sources counts the open connections of each source: an IPv4 address, or the /64 of an
// IPv6 one, for that is what a single host has at its hand. Only sources with an open
// connection have an entry, so that the connections bound the memory.
type sources struct {
	limit  int32
	shards [sourceShards]sourceShard
}

type sourceShard struct {
	mu   sync.Mutex
	open map[source]int32
	most int // entries since the map was made: maps do not shrink
}

// source is an address as 16 bytes without what does not tell sources apart.
type source [16]byte

func sourceOf(a netip.Addr) source {
	s := source(a.As16())
	if a.Is6() && !a.Is4In6() {
		clear(s[8:])
	}
	return s
}

// newSources makes a count with a limit for each source; nil for a limit of 0, which is
// none.
func newSources(limit int) *sources {
	if limit <= 0 {
		return nil
	}
	s := &sources{limit: int32(limit)}
	for i := range s.shards {
		s.shards[i].open = map[source]int32{}
	}
	return s
}

func (s *sources) shard(k source) *sourceShard {
	// The bytes that differ most: the last ones of IPv4, those before the /64's end of IPv6.
	return &s.shards[(k[15]^k[14]^k[7]^k[6]^k[5])%sourceShards]
}

// take counts one more connection of a, unless a has as many as it may.
func (s *sources) take(a netip.Addr) bool {
	k := sourceOf(a)
	h := s.shard(k)
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.open[k]
	if n >= s.limit {
		return false
	}
	h.open[k] = n + 1
	h.most = max(h.most, len(h.open))
	return true
}

// give takes a connection of a back.
func (s *sources) give(a netip.Addr) {
	k := sourceOf(a)
	h := s.shard(k)
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := h.open[k]; n > 1 {
		h.open[k] = n - 1
		return
	}
	delete(h.open, k)
	if len(h.open) == 0 && h.most > 1024 {
		h.open, h.most = map[source]int32{}, 0
	}
}
