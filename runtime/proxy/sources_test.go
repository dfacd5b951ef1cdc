package proxy

import (
	"net/netip"
	"testing"
)

func TestSources(t *testing.T) {
	s := newSources(2)
	take := func(a string, want bool) {
		t.Helper()
		if got := s.take(netip.MustParseAddr(a)); got != want {
			t.Errorf("%s: taken %v, want %v", a, got, want)
		}
	}
	take("192.0.2.1", true)
	take("::ffff:192.0.2.1", true) // the same address
	take("192.0.2.1", false)
	take("192.0.2.2", true)
	take("2001:db8::1", true)
	take("2001:db8::ffff:0:0:2", true) // the same /64
	take("2001:db8:0:0:5::", false)
	take("2001:db8:0:1::1", true)
	s.give(netip.MustParseAddr("192.0.2.1"))
	take("192.0.2.1", true)
	if newSources(0) != nil {
		t.Error("0 is a limit")
	}
}

// What many sources took is not kept once they have left.
func TestSourcesForget(t *testing.T) {
	s := newSources(1)
	at := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	const n = 100_000
	for i := range n {
		if !s.take(at(i)) {
			t.Fatalf("%v was not taken", at(i))
		}
	}
	for i := range n {
		s.give(at(i))
	}
	for i := range s.shards {
		if h := &s.shards[i]; len(h.open) != 0 || h.most != 0 {
			t.Errorf("shard %d holds %d entries, and keeps room for %d", i, len(h.open), h.most)
		}
	}
}

// Sources spread over the shards, whether they differ in a network's or a host's part.
func TestSourcesSpread(t *testing.T) {
	for name, at := range map[string]func(i int) netip.Addr{
		"hosts of IPv4": func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) },
		"networks of IPv6": func(i int) netip.Addr {
			return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 0, byte(i >> 8), byte(i)})
		},
	} {
		s := newSources(1)
		for i := range 1600 {
			s.take(at(i))
		}
		for i := range s.shards {
			if n := len(s.shards[i].open); n < 50 || n > 200 {
				t.Errorf("%s: shard %d has %d of 1600", name, i, n)
			}
		}
	}
}
