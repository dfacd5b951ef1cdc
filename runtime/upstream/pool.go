package upstream

import (
	"sync"
	"time"
)

// pool holds the idle connections of one address, the last used on top: what is
// not needed stays at the bottom and times out.
type pool struct {
	mu     sync.Mutex
	idle   []*Conn
	closed bool
}

// take returns the connection that was used last, or nil.
func (p *pool) take() *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle[n-1] = nil
	p.idle = p.idle[:n-1]
	return c
}

// put adds a connection; it returns false when there is no room.
func (p *pool) put(c *Conn, limit int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= limit {
		return false
	}
	p.idle = append(p.idle, c)
	return true
}

func (p *pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle)
}

// sweep closes the connections that have been idle too long, whose identity is a
// former one, that the peer has closed, or that it has sent bytes on which nobody asked for, and returns how many
// are left.
func (p *pool) sweep(now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.idle[:0]
	for _, c := range p.idle {
		// The connection's own mark moves with the sweeps, so that putting one aside
		// reads no clock: it is exact to sweepEvery.
		if c.idleSince.IsZero() {
			c.idleSince = now
		}
		if now.Sub(c.idleSince) >= c.idleTimeout || c.link != c.node.link.Load() || !c.Conn.Quiet() {
			c.Conn.Close()
			continue
		}
		kept = append(kept, c)
	}
	clear(p.idle[len(kept):])
	p.idle = kept
	return len(kept)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.idle {
		c.Conn.Close()
	}
	p.idle = nil
}
