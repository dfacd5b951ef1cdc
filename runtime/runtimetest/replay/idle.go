package replay

import (
	"sync"
	"time"
)

// Bounds of the connections that a Player with Reuse keeps.
const (
	maxIdle  = 512
	idleTime = 20 * time.Second
)

// idle holds connections that wait for the next case, the last used one on top.
type idle struct {
	mu    sync.Mutex
	conns []*conn
}

func (i *idle) take(key string) *conn {
	i.mu.Lock()
	defer i.mu.Unlock()
	for n := len(i.conns) - 1; n >= 0; n-- {
		c := i.conns[n]
		if c.key != key {
			continue
		}
		i.conns = append(i.conns[:n], i.conns[n+1:]...)
		if time.Since(c.since) < idleTime {
			return c
		}
		_ = c.Close()
	}
	return nil
}

func (i *idle) put(c *conn) {
	c.since = time.Now()
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.conns) == maxIdle {
		_ = i.conns[0].Close()
		i.conns = append(i.conns[:0], i.conns[1:]...)
	}
	i.conns = append(i.conns, c)
}

// CloseIdle closes the connections that wait for the next case.
func (p *Player) CloseIdle() {
	p.idle.mu.Lock()
	defer p.idle.mu.Unlock()
	for _, c := range p.idle.conns {
		_ = c.Close()
	}
	p.idle.conns = nil
}
