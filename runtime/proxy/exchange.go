package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// proxy sends the request upstream, again where that is safe, and relays the answer.
func (c *session) proxy(r *table.Route, reached int, start int64) {
	w := c.w
	u := choose(r)
	if u == nil {
		c.fail(reason.NoUpstream, reached)
		return
	}
	w.rec.Upstream = u.Name
	deadline := int64(never)
	if d := r.Def.Timeouts.Request; d > 0 {
		deadline = start + int64(d)
	}
	var tried upstream.Tried
	left, fresh := r.Def.Retry.Attempts, false
	for {
		e := u.Pick(&tried)
		if e == nil {
			c.fail(reason.NoEndpoint, reached)
			return
		}
		w.rec.Endpoint = e.Address()
		w.rec.Attempts++
		up, code := c.connect(e, r, deadline, fresh)
		if up == nil {
			if left > 0 && code != reason.RequestDeadline && slices.Contains(r.Def.Retry.On, "connect") {
				left--
				tried.Add(e)
				continue
			}
			c.fail(code, reached)
			return
		}
		c.up.Store(up)
		out := c.attempt(up, r, reached, deadline, start)
		c.up.Store(nil)
		if out.reusable {
			up.Release()
		} else {
			up.Discard()
		}
		if out.done {
			return
		}
		again := !out.sent || idempotent(w.x.Method)
		if out.code == reason.UpstreamReset && again && !c.body.streamed {
			if up.Reused && !fresh {
				fresh = true // the pool's fault, not the upstream's: no attempt is used up
				continue
			}
			if left > 0 && slices.Contains(r.Def.Retry.On, "reset") {
				left--
				tried.Add(e)
				continue
			}
		}
		c.fail(out.code, reached)
		return
	}
}

// connect takes an idle connection, unless fresh is asked for, or dials.
func (c *session) connect(e *upstream.Endpoint, r *table.Route, deadline int64, fresh bool) (*upstream.Conn, reason.Code) {
	if !fresh {
		for up := e.Idle(); up != nil; up = e.Idle() {
			// A request that must not be sent twice first looks whether the peer is still
			// there; others find out for nothing.
			if (!idempotent(c.w.x.Method) || !c.w.req.bodyless()) && up.Peer() != wire.Open {
				up.Discard()
				continue
			}
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
	up, err := e.Dial(context.Background(), timeout)
	var ne net.Error
	switch {
	case err == nil:
		return up, reason.OK
	case errors.As(err, &ne) && ne.Timeout():
		if over {
			return nil, reason.RequestDeadline
		}
		return nil, reason.ConnectTimeout
	}
	return nil, reason.ConnectFailed
}

// outcome is how one attempt ended. done tells that the client has its answer, or
// can have none any more.
type outcome struct {
	done, reusable, sent bool
	code                 reason.Code
}

// attempt sends the request over up and relays the response.
func (c *session) attempt(up *upstream.Conn, r *table.Route, reached int, deadline, start int64) outcome {
	w := c.w
	var ok bool
	if w.out, ok = c.appendRequest(w.out[:0], w.rec.Endpoint); !ok {
		c.fail(reason.Internal, reached)
		return outcome{done: true, reusable: true}
	}
	now := c.srv.now()
	c.watch.at.Store(now + int64(sweepEvery))
	c.phase.Store(uint32(phaseExchange))
	c.srv.shard(c).due(now + int64(sweepEvery))
	lim := upLimit{read: int64(r.Def.Timeouts.Read), write: int64(r.Def.Timeouts.Write), deadline: deadline}

	w.upStart, w.upEnd = 0, 0
	sent := 0
	if w.req.bodyless() || !w.req.chunked && w.req.length <= int64(w.end-w.start) {
		body := w.in[w.start : w.start+int(max(w.req.length, 0))]
		w.out = append(w.out, body...)
		c.arm(&c.upRead, lim.until(lim.read, now))
		var err error
		w.upEnd, sent, err = up.Exchange(w.out, w.up)
		for err == wire.ErrInterrupted {
			up.Rearm(true, true)
			if code := c.upOver(lim, lim.read, now); code != reason.OK {
				return c.broken(code, sent > 0, reached)
			}
			if sent == 0 {
				w.upEnd, sent, err = up.Exchange(w.out, w.up)
			} else {
				w.upEnd, err = up.Read(w.up)
			}
		}
		if err != nil {
			return outcome{code: reason.UpstreamReset, sent: sent > 0}
		}
		c.body.read = max(w.req.length, 0)
	} else {
		if err := c.writeUp(up, w.out, lim); err != nil {
			return outcome{code: reason.UpstreamReset, sent: true}
		}
		sent = len(w.out)
		if w.req.expect && w.start == w.end {
			if c.send([]byte("HTTP/1.1 100 Continue\r\n\r\n")) != nil {
				c.fail(reason.ClientClosed, reached)
				return outcome{done: true}
			}
		}
		c.body.start(c, up, lim)
	}
	out := c.receive(up, r, reached, lim, start)
	out.sent = sent > 0
	if !c.body.join(c, up) {
		out.reusable = false
		c.keep = false
		c.linger = true
	} else if out.done {
		c.body.skip(w)
	}
	return out
}

// broken ends an attempt that timed out or was given up.
func (c *session) broken(code reason.Code, sent bool, reached int) outcome {
	c.keep = c.keep && code != reason.ClientClosed
	c.fail(code, reached)
	return outcome{done: true, sent: sent, code: code}
}

// upLimit are the bounds of an exchange with the upstream, in nanoseconds.
type upLimit struct{ read, write, deadline int64 }

func (l upLimit) until(span, now int64) int64 {
	at := l.deadline
	if span > 0 {
		at = min(at, now+span)
	}
	return at
}

func (c *session) arm(t *timer, at int64) {
	if at == never {
		at = 0
	}
	t.at.Store(at)
	if at != 0 {
		c.srv.shard(c).due(at)
	}
}

// upOver says why a wait for the upstream that began at from was interrupted; OK
// when it was not for a reason of this request.
func (c *session) upOver(l upLimit, span, from int64) reason.Code {
	flags, now := c.flags.Load(), c.srv.now()
	switch {
	case flags&(flagGone|flagCut) != 0:
		return reason.ClientClosed
	case flags&flagBody != 0:
		return c.body.code
	case now >= l.deadline:
		return reason.RequestDeadline
	case span > 0 && now >= from+span:
		return reason.UpstreamTimeout
	}
	return reason.OK
}

// readUp reads from the upstream within its limits.
func (c *session) readUp(up *upstream.Conn, p []byte, l upLimit) (int, reason.Code, error) {
	from := c.srv.now()
	c.arm(&c.upRead, l.until(l.read, from))
	for {
		n, err := up.Read(p)
		if err != wire.ErrInterrupted {
			return n, reason.OK, err
		}
		up.Rearm(true, false)
		if code := c.upOver(l, l.read, from); code != reason.OK {
			return 0, code, io.ErrUnexpectedEOF
		}
	}
}

// writeUp writes to the upstream within its limits.
func (c *session) writeUp(up *upstream.Conn, p []byte, l upLimit) error {
	n, err := up.Send(p)
	for err == nil && n < len(p) {
		from := c.srv.now()
		c.arm(&c.upWrite, l.until(l.write, from))
		var m int
		m, err = up.Write(p[n:])
		n += m
		if err == wire.ErrInterrupted {
			up.Rearm(false, true)
			if c.flags.Load()&(flagGone|flagCut|flagStop) == 0 && c.upOver(l, l.write, from) == reason.OK {
				err = nil
			}
		}
	}
	return err
}
