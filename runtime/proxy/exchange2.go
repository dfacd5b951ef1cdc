package proxy

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// attemptOn is attempt for a stream of HTTP/2.
func (c *session) attemptOn(up *upstream.Conn, r *table.Route, reached int, deadline int64) outcome {
	w := c.w
	lim := upLimit{read: int64(r.Def.Timeouts.Read), write: int64(r.Def.Timeouts.Write), deadline: deadline}
	now := c.await()
	q := &w.ask
	if !c.ask(q, up) {
		c.fail(reason.Internal, reached)
		return outcome{done: true}
	}
	tunnel := c.upgrading()
	if tunnel && !c.connects(up, q, lim, now) {
		return c.bad(reason.UpstreamInvalid, reached)
	}
	w.upStart, w.upEnd = 0, 0
	whole := !tunnel && (w.req.bodyless() || !w.req.chunked && w.req.length <= int64(w.end-w.start))
	var data []byte
	if whole {
		data = w.in[w.start : w.start+int(max(w.req.length, 0))]
	}
	n, err := up.Stream.Request(q, data, whole)
	if err != nil {
		return outcome{code: reason.UpstreamReset} // nothing was sent
	}
	switch {
	case whole && n < len(data):
		if code := c.finishUp(up, data[n:], nil, lim); code != reason.OK && code != reason.UpstreamReset {
			return c.broken(code, true, reached)
		}
		fallthrough
	case whole:
		c.body.read = max(w.req.length, 0)
	case !tunnel:
		if w.req.expect && w.start == w.end && c.proceed() != nil {
			c.fail(reason.ClientClosed, reached)
			return outcome{done: true}
		}
		c.body.start(c, up, lim)
	}
	out := c.receiveOn(up, r, reached, lim, now)
	if !c.body.join(c, up) {
		out.reusable, c.keep, c.linger = false, false, true
	} else if out.done {
		c.body.skip(w)
	}
	return out
}

// ask makes the request's head for an upstream of HTTP/2. It reports false when a filter
// made one that cannot be sent.
func (c *session) ask(q *h2.Head, up *upstream.Conn) bool {
	w, x := c.w, &c.w.x
	if !cleanToken(x.Method) || !cleanTarget(x.Path) || x.Path == "" || x.Path[0] != '/' || !cleanTarget(x.Query) {
		return false
	}
	host := x.Host
	if host == "" {
		host = w.rec.Endpoint
	}
	if !validHost(host) {
		return false
	}
	*q = h2.Head{Method: x.Method, Scheme: up.Scheme(), Authority: host, Path: x.Path, Length: -1, Header: x.Header, Trailers: w.req.trailers}
	if x.Query != "" {
		q.Path += "?" + x.Query
	}
	if !w.req.chunked {
		q.Length = w.req.length
	}
	return true
}

// connects makes an extended CONNECT of a request that opens a WebSocket (RFC 8441
// section 5). It reports false when the upstream takes none.
func (c *session) connects(up *upstream.Conn, q *h2.Head, lim upLimit, now int64) bool {
	if !filter.EqualFold(c.w.req.protocol, "websocket") {
		return false
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if at := lim.until(lim.read, now); at != never {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(at-now))
		defer cancel()
	}
	if !up.Connect(ctx) {
		return false
	}
	h := &c.w.x.Header
	c.w.handshake.key, _ = h.Get("sec-websocket-key")
	h.Del("sec-websocket-key")
	q.Method, q.Protocol, q.Length, q.Header = "CONNECT", "websocket", -1, *h
	return true
}

// finishUp sends the last of a request's content, and its trailer.
func (c *session) finishUp(up *upstream.Conn, p []byte, trailer *filter.Header, lim upLimit) reason.Code {
	if trailer != nil && len(trailer.Fields()) > 0 {
		n, err := up.Stream.SendEnd(p, trailer)
		if err != nil {
			return reason.UpstreamReset
		}
		if n == len(p) {
			return reason.OK
		}
		if code := c.writeUp(up, p[n:], lim); code != reason.OK {
			return code
		}
		if up.Stream.End(trailer) != nil {
			return reason.UpstreamReset
		}
		return reason.OK
	}
	defer c.upWrite.at.Store(0)
	for from := c.srv.now(); ; {
		c.arm(&c.upWrite, lim.until(lim.write, from))
		n, err := up.Stream.Finish(p)
		p = p[n:]
		switch {
		case err == nil:
			return reason.OK
		case err != wire.ErrInterrupted:
			return reason.UpstreamReset
		}
		up.Rearm(false, true)
		if n > 0 {
			from = c.srv.now()
		}
		if c.flags.Load()&flagStop != 0 {
			return reason.UpstreamReset
		}
		if code := c.upOver(lim, lim.write, from); code != reason.OK {
			return code
		}
	}
}

// receiveOn reads the response of a stream and relays it.
func (c *session) receiveOn(up *upstream.Conn, r *table.Route, reached int, lim upLimit, from int64) outcome {
	w, x := c.w, &c.w.x
	for interim := 0; ; interim++ {
		c.arm(&c.upRead, lim.until(lim.read, from))
		h, err := up.Stream.Await()
		if err == wire.ErrInterrupted {
			up.Rearm(true, false)
			from = max(from, c.body.moved.Load())
			code := c.upOver(lim, lim.read, from)
			if code == reason.OK {
				continue
			}
			if code == reason.UpstreamTimeout {
				up.Probe()
			}
			return c.bad(code, reached)
		}
		if err != nil {
			return c.unanswered(err, interim > 0, reached)
		}
		if w.rec.TTFB == 0 {
			w.rec.TTFB = time.Duration(max(c.srv.now()-from, 1))
		}
		if h.TooLarge || interim > maxInterim {
			return c.bad(reason.UpstreamInvalid, reached)
		}
		w.resp = responseHead{framing: framing{length: h.Length}, status: h.Status}
		x.Response.Reset()
		for _, f := range h.Header.Fields() {
			w.resp.date = w.resp.date || f.Name == "date"
			x.Response.Add(f.Name, f.Value)
		}
		if h.Status < 200 {
			if c.interim() != nil {
				return c.bad(reason.ClientClosed, reached)
			}
			continue
		}
		if c.upgrading() && h.Status < 300 {
			w.resp.protocol = "websocket"
			return c.switchOver(up, r, reached)
		}
		x.Status = h.Status
		return c.relay(up, r, reached, lim)
	}
}

// unanswered says what to do about a stream that ended before its response. begun tells
// that an interim response has come.
func (c *session) unanswered(err error, begun bool, reached int) outcome {
	var reset h2.ErrReset
	switch {
	case begun:
		return c.bad(reason.UpstreamAborted, reached)
	case errors.Is(err, h2.ErrRefused):
		return outcome{code: reason.UpstreamReset} // as if nothing was sent
	case errors.As(err, &reset) && reset.Local:
		return c.bad(reason.UpstreamInvalid, reached)
	case c.flags.Load()&flagBody != 0:
		return c.bad(c.body.code, reached)
	}
	return outcome{code: reason.UpstreamReset, sent: true}
}

// contentOn is content for a stream.
func (c *session) contentOn(up *upstream.Conn, lim upLimit, wait bool) (data []byte, end bool, code reason.Code) {
	w := c.w
	if !wait && up.Stream.Buffered() == 0 {
		end = up.Stream.Ended()
	} else {
		n, code, err := c.readUp(up, w.up, lim)
		switch {
		case code != reason.OK:
			return nil, false, code
		case err == io.EOF:
			end = true
		case err != nil:
			return nil, false, reason.UpstreamAborted
		default:
			data, end = w.up[:n], up.Stream.Ended()
		}
	}
	if end {
		if t := up.Stream.Trailer(); t != nil {
			for _, f := range t.Fields() {
				if trailerAllowed(f.Name) {
					w.chunks.trailer.Add(f.Name, f.Value)
				}
			}
		}
	}
	return data, end, reason.OK
}
