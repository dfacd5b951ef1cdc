package proxy

import (
	"io"
	"slices"

	"github.com/lintel-gateway/lintel/runtime/filter"
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
	if span, ok := grpcTimeout(&w.x.Header); ok {
		deadline = min(deadline, start+span)
	}
	if w.x.Web != filter.NoWeb {
		if code := c.webRequest(); code != reason.OK {
			c.keep, c.linger = false, true
			c.fail(code, reached)
			return
		}
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
		up, code := c.connect(e, r, start, deadline, fresh)
		if up == nil {
			if left > 0 && code != reason.RequestDeadline && code != reason.ClientClosed && code != reason.SecretUnavailable && slices.Contains(r.Def.Retry.On, "connect") {
				left--
				tried.Add(e)
				continue
			}
			c.fail(code, reached)
			return
		}
		c.up.Store(up)
		if c.flags.Load()&(flagGone|flagCut) != 0 {
			up.Interrupt(true, true) // who set it may have seen no upstream
		}
		var out outcome
		if up.Stream != nil {
			out = c.attemptOn(up, r, reached, deadline)
		} else {
			out = c.attempt(up, r, reached, deadline, start)
		}
		c.up.Store(nil)
		if out.code == reason.UpstreamReset && !out.done && up.Rejected() {
			out.code = reason.UpstreamTLS
		}
		if out.reusable {
			c.ended = c.srv.now()
			up.Release(c.ended)
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
	now := start
	if up.Reused && w.rec.Attempts == 1 && len(r.Chain.Steps) == 0 {
		c.awaitFrom(start) // nothing took time since
	} else {
		now = c.await()
	}
	lim := upLimit{read: int64(r.Def.Timeouts.Read), write: int64(r.Def.Timeouts.Write), deadline: deadline}

	w.upStart, w.upEnd = 0, 0
	sent := 0
	if w.req.bodyless() || !w.req.chunked && w.req.length <= int64(w.end-w.start) {
		body := w.in[w.start : w.start+int(max(w.req.length, 0))]
		w.out = append(w.out, body...)
		c.arm(&c.upRead, lim.until(lim.read, now))
		var err error
		w.upEnd, sent, err = up.Exchange(w.out, w.up[:firstRead])
		for err == wire.ErrInterrupted {
			up.Rearm(true, true)
			if code := c.upOver(lim, lim.read, now); code != reason.OK {
				return c.broken(code, sent > 0, reached)
			}
			if sent == 0 {
				w.upEnd, sent, err = up.Exchange(w.out, w.up[:firstRead])
			} else {
				w.upEnd, err = up.Read(w.up)
			}
		}
		if err != nil {
			return outcome{code: reason.UpstreamReset, sent: sent > 0}
		}
		if sent < len(w.out) {
			switch code := c.writeUp(up, w.out[sent:], lim); code {
			case reason.OK:
			case reason.UpstreamReset:
				return outcome{code: code, sent: true}
			default:
				return c.broken(code, true, reached)
			}
			sent = len(w.out)
		}
		c.body.read = max(w.req.length, 0)
	} else {
		switch code := c.writeUp(up, w.out, lim); code {
		case reason.OK:
		case reason.UpstreamReset:
			return outcome{code: code, sent: true}
		default:
			return c.broken(code, true, reached)
		}
		sent = len(w.out)
		if w.req.expect && w.start == w.end {
			if c.proceed() != nil {
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

// readUp reads from the upstream within its limits. Silence counts from the last
// bytes of a body that is still on its way up.
func (c *session) readUp(up *upstream.Conn, p []byte, l upLimit) (int, reason.Code, error) {
	from := c.srv.now()
	for {
		c.arm(&c.upRead, l.until(l.read, from))
		n, err := up.Read(p)
		if err != wire.ErrInterrupted {
			return n, reason.OK, err
		}
		up.Rearm(true, false)
		from = max(from, c.body.moved.Load())
		if code := c.upOver(l, l.read, from); code != reason.OK {
			return 0, code, io.ErrUnexpectedEOF
		}
	}
}

// writeUp writes to the upstream within its limits. UpstreamReset means that it
// takes no more, or that the rest is not wanted.
func (c *session) writeUp(up *upstream.Conn, p []byte, l upLimit) reason.Code {
	n, err := up.Send(p)
	if err == nil && n == len(p) {
		return reason.OK
	}
	from := c.srv.now()
	for err == nil && n < len(p) {
		c.arm(&c.upWrite, l.until(l.write, from))
		var m int
		m, err = up.Write(p[n:])
		if n += m; err != wire.ErrInterrupted {
			continue
		}
		up.Rearm(false, true)
		if m > 0 {
			from = c.srv.now()
		}
		if c.flags.Load()&flagStop != 0 {
			break
		}
		if code := c.upOver(l, l.write, from); code != reason.OK {
			return code
		}
		err = nil
	}
	c.upWrite.at.Store(0)
	if err != nil || n < len(p) {
		return reason.UpstreamReset
	}
	return reason.OK
}
