package proxy

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lintel-gateway/lintel/runtime/wire"
)

const (
	sweepShards = 16
	// sweepEvery is the resolution of every timeout of the engine.
	sweepEvery = 50 * time.Millisecond
	// watchEvery is how often a client that waits for its upstream is looked at.
	watchEvery = int64(200 * time.Millisecond)
	never      = math.MaxInt64
)

// sweepShard holds a part of the sessions. soonest is when one of them must be
// looked at next, so that a sweep over connections with nothing due is one load.
type sweepShard struct {
	soonest  atomic.Int64
	mu       sync.Mutex
	sessions []*session
	_        [64]byte
}

func (s *Server) shard(c *session) *sweepShard { return &s.shards[c.shard%sweepShards] }

func (h *sweepShard) add(c *session) {
	h.mu.Lock()
	c.at = len(h.sessions)
	h.sessions = append(h.sessions, c)
	h.mu.Unlock()
}

func (h *sweepShard) remove(c *session) {
	h.mu.Lock()
	last := len(h.sessions) - 1
	h.sessions[last].at = c.at
	h.sessions[c.at] = h.sessions[last]
	h.sessions[last] = nil
	h.sessions = h.sessions[:last]
	h.mu.Unlock()
}

// due says that a session of the shard must be looked at by t.
func (h *sweepShard) due(t int64) {
	for {
		old := h.soonest.Load()
		if old <= t || h.soonest.CompareAndSwap(old, t) {
			return
		}
	}
}

// sweep is the one clock of all connections: deadlines are numbers that it compares
// and enforces by Interrupt, so that a request sets no timer.
func (s *Server) sweep() {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-s.stop:
			return
		case at := <-t.C:
			s.stamp(at)
		}
		now := s.now()
		for i := range s.shards {
			h := &s.shards[i]
			if now < h.soonest.Load() {
				continue
			}
			h.soonest.Store(never)
			soonest := int64(never)
			h.mu.Lock()
			for _, c := range h.sessions {
				soonest = min(soonest, c.look(now))
			}
			h.mu.Unlock()
			h.due(soonest)
		}
	}
}

// stamp renews the Date of the answers that need one, and what the clock shows: it
// may be set while the server runs.
func (s *Server) stamp(at time.Time) {
	s.wall.Store(at.UnixNano() - s.now())
	d := at.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	if old := s.date.Load(); old == nil || *old != d {
		s.date.Store(&d)
	}
}

func (s *Server) each(f func(*session)) {
	for i := range s.shards {
		h := &s.shards[i]
		h.mu.Lock()
		for _, c := range h.sessions {
			f(c)
		}
		h.mu.Unlock()
	}
}

// timer is a deadline that the sweeper enforces; 0 is none.
type timer struct{ at atomic.Int64 }

// over takes a deadline that has passed.
func (t *timer) over(now int64, soonest *int64) bool {
	at := t.at.Load()
	if at == 0 {
		return false
	}
	if now < at {
		*soonest = min(*soonest, at)
		return false
	}
	return t.at.CompareAndSwap(at, 0)
}

// look enforces what is due of one session and returns when to look again.
func (c *session) look(now int64) int64 {
	soonest := int64(never)
	if h := c.carrier.Load(); h != nil {
		return c.lookCarrier(*h, now)
	}
	if c.clientRead.over(now, &soonest) {
		c.side.Interrupt(true, false)
	}
	if c.clientWrite.over(now, &soonest) {
		c.side.Interrupt(false, true)
	}
	up := c.up.Load()
	if c.upRead.over(now, &soonest) && up != nil {
		up.Interrupt(true, false)
	}
	if c.upWrite.over(now, &soonest) && up != nil {
		up.Interrupt(false, true)
	}
	if end := c.endAt.Load(); end != 0 && c.tunnel.Load() != nil {
		if now < end {
			soonest = min(soonest, end)
		} else {
			// Whichever side is waited for, and again until the connection has ended.
			c.letGo()
			c.side.Interrupt(true, true)
			soonest = now + int64(sweepEvery)
		}
	}
	if c.watch.over(now, &soonest) {
		soonest = min(soonest, c.observe(now))
	}
	return soonest
}

// observe looks at the client's end. A client that ended its sending side by the
// first look has only half closed and waits for its answer; one that does so later
// has given up, and so has one whose connection is reset.
func (c *session) observe(now int64) int64 {
	state := c.conn.Peer()
	switch phase(c.phase.Load()) {
	case phaseIdle:
		// The end may have come together with the last bytes, and then woke nobody.
		if state != wire.Open {
			c.conn.Interrupt(true, false)
		}
		return never
	case phaseExchange:
		first := c.flags.Or(flagLooked)&flagLooked == 0
		if state == wire.HalfClosed && first {
			c.flags.Or(flagHalf)
		}
		if state == wire.Gone || state == wire.HalfClosed && c.flags.Load()&flagHalf == 0 {
			c.flags.Or(flagGone)
			c.letGo()
			c.conn.Interrupt(true, true)
			return never
		}
		c.watch.at.CompareAndSwap(0, now+watchEvery)
		return now + watchEvery
	}
	return never
}
