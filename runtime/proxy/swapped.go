package proxy

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/lintel-gateway/lintel/runtime/snapshot"
)

// Swapped applies onRouteChange to the upgraded connections whose route the new
// snapshot changed or does not have. It is called after the swap.
func (s *Server) Swapped(next *snapshot.Snapshot) {
	s.each(func(c *session) { c.swapped(next) })
}

// swapped applies onRouteChange to one connection.
func (c *session) swapped(next *snapshot.Snapshot) {
	r := c.tunnel.Load()
	if r == nil {
		return
	}
	if n := next.Table.Route(r.Def.ID); n != nil && n.Same(r) {
		return
	}
	switch r.Def.OnRouteChange {
	case "close":
		c.cut()
	case "drain":
		c.endSoon(int64(time.Second) / int64(c.srv.cfg.DrainRate))
	}
}

// endSoon sets when an upgraded connection is to end: one every step nanoseconds, behind
// those that were told before, and each somewhere in its step, so that no two gateways
// that swap together end theirs in time with each other.
func (c *session) endSoon(step int64) {
	s := c.srv
	if c.endAt.Load() != 0 {
		return
	}
	for {
		last, now := s.ending.Load(), s.now()
		begin := max(last, now)
		if !s.ending.CompareAndSwap(last, begin+step) {
			continue
		}
		at := begin + rand.Int64N(max(step, 1))
		if c.endAt.CompareAndSwap(0, at) {
			s.shard(c).due(at)
		}
		return
	}
}

// drainShare is the part of a drain's time in which upgraded connections end one after
// the other. What is left then is cut at once.
const drainShare = 0.9

// endTunnels ends the upgraded connections while the server drains: at the usual rate,
// or faster where the time that is left needs it.
func (s *Server) endTunnels(ctx context.Context) {
	step := int64(time.Second) / int64(s.cfg.DrainRate)
	end, bounded := ctx.Deadline()
	if !bounded {
		return // they have all the time there is
	}
	count := int64(0)
	s.each(func(c *session) {
		if c.tunnel.Load() != nil {
			count++
		}
	})
	if count == 0 {
		return
	}
	left := int64(float64(time.Until(end)) * drainShare)
	step = min(step, max(left/count, 1))
	// They end as late as can be: some end by themselves.
	s.ending.Store(s.now() + max(left-count*step, 0))
	s.each(func(c *session) {
		if c.tunnel.Load() != nil {
			c.endSoon(step)
		}
	})
}
