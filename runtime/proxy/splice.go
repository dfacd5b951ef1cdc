package proxy

import (
	"io"
	"sync"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

const (
	// spliceFrom is how much content must still come for the kernel to move it by itself,
	// in bytes: below that a copy costs less.
	spliceFrom = 8 << 10
	// firstRead bounds the first read of a response, in bytes, so that most of a large one
	// is left to be moved so.
	firstRead = 8 << 10
	// spliceStep bounds what is moved at once, in bytes.
	spliceStep = 1 << 20
	// keptPipes bounds the pipes that wait for use.
	keptPipes = 64
)

// pipePool keeps pipes, each of which is two descriptors.
type pipePool struct {
	mu   sync.Mutex
	free []*wire.Pipe
}

// get returns a pipe, or nil where the system gives none.
func (p *pipePool) get() *wire.Pipe {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		one := p.free[n-1]
		p.free = p.free[:n-1]
		p.mu.Unlock()
		return one
	}
	p.mu.Unlock()
	one, err := wire.NewPipe()
	if err != nil {
		return nil
	}
	return one
}

func (p *pipePool) put(one *wire.Pipe) {
	p.mu.Lock()
	keep := one.Held() == 0 && len(p.free) < keptPipes
	if keep {
		p.free = append(p.free, one)
	}
	p.mu.Unlock()
	if !keep {
		one.Close()
	}
}

// close gives the pipes back that nobody uses.
func (p *pipePool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.free {
		one.Close()
	}
	p.free = nil
}

// splices tells whether what is left of the response may be moved by the kernel: nothing
// has to be seen of it, and both sides are plain sockets.
func (c *session) splices(up *upstream.Conn) bool {
	return c.w.left > spliceFrom && c.w.left < never && !c.w.resp.chunked &&
		c.conn != nil && up.Stream == nil && c.conn.Splices() && up.Splices()
}

// splice moves the rest of a response whose length is known. It reports false when the
// system gives no pipe, and nothing was moved then.
func (c *session) splice(up *upstream.Conn, lim upLimit) (code reason.Code, done bool) {
	p := c.srv.pipes.get()
	if p == nil {
		return reason.OK, false
	}
	defer c.srv.pipes.put(p)
	w := c.w
	for w.left > 0 {
		code, err := c.fillPipe(up, p, lim)
		switch {
		case code != reason.OK:
			return code, true
		case err != nil:
			return reason.UpstreamAborted, true
		}
		w.left -= int64(p.Held())
		w.rec.BytesOut += int64(p.Held())
		if c.drainPipe(p) != nil {
			return reason.ClientClosed, true
		}
	}
	return reason.OK, true
}

// fillPipe is readUp into a pipe.
func (c *session) fillPipe(up *upstream.Conn, p *wire.Pipe, lim upLimit) (reason.Code, error) {
	from := c.srv.now()
	for {
		c.arm(&c.upRead, lim.until(lim.read, from))
		_, err := up.Fill(p, int(min(c.w.left, spliceStep)))
		if err != wire.ErrInterrupted {
			return reason.OK, err
		}
		up.Rearm(true, false)
		from = max(from, c.body.moved.Load())
		if code := c.upOver(lim, lim.read, from); code != reason.OK {
			return code, io.ErrUnexpectedEOF
		}
	}
}

// drainPipe is send of what a pipe holds.
func (c *session) drainPipe(p *wire.Pipe) error {
	defer c.clientWrite.at.Store(0)
	for {
		from, left := c.srv.now(), c.taking.patience(c.lim)
		at := from + left
		c.arm(&c.clientWrite, at)
		held := p.Held()
		_, err := c.conn.Drain(p)
		now, n := c.srv.now(), held-p.Held()
		more := c.taking.spend(c.lim, now-from, n)
		switch {
		case err == nil && left > 0:
			return nil
		case err != nil && err != wire.ErrInterrupted:
			return err
		}
		c.conn.Rearm(false, true)
		if c.flags.Load()&(flagCut|flagGone) != 0 || !more || n == 0 && now >= at {
			c.abort = true // what it has not taken yet must not wait for it either
			return wire.ErrInterrupted
		}
	}
}
