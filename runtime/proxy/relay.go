package proxy

import (
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/upstream"
)

// maxInterim bounds the 1xx responses before the final one.
const maxInterim = 16

// receive reads the response of up, whose first bytes may be in w.up, and relays it.
func (c *session) receive(up *upstream.Conn, r *table.Route, reached int, lim upLimit, start int64) outcome {
	w, x := c.w, &c.w.x
	for interim := 0; ; {
		n, ok := w.resp.parse(w.up[w.upStart:w.upEnd], &x.Response, c.lim.Fields)
		if !ok || interim > maxInterim {
			return c.bad(reason.UpstreamInvalid, reached)
		}
		if n == 0 {
			if out, ok := c.readHead(up, reached, lim); !ok {
				return out
			}
			continue
		}
		if w.rec.TTFB == 0 {
			w.rec.TTFB = time.Duration(max(c.srv.now()-start, 1))
		}
		w.upStart += n
		switch {
		case w.resp.status == 101:
			if !c.upgrading() || !tunnels(w.resp.protocol) || !offers(w.req.protocol, w.resp.protocol) {
				return c.bad(reason.UpstreamInvalid, reached)
			}
			return c.switchOver(up, r, reached)
		case w.resp.status < 200:
			interim++
			if c.interim() != nil {
				return c.bad(reason.ClientClosed, reached)
			}
			continue
		}
		x.Status = w.resp.status
		return c.relay(up, r, reached, lim)
	}
}

// readHead reads more of a response head.
func (c *session) readHead(up *upstream.Conn, reached int, lim upLimit) (outcome, bool) {
	w := c.w
	if w.upStart == w.upEnd {
		w.upStart, w.upEnd = 0, 0
	}
	if w.upEnd == len(w.up) {
		if w.upStart == 0 && len(w.up) > c.lim.HeadBytes {
			return c.bad(reason.UpstreamInvalid, reached), false
		}
		grown := w.up
		if w.upStart == 0 {
			grown = make([]byte, c.lim.HeadBytes+1)
		}
		w.upEnd = copy(grown, w.up[w.upStart:w.upEnd])
		w.up, w.upStart = grown, 0
	}
	n, code, err := c.readUp(up, w.up[w.upEnd:], lim)
	switch {
	case code != reason.OK:
		return c.bad(code, reached), false
	case err != nil && w.upStart == w.upEnd && w.rec.TTFB == 0:
		return outcome{code: reason.UpstreamReset}, false
	case err != nil:
		return c.bad(reason.UpstreamAborted, reached), false
	}
	w.upEnd += n
	return outcome{}, true
}

// bad answers for an upstream that cannot be relayed.
func (c *session) bad(code reason.Code, reached int) outcome {
	c.w.x.Response.Reset()
	c.fail(code, reached)
	return outcome{done: true, code: code}
}

// relay sends the final response on.
func (c *session) relay(up *upstream.Conn, r *table.Route, reached int, lim upLimit) outcome {
	w, x, p := c.w, &c.w.x, &c.w.resp
	status := x.Status
	r.Chain.RunResponse(x, reached)
	x.Status = status
	if c.body.streamed && !c.body.taken.Load() {
		c.flags.Or(flagAnswered)
		c.keep = false // the rest of the body may never come
	}
	if c.srv.draining.Load() {
		c.keep = false
	}
	bodyless := p.bodyless(w.req.method)
	if _, announced := x.Response.Get("trailer"); announced && up.Stream != nil && c.stream == nil && !w.req.http10 {
		p.length = -1 // HTTP/1.1 has trailers only after chunks
	}
	if x.Web != filter.NoWeb {
		p.length = -1
	}
	// Without a length the body ends by chunks, or for HTTP/1.0 with the connection.
	chunk := !bodyless && p.length < 0 && !w.req.http10
	if !bodyless && p.length < 0 && w.req.http10 {
		c.keep = false
	}
	w.rec.Status = status
	c.head(chunk)
	whole, code := true, reason.OK
	if bodyless {
		if c.bare() != nil {
			code = reason.ClientClosed
		}
	} else {
		code = c.pass(up, lim, chunk)
	}
	w.rec.Reason = code
	if code != reason.OK {
		c.keep = false
		if code != reason.ClientClosed {
			whole = false
		}
	}
	c.abort = c.abort || !whole
	surplus := w.upStart != w.upEnd
	up.Suspect = bodyless // a careless upstream may send the body all the same
	return outcome{
		done: true, code: code,
		reusable: code == reason.OK && p.persistent() && !surplus && (bodyless || !p.untilClose()),
	}
}

// head prepares the head of a relayed response, which goes with the first content.
func (c *session) head(chunk bool) {
	w, x, p := c.w, &c.w.x, &c.w.resp
	w.headDue = true
	c.announce()
	if c.stream != nil {
		c.addOwn(!p.date)
		return
	}
	w.out = appendStatus(w.out[:0], x.Status, p.phrase)
	w.out = appendFields(w.out, &x.Response, w.up)
	w.out = c.appendOwn(w.out, !p.date)
	switch {
	case chunk:
		w.out = append(w.out, "transfer-encoding: chunked\r\n"...)
	case p.length >= 0 && x.Status != 204:
		w.out = appendLength(w.out, p.length)
	}
	w.out = append(w.out, "\r\n"...)
}

// bare sends a head that no content follows.
func (c *session) bare() error {
	if c.stream == nil {
		return c.send(c.w.out)
	}
	length := c.w.resp.length
	if c.w.x.Status == 204 {
		length = -1
	}
	return c.respond(length, nil, true, nil)
}

// interim relays an interim response. A 100 is the gateway's own (proceed), and what
// else there is HTTP/1.0 does not know.
func (c *session) interim() error {
	w, x := c.w, &c.w.x
	if w.resp.status == 100 || w.req.http10 {
		return nil
	}
	if c.stream != nil {
		x.Status = w.resp.status
		return c.respond(-1, nil, false, nil)
	}
	w.out = appendStatus(w.out[:0], w.resp.status, w.resp.phrase)
	w.out = appendFields(w.out, &x.Response, w.up)
	return c.send(append(w.out, "\r\n"...))
}

// proceed asks the client for the body that it holds back.
func (c *session) proceed() error {
	if c.stream == nil {
		return c.send([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	}
	_, err := c.stream.Respond(100, &filter.Header{}, -1, nil, false, nil)
	return err
}
