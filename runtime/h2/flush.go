package h2

import (
	"errors"
	"runtime"
	"time"

	"github.com/lintel-gateway/lintel/runtime/wire"
)

const (
	// outData is how much of the write buffer content may fill. Heads and answers to
	// control frames go beyond it.
	outData = 64 << 10
	// outMost is when the reader takes no more frames, because the peer does not take
	// what they lead to.
	outMost = 256 << 10
)

// errSlow is the end of a connection whose peer takes nothing.
var errSlow = errors.New("peer takes no byte in time")

// output is the write buffer to append to. c.mu is held, and the result goes to c.out.b.
func (c *Conn) output() []byte {
	if c.out == nil {
		c.out = c.cfg.Pool.output()
	}
	return c.out.b
}

// claim makes the caller the writer, unless there is one or nothing to write. c.mu is
// held; who gets true calls flush without it.
func (c *Conn) claim() bool {
	if c.writing || c.mute {
		return false
	}
	c.pump()
	if c.out == nil || len(c.out.b) == 0 {
		return false
	}
	c.writing = true
	return true
}

// flush writes until nothing is left. It does not wait: when the system takes no more,
// a goroutine that exists only for that does.
func (c *Conn) flush(yield bool) {
	if yield {
		// Others that are about to append save a system call each.
		runtime.Gosched()
	}
	for {
		b := c.next()
		if b == nil {
			return
		}
		n, err := c.wc.Send(b.b)
		if err == wire.ErrInterrupted {
			err = nil
		}
		if err != nil {
			c.unwritten(b, err)
			return
		}
		if n < len(b.b) {
			c.users.Add(1)
			go c.writer(b, n)
			return
		}
		c.cfg.Pool.putOutput(b)
	}
}

// next takes the write buffer, or ends the writer's turn with nil.
func (c *Conn) next() *buffer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pump()
	b := c.out
	c.out = nil
	if b != nil && len(b.b) == 0 {
		c.cfg.Pool.putOutput(b)
		b = nil
	}
	if b == nil {
		c.writing = false
	}
	c.room.Broadcast()
	return b
}

// unwritten ends the connection because of a write.
func (c *Conn) unwritten(b *buffer, err error) {
	c.cfg.Pool.putOutput(b)
	c.mu.Lock()
	c.writing = false
	c.end(err)
	c.room.Broadcast()
	c.mu.Unlock()
	c.wc.Interrupt(true, false)
}

// writer writes b from n on and what comes after it, and waits for room.
func (c *Conn) writer(b *buffer, n int) {
	defer c.users.Done()
	slow := time.AfterFunc(c.cfg.SendTimeout, func() { c.wc.Interrupt(false, true) })
	defer slow.Stop()
	last := time.Now()
	for b != nil {
		for n < len(b.b) {
			m, err := c.wc.Write(b.b[n:])
			n += m
			if err == wire.ErrInterrupted {
				err = c.stalled(m > 0 || time.Since(last) < c.cfg.SendTimeout)
			}
			if err != nil {
				c.unwritten(b, err)
				return
			}
			if m > 0 {
				last = time.Now()
			}
			slow.Reset(c.cfg.SendTimeout)
		}
		c.cfg.Pool.putOutput(b)
		b, n = c.next(), 0
	}
}

// stalled tells why an interrupted write does not go on; nil when it does.
func (c *Conn) stalled(wait bool) error {
	c.wc.Rearm(false, true)
	c.mu.Lock()
	defer c.mu.Unlock()
	var broke *ConnError
	switch {
	case c.hurry, c.ended != nil && c.ended != errDone && c.ended != errLeft && !errors.As(c.ended, &broke):
		return c.ended
	case !wait:
		return errSlow
	}
	return nil
}

// pump turns content that waits into frames, a frame of each stream in turn, as far as
// the connection's window and the write buffer go. c.mu is held.
func (c *Conn) pump() {
	for len(c.queue) > 0 && c.sendWin > 0 {
		b := c.output()
		if len(b) >= outData {
			return
		}
		s := c.queue[0]
		c.queue = c.queue[:copy(c.queue, c.queue[1:])]
		s.queued = false
		n := c.data(s, s.pend, s.pendEnd)
		s.pend = s.pend[n:]
		s.took += n
		if len(s.pend) == 0 {
			s.pendEnd = false
			s.wcond.Broadcast()
			continue
		}
		c.enqueue(s)
	}
}

// enqueue puts a stream into the queue when it can send. c.mu is held.
func (c *Conn) enqueue(s *Stream) {
	if !s.queued && len(s.pend) > 0 && s.sendWin > 0 && s.err == nil {
		s.queued = true
		c.queue = append(c.queue, s)
	}
}

// dequeue takes a stream out of the queue. c.mu is held.
func (c *Conn) dequeue(s *Stream) {
	s.pend, s.pendEnd = nil, false
	if !s.queued {
		return
	}
	s.queued = false
	for i := range c.queue {
		if c.queue[i] == s {
			c.queue = append(c.queue[:i], c.queue[i+1:]...)
			return
		}
	}
}

// data appends one DATA frame with as much of p as may be sent. With end it is the last
// one when it takes all of p. c.mu is held.
func (c *Conn) data(s *Stream, p []byte, end bool) int {
	n := int(min(int64(len(p)), maxFrame, s.sendWin, c.sendWin))
	if n <= 0 && len(p) > 0 {
		return 0
	}
	flags := uint8(0)
	if end && n == len(p) {
		flags = flagEnd
	}
	c.out.b = append(appendFrameHead(c.output(), n, frameData, flags, s.id), p[:n]...)
	s.sendWin -= int64(n)
	c.sendWin -= int64(n)
	c.flood.datas++
	if flags != 0 {
		c.endSending(s)
	}
	return n
}
