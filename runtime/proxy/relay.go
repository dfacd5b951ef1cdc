package proxy

import (
	"io"
	"time"

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
		n, ok := w.resp.parse(w.up[w.upStart:w.upEnd], &x.Response, c.srv.lim.Fields)
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
			if w.resp.status != 100 && !w.req.http10 {
				w.out = appendStatus(w.out[:0], w.resp.status, w.resp.phrase)
				w.out = appendFields(w.out, &x.Response, w.up)
				if c.send(append(w.out, "\r\n"...)) != nil {
					return c.bad(reason.ClientClosed, reached)
				}
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
		if w.upStart == 0 && len(w.up) > c.srv.lim.HeadBytes {
			return c.bad(reason.UpstreamInvalid, reached), false
		}
		grown := w.up
		if w.upStart == 0 {
			grown = make([]byte, c.srv.lim.HeadBytes+1)
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
	if c.body.streamed && !c.body.whole.Load() {
		c.flags.Or(flagAnswered)
		c.keep = false // the rest of the body may never come
	}
	if c.srv.draining.Load() {
		c.keep = false
	}
	bodyless := p.bodyless(w.req.method)
	// Without a length the body ends by chunks, or for HTTP/1.0 with the connection.
	chunk := !bodyless && p.length < 0 && !w.req.http10
	if !bodyless && p.length < 0 && w.req.http10 {
		c.keep = false
	}
	w.out = appendStatus(w.out[:0], status, p.phrase)
	w.out = appendFields(w.out, &x.Response, w.up)
	w.out = c.appendOwn(w.out, !p.date)
	switch {
	case chunk:
		w.out = append(w.out, "transfer-encoding: chunked\r\n"...)
	case p.length >= 0 && status != 204:
		w.out = appendLength(w.out, p.length)
	}
	w.out = append(w.out, "\r\n"...)
	w.rec.Status = status

	whole, code := true, reason.OK
	switch {
	case bodyless:
		if c.send(w.out) != nil {
			code = reason.ClientClosed
		}
	case p.chunked:
		code = c.relayChunked(up, lim, chunk)
	default:
		code = c.relayPlain(up, lim, chunk)
	}
	w.rec.Reason = code
	if code != reason.OK {
		c.keep = false
		if code != reason.ClientClosed {
			whole = false
		}
	}
	c.abort = !whole
	surplus := w.upStart != w.upEnd
	up.Suspect = bodyless // a careless upstream may send the body all the same
	return outcome{
		done: true, code: code,
		reusable: code == reason.OK && p.persistent() && !surplus && (bodyless || !p.untilClose()),
	}
}

// relayPlain relays a body that a length or the end of the connection bounds.
func (c *session) relayPlain(up *upstream.Conn, lim upLimit, chunk bool) reason.Code {
	w, p := c.w, &c.w.resp
	left := p.length
	if left < 0 {
		left = never
	}
	for {
		n := int(min(int64(w.upEnd-w.upStart), left))
		data := w.up[w.upStart : w.upStart+n]
		w.upStart += n
		left -= int64(n)
		w.rec.BytesOut += int64(n)
		var err error
		switch {
		case chunk:
			w.out = appendChunk(w.out, data)
			err = c.send(w.out)
		case len(w.out) == 0:
			err = c.send(data)
		case len(w.out)+len(data) <= outSize || len(data) < outSize/2:
			w.out = append(w.out, data...)
			err = c.send(w.out)
		default:
			if err = c.send(w.out); err == nil {
				err = c.send(data)
			}
		}
		w.out = w.out[:0]
		if err != nil {
			return reason.ClientClosed
		}
		if left == 0 {
			return reason.OK
		}
		w.upStart, w.upEnd = 0, 0
		n, code, err := c.readUp(up, w.up, lim)
		switch {
		case code != reason.OK:
			return code
		case err == io.EOF && p.length < 0:
			if chunk && c.send([]byte("0\r\n\r\n")) != nil {
				return reason.ClientClosed
			}
			return reason.OK
		case err != nil:
			return reason.UpstreamAborted
		}
		w.upEnd = n
	}
}

// relayChunked relays a chunked body, with its trailer where the client can have it.
func (c *session) relayChunked(up *upstream.Conn, lim upLimit, chunk bool) reason.Code {
	w := c.w
	w.chunks.reset()
	for {
		for w.chunks.state != chunksDone {
			data, n, ok := w.chunks.next(w.up[w.upStart:w.upEnd])
			if !ok {
				return reason.UpstreamInvalid
			}
			if n == 0 {
				break
			}
			w.upStart += n
			w.rec.BytesOut += int64(len(data))
			if chunk {
				w.out = appendChunk(w.out, data)
			} else {
				w.out = append(w.out, data...)
			}
		}
		if w.chunks.state == chunksDone && chunk {
			w.out = appendLastChunk(w.out, &w.chunks.trailer)
		}
		if len(w.out) > 0 && c.send(w.out) != nil {
			return reason.ClientClosed
		}
		w.out = w.out[:0]
		if w.chunks.state == chunksDone {
			return reason.OK
		}
		rest := copy(w.up, w.up[w.upStart:w.upEnd])
		w.upStart, w.upEnd = 0, rest
		n, code, err := c.readUp(up, w.up[w.upEnd:], lim)
		switch {
		case code != reason.OK:
			return code
		case err != nil:
			return reason.UpstreamAborted
		}
		w.upEnd += n
	}
}
