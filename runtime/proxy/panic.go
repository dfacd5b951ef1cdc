package proxy

import (
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/upstream"
)

// panicLogEvery is the least time between two panics that are logged; all are counted.
const panicLogEvery = int64(1e9)

// panicked counts a panic and logs it with its stack.
func (s *Server) panicked(p any) {
	s.cfg.Guard.Panicked()
	now := s.now()
	last := s.panicLog.Load()
	if last != 0 && now-last < panicLogEvery || !s.panicLog.CompareAndSwap(last, now) {
		return
	}
	s.cfg.Log.Error("panic, contained to its connection; please report it",
		slog.String("panic", fmt.Sprint(p)), slog.String("stack", string(debug.Stack())))
}

// contain ends what was under way when the session's own goroutine panicked. The client
// gets an answer if nothing of one was sent, and else a reset.
func (c *session) contain(p any) {
	c.abort = true
	defer func() {
		c.w = nil // who knows what state it is in
		if again := recover(); again != nil {
			c.srv.panicked(again) // the connection ends without a word
		}
	}()
	c.srv.panicked(p)
	c.inLoop, c.keep = false, false
	up := c.up.Swap(nil)
	if up != nil {
		if c.body.running {
			c.body.join(c, up)
		}
		up.Discard()
	}
	w := c.w
	if w == nil {
		return
	}
	// A panic with no request in hand is one of the parser's.
	if w.began == 0 {
		if w.rec.Status == 0 {
			c.refuse(reason.Internal, false)
			c.closeAfterPanic()
		}
		return
	}
	defer c.settle()
	w.match.Route = nil // none of its filters runs any more
	if w.rec.Status != 0 {
		w.rec.Reason = reason.Internal
		return
	}
	w.x.Response.Reset()
	c.fail(reason.Internal, 0)
	c.closeAfterPanic()
}

// closeAfterPanic lets the client read its answer.
func (c *session) closeAfterPanic() {
	c.abort = false
	if c.linger && c.stream == nil {
		c.drainInput()
	}
}

// settle accounts for the request of a panic, and lets its snapshot go in any case.
func (c *session) settle() {
	defer func() {
		if w := c.w; w.snap != nil {
			w.snap.Release(c.shard)
			w.snap = nil
		}
	}()
	c.finish(c.w.began)
}

// guarded is pump with a panic of its own as a failure of the request.
func (b *body) guarded(c *session, up *upstream.Conn, lim upLimit) (code reason.Code) {
	defer func() {
		if p := recover(); p != nil {
			c.srv.panicked(p)
			code = reason.Internal
		}
	}()
	return b.pump(c, up, lim)
}

// guarded is copy with a panic of its own as the end of the tunnel.
func (t *tunnel) guarded(d *direction, first []byte) {
	defer func() {
		if p := recover(); p != nil {
			t.c.srv.panicked(p)
			t.stop()
		}
	}()
	t.copy(d, first)
}
