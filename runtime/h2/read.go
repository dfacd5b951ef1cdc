package h2

import (
	"io"

	"github.com/lintel-gateway/lintel/runtime/wire"
)

// input is the reader's side of a connection. It holds a buffer only while there is
// something in it.
type input struct {
	c          *Conn
	buf        *buffer
	start, end int
	greeting   string // what of the preface is still to come
	looks      int    // reads that look for an end of stream
	err        error
	stepFn     func() bool
}

func newInput(c *Conn) *input {
	in := &input{c: c, looks: 1}
	if !c.client {
		in.greeting = Preface
	}
	in.stepFn = in.step
	return in
}

// run reads to the end of the connection.
func (c *Conn) run(first []byte) error {
	in := c.in
	c.flushNow()
	if in.feed(first) {
		for in.loop() {
		}
	}
	if in.buf != nil {
		c.cfg.Pool.in.Put(in.buf)
		in.buf = nil
	}
	return c.over(in.err)
}

// flushNow sends what there is before anything is waited for.
func (c *Conn) flushNow() {
	c.mu.Lock()
	mine := c.claim()
	c.mu.Unlock()
	if mine {
		c.flush(false)
	}
}

// feed takes bytes that were read elsewhere. It returns false when the connection ends.
func (in *input) feed(p []byte) bool {
	for len(p) > 0 {
		in.hold()
		n := copy(in.buf.b[in.end:], p)
		in.end += n
		p = p[n:]
		if !in.take() {
			return false
		}
	}
	in.rest()
	return true
}

// loop waits once, for as long as reads find something. It returns false at the end.
func (in *input) loop() bool {
	c := in.c
	in.err = nil
	if err := c.wc.Loop(in.stepFn); err != nil {
		in.err = err
	}
	if in.err != wire.ErrInterrupted {
		return false
	}
	// Who interrupts says why in the connection's state.
	c.wc.Rearm(true, false)
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.finished()
}

// step reads what is there and takes it. It returns true to leave the loop.
func (in *input) step() bool {
	wc := in.c.wc
	for {
		in.hold()
		n, err := wc.Try(in.buf.b[in.end:])
		if err == wire.ErrAgain {
			in.rest()
			return false
		}
		if err != nil {
			in.err = err
			return true
		}
		short := n < len(in.buf.b)-in.end
		in.end += n
		// It was one record of TLS; what came with it is taken together.
		for err == nil && !wc.Empties() && !wc.Waits() && in.end < len(in.buf.b)/2 {
			n, err = wc.Try(in.buf.b[in.end:])
			in.end += n
		}
		if err != nil && err != wire.ErrAgain {
			in.err = err
		}
		if !in.take() || in.err != nil {
			return true
		}
		if short && wc.Empties() && !in.look() {
			in.rest()
			return false
		}
	}
}

// look tells whether another read looks for an end of stream although the last has
// emptied the socket: an end that came with the last bytes wakes nobody.
func (in *input) look() bool {
	if in.looks == 0 {
		return false
	}
	in.looks--
	return true
}

func (in *input) hold() {
	if in.buf == nil {
		in.buf = in.c.cfg.Pool.input()
		in.start, in.end = 0, 0
	}
}

// rest gives the buffer back when nothing is in it.
func (in *input) rest() {
	if in.buf != nil && in.start == in.end {
		in.c.cfg.Pool.in.Put(in.buf)
		in.buf = nil
	}
}

// take processes the whole frames in the buffer, all under one lock, and then does what
// they lead to. It returns false when the connection is over.
func (in *input) take() bool {
	c := in.c
	c.mu.Lock()
	for c.ended == nil {
		if c.out != nil && len(c.out.b) >= outMost {
			in.wait()
			continue
		}
		size, err := in.one()
		if err != nil {
			c.breach(err)
			break
		}
		if size == 0 {
			break
		}
		in.start += size
	}
	if in.start > 0 {
		in.end = copy(in.buf.b, in.buf.b[in.start:in.end])
		in.start = 0
	}
	c.lookLater()
	return !c.settle()
}

// wait lets the writer write; c.mu is held.
func (in *input) wait() {
	c := in.c
	if c.claim() {
		c.mu.Unlock()
		c.flush(false)
		c.mu.Lock()
		return
	}
	c.room.Wait()
}

// settle does what a batch of frames leads to and lets c.mu go: it starts handlers,
// tells who is gone, and writes. It returns whether the connection is finished.
func (c *Conn) settle() bool {
	gone := c.batch.gone
	c.batch.gone = nil
	for i, s := range c.batch.ready {
		if c.ended == nil && s.err == nil {
			c.start(s)
		} else {
			c.release(s)
		}
		c.batch.ready[i] = nil
	}
	c.batch.ready = c.batch.ready[:0]
	done := c.finished()
	mine := c.claim()
	c.mu.Unlock()
	c.tell(gone)
	if mine {
		c.flush(false)
	}
	return done
}

// one takes one frame, or a part of the preface, from the front of the buffer.
func (in *input) one() (int, *ConnError) {
	b := in.buf.b[in.start:in.end]
	if in.greeting != "" {
		n := min(len(b), len(in.greeting))
		if string(b[:n]) != in.greeting[:n] {
			return 0, connError(ProtocolError, "connection does not begin with the preface of HTTP/2")
		}
		in.greeting = in.greeting[n:]
		return n, nil
	}
	f, size := nextFrame(b)
	switch {
	case size < 0:
		return 0, connError(FrameSizeError, "frame is longer than we take")
	case size == 0:
		return 0, nil
	}
	if f.kind == frameGoAway {
		in.looks = 4 // it is closing
	}
	return size, in.c.frame(&f)
}

// over ends the connection and waits for everything that uses it.
func (c *Conn) over(err error) error {
	c.mu.Lock()
	switch err {
	case nil, wire.ErrInterrupted:
		err = errDone
	case io.EOF:
		err = errLeft
	}
	c.end(err)
	why := c.ended
	for _, w := range c.idle {
		w.next <- nil
	}
	c.idle, c.free = nil, nil
	c.stopTimers()
	for _, p := range c.pings {
		close(p.done)
	}
	c.pings = nil
	c.settle()
	c.farewell(why)
	c.users.Wait()
	if why == errDone || why == errLeft {
		return nil
	}
	return why
}
