package proxy

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/upstream"
)

// connect takes an idle connection, unless fresh is asked for, or dials.
func (c *session) connect(e *upstream.Endpoint, r *table.Route, start, deadline int64, fresh bool) (*upstream.Conn, reason.Code) {
	if !fresh && !e.HTTP2() {
		// A request that must not be sent twice has to know that the peer is still
		// there; others find out for nothing.
		sure := !idempotent(c.w.x.Method) || !c.w.req.bodyless()
		if up := e.Idle(start, sure); up != nil {
			return up, reason.OK
		}
	}
	timeout := r.Def.Timeouts.Connect.D()
	over := false
	if deadline != never {
		left := time.Duration(deadline - c.srv.now())
		if left <= 0 {
			return nil, reason.RequestDeadline
		}
		if timeout == 0 || left < timeout {
			timeout, over = left, true
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.dialing.Store(&cancel)
	defer c.dialing.Store(nil)
	c.await()
	if c.flags.Load()&(flagGone|flagCut) != 0 {
		return nil, reason.ClientClosed
	}
	up, err := c.dial(ctx, e, timeout)
	var ne net.Error
	var te *upstream.ErrTLS
	switch {
	case err == nil:
		return up, reason.OK
	case ctx.Err() != nil:
		return nil, reason.ClientClosed
	case errors.Is(err, upstream.ErrSecret):
		return nil, reason.SecretUnavailable
	case errors.As(err, &te):
		return nil, reason.UpstreamTLS
	case errors.As(err, &ne) && ne.Timeout():
		if over {
			return nil, reason.RequestDeadline
		}
		return nil, reason.ConnectTimeout
	}
	return nil, reason.ConnectFailed
}

// dial connects, or begins a stream of HTTP/2, which may be on a connection that is there.
func (c *session) dial(ctx context.Context, e *upstream.Endpoint, timeout time.Duration) (*upstream.Conn, error) {
	if e.HTTP2() {
		return e.Stream(ctx, timeout)
	}
	// A header of the PROXY protocol tells of the connection's peer, not of who a
	// forwarded field names: that one is not at the other end.
	return e.Dial(ctx, timeout, upstream.Client{From: c.peer, To: c.local})
}

// await notes that the session waits for its upstream from now on, so that the
// client is watched.
func (c *session) await() int64 {
	now := c.srv.now()
	c.awaitFrom(now)
	return now
}

func (c *session) awaitFrom(now int64) {
	if c.stream != nil {
		return // its connection tells when the client leaves
	}
	c.watch.at.Store(now + int64(sweepEvery))
	c.phase.Store(uint32(phaseExchange))
	c.srv.shard(c).due(now + int64(sweepEvery))
}

// letGo ends what the session does with its upstream. The flag that says why is set
// before.
func (c *session) letGo() {
	if cancel := c.dialing.Load(); cancel != nil {
		(*cancel)()
	}
	if up := c.up.Load(); up != nil {
		up.Interrupt(true, true)
	}
}
