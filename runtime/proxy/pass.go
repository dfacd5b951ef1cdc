package proxy

import (
	"io"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/upstream"
)

// pass relays the content of a response whose head is in w.out. chunk says that the
// client gets it in chunks.
func (c *session) pass(up *upstream.Conn, lim upLimit, chunk bool) reason.Code {
	w := c.w
	w.chunks.reset()
	if w.left = w.resp.length; w.left < 0 {
		w.left = never
	}
	data, end, code := c.content(up, lim, false)
	for {
		if code != reason.OK {
			return code
		}
		if c.put(data, end, chunk) != nil {
			return reason.ClientClosed
		}
		if end {
			return reason.OK
		}
		if !chunk && c.splices(up) {
			if code, done := c.splice(up, lim); done {
				return code
			}
		}
		data, end, code = c.content(up, lim, true)
	}
}

// content returns the next piece of the response's content, a view that lives until the
// next call, and whether it is the last. Without wait it takes what is at hand, which may
// be nothing.
func (c *session) content(up *upstream.Conn, lim upLimit, wait bool) (data []byte, end bool, code reason.Code) {
	if up.Stream != nil {
		return c.contentOn(up, lim, wait)
	}
	w, p := c.w, &c.w.resp
	for {
		if wait {
			// Nothing of the head is needed any more.
			w.upStart, w.upEnd = 0, copy(w.up, w.up[w.upStart:w.upEnd])
			n, code, err := c.readUp(up, w.up[w.upEnd:], lim)
			switch {
			case code != reason.OK:
				return nil, false, code
			case err == io.EOF && p.untilClose():
				return nil, true, reason.OK
			case err != nil:
				return nil, false, reason.UpstreamAborted
			}
			w.upEnd += n
		}
		if p.chunked {
			var n int
			var ok bool
			if data, n, ok = w.chunks.fold(w.up[w.upStart:w.upEnd]); !ok {
				return nil, false, reason.UpstreamInvalid
			}
			w.upStart += n
			end = w.chunks.state == chunksDone
		} else {
			data = w.up[w.upStart : w.upStart+int(min(int64(w.upEnd-w.upStart), w.left))]
			w.upStart += len(data)
			w.left -= int64(len(data))
			end = w.left == 0
		}
		if !wait || end || len(data) > 0 {
			return data, end, reason.OK
		}
	}
}

// put sends a piece of content to the client, with whatever is in w.out before it.
func (c *session) put(data []byte, end, chunk bool) (err error) {
	w := c.w
	w.rec.BytesOut += int64(len(data))
	if w.x.Web != filter.NoWeb {
		data = c.webContent(data, end)
	}
	if c.stream != nil {
		trailer := &w.chunks.trailer
		if !w.headDue {
			return c.sendOn(data, end, trailer)
		}
		w.headDue = false
		return c.respond(w.resp.length, data, end, trailer)
	}
	switch {
	case chunk:
		w.out = appendChunk(w.out, data)
		if end {
			w.out = appendLastChunk(w.out, &w.chunks.trailer)
		}
		data = nil
	case len(w.out) > 0 && (len(w.out)+len(data) <= outSize || len(data) < outSize/2):
		w.out = append(w.out, data...)
		data = nil
	}
	if len(w.out) > 0 {
		err = c.send(w.out)
		w.out = w.out[:0]
	}
	if err == nil && len(data) > 0 {
		err = c.send(data)
	}
	return err
}
