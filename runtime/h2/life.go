package h2

import "time"

// newStream takes a stream out of use, or makes one. c.mu is held here and below.
func (c *Conn) newStream() *Stream {
	var s *Stream
	if n := len(c.free); n > 0 {
		s = c.free[n-1]
		c.free = c.free[:n-1]
		s.spare = false
	} else {
		s = &Stream{c: c}
		s.rcond.L, s.wcond.L = &c.mu, &c.mu
	}
	s.length = -1
	s.intrRead, s.intrWrite = false, false
	return s
}

// enter makes a stream one of the protocol's.
func (c *Conn) enter(s *Stream, id uint32) {
	s.id = id
	s.recvWin, s.sendWin = c.window(), c.peer.window
	c.streams[id] = s
	if !s.entered {
		s.entered = true
		c.open++
	}
}

// leave takes a stream out that has ended for the protocol. Its user may still have it.
func (c *Conn) leave(s *Stream) {
	if !s.entered {
		return
	}
	s.entered = false
	delete(c.streams, s.id)
	if s.err == nil && s.recvEnd && s.sendEnd {
		c.flood.done++
	}
	if c.open--; c.open == 0 {
		c.since = time.Now()
		c.lookLater()
	}
}

// endSending takes note of the END_STREAM that we sent.
func (c *Conn) endSending(s *Stream) {
	s.sendEnd = true
	if s.recvEnd {
		c.leave(s)
	}
}

// lose ends both sides of a stream by the peer's doing.
func (c *Conn) lose(s *Stream, err error) {
	if s.err != nil {
		return
	}
	s.lost = true
	c.fail(s, err)
	if s.gone != nil {
		s.telling = true
		c.batch.gone = append(c.batch.gone, s)
	}
}

// fail ends both sides of a stream and wakes who waits on it.
func (c *Conn) fail(s *Stream, err error) {
	s.err = err
	c.dequeue(s)
	c.drop(s)
	s.rcond.Broadcast()
	s.wcond.Broadcast()
}

// drop gives up content that nobody reads any more.
func (c *Conn) drop(s *Stream) {
	c.read(len(s.in) - s.at)
	s.in, s.at = s.in[:0], 0
}

// breakStream is an error of the peer on one stream (RFC 9113 section 5.4.2).
func (c *Conn) breakStream(s *Stream, code uint32) *ConnError {
	c.out.b = appendReset(c.output(), s.id, code)
	c.resets.add(s.id, false, c.cfg.MaxStreams)
	c.lose(s, ErrReset{Code: code, Local: true})
	c.leave(s)
	if c.client {
		return nil
	}
	return c.countReset()
}

// reset ends a stream from our side.
func (c *Conn) reset(s *Stream, code uint32) {
	if s.err != nil {
		return
	}
	if s.entered && s.id != 0 {
		c.out.b = appendReset(c.output(), s.id, code)
		c.resets.add(s.id, false, c.cfg.MaxStreams)
	}
	if s.entered || s.id == 0 {
		c.fail(s, ErrReset{Code: code, Local: true})
	}
	c.leave(s)
}

// finish ends what of a stream is still open when its user is done.
func (c *Conn) finish(s *Stream) {
	if s.closed || s.spare {
		return
	}
	for s.telling {
		s.rcond.Wait()
	}
	s.closed, s.gone = true, nil
	switch {
	case !s.entered:
	case c.client:
		c.reset(s, Cancel)
	case s.sendEnd:
		c.reset(s, NoError)
	default:
		c.reset(s, InternalError)
	}
	c.drop(s)
}

// release makes a stream ready for another request.
func (c *Conn) release(s *Stream) {
	c.leave(s)
	if s.spare {
		return
	}
	s.spare = true
	if c.ended == nil && len(c.free) < c.cfg.MaxStreams {
		s.reset()
		c.free = append(c.free, s)
	}
}

// What a stream that is not in use may keep of memory.
const (
	keepArena = 4 << 10
	keepIn    = 16 << 10
	keepHeads = 4
)

// reset makes a stream as new, with the storage that it has.
func (s *Stream) reset() {
	for _, h := range s.heads {
		h.reset()
	}
	s.trailer.Reset()
	s.heads, s.arena, s.in = s.heads[:0], s.arena[:0], s.in[:0]
	if cap(s.heads) > keepHeads {
		s.heads = nil
	}
	if cap(s.arena) > keepArena {
		s.arena = nil
	}
	if cap(s.in) > keepIn {
		s.in = nil
	}
	s.id, s.awaited, s.interim = 0, 0, 0
	s.trailed, s.headed, s.intrRead, s.intrWrite = false, false, false, false
	s.at, s.recvWin, s.unsaid, s.got, s.length = 0, 0, 0, 0, -1
	s.bodiless, s.recvEnd = false, false
	s.sent, s.sendEnd, s.sendWin = false, false, 0
	s.pend, s.pendEnd, s.queued, s.took = nil, false, false, 0
	s.err, s.sendErr, s.lost, s.entered, s.closed = nil, nil, false, false, false
	s.gone, s.telling = nil, false
}

// receive keeps content until it is read.
func (s *Stream) receive(p []byte) {
	if len(p) == 0 {
		return
	}
	if s.at > 0 && len(s.in)+len(p) > cap(s.in) {
		s.in = s.in[:copy(s.in, s.in[s.at:])]
		s.at = 0
	}
	s.in = append(s.in, p...)
	s.rcond.Broadcast()
}

// addHead gives the next head of the stream.
func (s *Stream) addHead() *Head {
	n := len(s.heads)
	if n < cap(s.heads) {
		s.heads = s.heads[:n+1]
		if s.heads[n] != nil {
			return s.heads[n]
		}
	} else {
		s.heads = append(s.heads, nil)
	}
	s.heads[n] = new(Head)
	s.heads[n].reset()
	return s.heads[n]
}
