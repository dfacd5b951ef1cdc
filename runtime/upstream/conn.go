package upstream

import (
	"time"

	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// Conn is a connection to an endpoint while it carries one request, or a stream of one
// for one request. It ends with Release or Discard, once.
type Conn struct {
	*wire.Conn
	// Stream is set for HTTP/2, and then Conn is not: the methods that both have are the
	// stream's.
	Stream *h2.Stream
	// Reused tells that the connection has served a request before, so that its
	// peer may have closed it meanwhile.
	Reused bool
	// Suspect is set by who uses the connection when its last response may be
	// followed by bytes that belong to no response.
	Suspect bool

	mux         *shared // that Stream belongs to
	endpoint    *Endpoint
	node        *node
	link        *link // of TLS
	failures    int   // connects that had failed in a row before this one
	maxIdle     int
	idleTimeout time.Duration
	idleSince   time.Time // guarded by the pool's lock
	released    int64     // by the caller's clock
}

// looked is how long a connection may lie idle, in nanoseconds, before it is looked
// at: a connection that is used all the time is spared the look.
const looked = int64(5 * time.Millisecond)

// Idle returns a connection that waits in the pool, or nil. now is the clock that
// Release was given, in nanoseconds. A connection that has been idle for a while,
// that is suspect, or any when sure is asked for, is first looked at: one that its
// peer has closed, or has sent bytes on that nobody asked for, is closed and not
// returned. So is a connection of TLS that was made with other secrets than there are
// now. Of the others one may still be dead: the request finds out, and Reused
// says that it may be sent again.
func (e *Endpoint) Idle(now int64, sure bool) *Conn {
	present, err := e.node.present()
	if err != nil {
		return nil // Dial says why
	}
	c := e.node.pool.take()
	for c != nil && (c.link != present || (sure || c.Suspect || now-c.released > looked) && !c.Quiet()) {
		c.Conn.Close()
		c = e.node.pool.take()
	}
	if c == nil {
		return nil
	}
	c.Reused, c.Suspect, c.idleSince, c.endpoint = true, false, time.Time{}, e
	c.maxIdle, c.idleTimeout = e.upstream.Def.Pool.MaxIdle, e.upstream.Def.Pool.IdleTimeout.D()
	e.node.inflight.Add(1)
	return c
}

// Release gives back a connection that is between two messages: it waits for the
// next request, or closes when the pool is full. now is a clock that never goes
// back, in nanoseconds.
func (c *Conn) Release(now int64) {
	c.node.inflight.Add(-1)
	if c.Stream != nil {
		c.Stream.Close()
		return
	}
	c.released = now
	if c.link != c.node.link.Load() || !c.node.pool.put(c, c.maxIdle) {
		c.Conn.Close()
		return
	}
	if r := c.node.registry; !r.sweeping.Load() {
		r.sweep()
	}
}

// Discard closes a connection that cannot carry another request.
func (c *Conn) Discard() {
	c.node.inflight.Add(-1)
	if c.Stream != nil {
		c.Stream.Close()
		return
	}
	c.Conn.Close()
}
