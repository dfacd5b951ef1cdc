package proxy

import (
	"io"
	"sync/atomic"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// body is the body of the present request. What is in the buffer already goes
// upstream with the head; anything else is streamed by a goroutine of its own, so
// that an upstream may answer before it has read everything.
type body struct {
	pace     pace
	streamed bool
	running  bool // streamed, and not joined yet
	skipped  bool
	read     int64 // bytes of content
	code     reason.Code

	taken   atomic.Bool  // streamed, and read from the client to its end
	whole   atomic.Bool  // streamed to its end
	moved   atomic.Int64 // when bytes of a streamed body last went up
	done    chan struct{}
	chunks  chunks
	chunked bool
	left    int64
	text    bool // content is base64 of gRPC-Web
	quantum quantum
	plain   []byte
	out     []byte
}

func (b *body) begin(q *requestHead) {
	b.chunked, b.left = q.chunked, max(q.length, 0)
	if b.streamed {
		b.moved.Store(0)
		b.taken.Store(false)
		b.whole.Store(false)
	}
	b.streamed, b.skipped, b.read, b.code, b.text = false, false, 0, reason.OK, false
}

// skip passes over a body that is in the buffer. It returns false when the body is
// not, so that the connection cannot go on.
func (b *body) skip(w *work) bool {
	if b.streamed {
		return b.taken.Load()
	}
	if b.skipped || b.left == 0 && !b.chunked {
		return true
	}
	if b.chunked || b.left > int64(w.end-w.start) {
		return false
	}
	w.start += int(b.left)
	b.skipped = true
	return true
}

// start streams the rest of the body to up.
func (b *body) start(c *session, up *upstream.Conn, lim upLimit) {
	b.streamed, b.running = true, true
	b.pace.begin(c.lim)
	b.chunks.reset()
	if b.done == nil {
		b.done = make(chan struct{}, 1)
	}
	go func() {
		code := b.guarded(c, up, lim)
		if code != reason.OK {
			b.code = code
			c.flags.Or(flagBody)
			up.Interrupt(true, false)
		}
		b.done <- struct{}{}
	}()
}

// join ends the streaming and tells whether the upstream got the whole body.
func (b *body) join(c *session, up *upstream.Conn) bool {
	if !b.streamed {
		return true
	}
	if !b.whole.Load() {
		c.flags.Or(flagStop)
		c.side.Interrupt(true, false)
		up.Interrupt(false, true)
	}
	<-b.done
	b.running = false
	c.clientRead.at.Store(0)
	c.side.Rearm(true, false)
	up.Rearm(true, true)
	return b.whole.Load() && b.code == reason.OK
}

// pump copies the body from the client to up. It returns OK also when up does not
// take it: the upstream may have answered and closed.
func (b *body) pump(c *session, up *upstream.Conn, lim upLimit) reason.Code {
	w := c.w
	// The window lies behind the head, whose views must stay.
	head := w.start
	if len(w.in)-head < maxTrailer+maxChunkLine {
		grown := make([]byte, inSize0)
		n := copy(grown, w.in[w.start:w.end])
		// The views of the head keep the old buffer alive.
		w.in, w.start, w.end, head = grown, 0, n, 0
	}
	for {
		data, whole, code := b.next(c, head)
		if code != reason.OK {
			return code
		}
		if whole {
			// Before the upstream has it: its answer may come first, and the client's
			// connection goes on then too.
			b.taken.Store(true)
		}
		if code, broken := b.write(c, up, data, whole, lim); broken || code != reason.OK {
			return code
		}
		if whole {
			b.whole.Store(true)
			return reason.OK
		}
	}
}

// next returns the next piece of content, a view of the buffer behind head, and whether
// it is the last.
func (b *body) next(c *session, head int) (data []byte, whole bool, code reason.Code) {
	w := c.w
	for {
		if w.start < w.end || c.stream != nil && c.stream.Ended() {
			data, whole, code = b.take(c)
			if b.text && code == reason.OK {
				var ok bool
				if b.plain, ok = b.quantum.decode(b.plain[:0], data); !ok || whole && b.quantum.n > 0 {
					code = reason.BadRequest
				}
				data = b.plain
			}
			if code != reason.OK || whole || len(data) > 0 {
				return data, whole, code
			}
		}
		if w.start == w.end {
			w.start, w.end = head, head
		} else if w.end == len(w.in) {
			copy(w.in[head:], w.in[w.start:w.end])
			w.start, w.end = head, head+w.end-w.start
		}
		n, code := b.fill(c, w.in[w.end:])
		if code != reason.OK {
			return nil, false, code
		}
		w.end += n
	}
}

// take takes content from the buffer.
func (b *body) take(c *session) (data []byte, whole bool, code reason.Code) {
	w := c.w
	if c.stream != nil {
		data = w.in[w.start:w.end]
		w.start = w.end
		b.read += int64(len(data))
		if limit := c.lim.BodyBytes; limit > 0 && b.read > limit {
			return nil, false, reason.BodyTooLarge
		}
		return data, c.stream.Ended(), reason.OK
	}
	if !b.chunked {
		data = w.in[w.start : w.start+int(min(b.left, int64(w.end-w.start)))]
		w.start += len(data)
		b.left -= int64(len(data))
		b.read += int64(len(data))
		return data, b.left == 0, reason.OK
	}
	data, n, ok := b.chunks.fold(w.in[w.start:w.end])
	if !ok {
		return nil, false, reason.BadRequest
	}
	w.start += n
	b.read += int64(len(data))
	if limit := c.lim.BodyBytes; limit > 0 && b.read > limit {
		return nil, false, reason.BodyTooLarge
	}
	return data, b.chunks.state == chunksDone, reason.OK
}

// trailer is that of the body, once it is whole.
func (b *body) trailer(c *session) *filter.Header {
	t := &b.chunks.trailer
	if c.stream != nil {
		t.Reset()
		if sent := c.stream.Trailer(); sent != nil {
			for _, f := range sent.Fields() {
				if trailerAllowed(f.Name) {
					t.Add(f.Name, f.Value)
				}
			}
		}
	}
	dropIdentity(t)
	return t
}

// fill reads from the client.
func (b *body) fill(c *session, p []byte) (int, reason.Code) {
	from, left := c.srv.now(), b.pace.patience(c.lim)
	if c.flags.Load()&flagAnswered != 0 {
		left = int64(c.lim.BodyTimeout) // both sides talk: each takes its time
	}
	if left <= 0 {
		return 0, reason.ClientTimeout
	}
	at := from + left
	c.arm(&c.clientRead, at)
	for {
		n, err := c.side.Read(p)
		switch {
		case err == nil, err == io.EOF && c.stream != nil:
			b.pace.spend(c.lim, c.srv.now()-from, n)
			return n, reason.OK
		case err != wire.ErrInterrupted:
			return 0, reason.ClientClosed
		}
		if c.flags.Load()&(flagStop|flagCut|flagGone) != 0 {
			return 0, reason.ClientClosed
		}
		if c.srv.now() >= at {
			return 0, reason.ClientTimeout
		}
		c.side.Rearm(true, false)
		if c.flags.Load()&(flagStop|flagCut|flagGone) != 0 {
			return 0, reason.ClientClosed
		}
	}
}

// write sends content up, and what ends it. An upstream that takes none for too long
// fails the request, unless it is answering already. broken tells that up takes no more.
func (b *body) write(c *session, up *upstream.Conn, p []byte, whole bool, lim upLimit) (code reason.Code, broken bool) {
	if up.Stream != nil {
		if whole {
			return b.written(c, c.finishUp(up, p, b.trailer(c), lim))
		}
		return b.written(c, c.writeUp(up, p, lim))
	}
	if c.w.req.chunked {
		b.out = appendChunk(b.out[:0], p)
		if whole {
			b.out = appendLastChunk(b.out, b.trailer(c))
		}
		if p = b.out; cap(p) > 2*inSize0 {
			b.out = nil
		}
	}
	return b.written(c, c.writeUp(up, p, lim))
}

// written says what a write that ended with code means for the body.
func (b *body) written(c *session, code reason.Code) (reason.Code, bool) {
	switch {
	case code == reason.OK:
		b.moved.Store(c.srv.now())
		return reason.OK, false
	case code == reason.UpstreamReset, c.flags.Load()&flagAnswered != 0:
		return reason.OK, true
	}
	return code, false
}
