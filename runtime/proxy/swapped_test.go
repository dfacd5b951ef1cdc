package proxy

import (
	"context"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// ends opens n tunnels, lets f end them, and returns when each ended, from then on.
func ends(t *testing.T, n int, cfg Config, f func(*gateway, string)) []time.Duration {
	t.Helper()
	up := upgraded(t, echo)
	g := newGateway(t, up, cfg, func(r *route.Route) { r.OnRouteChange = "drain" })
	begun := make(chan time.Time)
	at := make(chan time.Duration)
	for range n {
		nc, br := open(t, g.addr)
		_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
		go func() {
			from := <-begun
			_, err := br.ReadByte()
			if ne, ok := err.(net.Error); err != io.EOF && (!ok || ne.Timeout()) {
				t.Errorf("a tunnel ended with %v", err)
			}
			at <- time.Since(from)
		}()
	}
	now := time.Now()
	for range n {
		begun <- now
	}
	f(g, up)
	var out []time.Duration
	for range n {
		out = append(out, <-at)
	}
	slices.Sort(out)
	return out
}

// TestDrainRate: a swap ends upgraded connections one after the other.
func TestDrainRate(t *testing.T) {
	at := ends(t, 10, Config{DrainRate: 10}, func(g *gateway, up string) {
		next := &snapshot.Snapshot{Table: newTable(t, up, func(r *route.Route) { r.ID = "d/other" })}
		g.holder.Swap(next)
		g.srv.Swapped(next)
	})
	// Ten steps of 100 ms: the last ends in the tenth, and half of them later than in the
	// fourth.
	if at[9] < 900*time.Millisecond || at[5] < 400*time.Millisecond {
		t.Errorf("at 10 a second the tunnels ended after %v", at)
	}
}

// TestDrainSpread: a stop ends them within its time, not all at its end.
func TestDrainSpread(t *testing.T) {
	at := ends(t, 10, Config{DrainRate: 1, DrainGrace: time.Millisecond}, func(g *gateway, _ string) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if err := g.srv.Drain(ctx); err != nil {
			t.Errorf("Drain: %v", err)
		}
	})
	if at[9]-at[0] < 800*time.Millisecond || at[9] > 10*time.Second {
		t.Errorf("in two seconds the tunnels ended after %v", at)
	}
}
