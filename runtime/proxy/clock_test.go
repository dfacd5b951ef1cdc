package proxy

import (
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/snapshot"
)

// TestClockIsFollowed gives records the time of a clock that was set meanwhile.
func TestClockIsFollowed(t *testing.T) {
	s := New(Config{Snapshots: &snapshot.Holder{}})
	for _, step := range []time.Duration{0, time.Hour, -24 * time.Hour} {
		want := time.Now().Add(step)
		s.stamp(want)
		if got := s.clock(s.now()); got.Sub(want.Round(0)).Abs() > time.Second {
			t.Errorf("a step of %v: the record has %v, want %v", step, got, want)
		}
	}
}
