package h2

// onData takes DATA (RFC 9113 section 6.1). All of its length counts against the
// windows, padding included.
func (c *Conn) onData(f *frame) *ConnError {
	if f.stream == 0 || c.idleStream(f.stream) {
		return connError(ProtocolError, "DATA on a stream that was not begun")
	}
	n := len(f.payload)
	if c.recvWin -= n; c.recvWin < 0 {
		return connError(FlowControlError, "peer sends more than the connection's window")
	}
	p, ok := f.unpad()
	if !ok {
		return connError(ProtocolError, "padding is longer than its frame")
	}
	if len(p) == 0 && !f.has(flagEnd) {
		if err := c.countEmpty(); err != nil {
			return err
		}
	}
	if len(p) > 0 {
		c.flood.heard++
	}
	s := c.streams[f.stream]
	if s == nil {
		c.read(n)
		return c.late(f.stream, "DATA on a stream that has ended")
	}
	switch {
	case s.recvEnd:
		c.read(n)
		return c.breakStream(s, StreamClosed)
	case n > s.recvWin:
		c.read(n)
		return c.breakStream(s, FlowControlError)
	case !s.takesContent(len(p)):
		c.read(n)
		return c.breakStream(s, ProtocolError)
	}
	s.recvWin -= n
	s.got += int64(len(p))
	s.receive(p)
	if pad := n - len(p); pad > 0 {
		c.read(pad)
		c.readOf(s, pad)
	}
	if f.has(flagEnd) {
		return c.endReceiving(s)
	}
	return nil
}

// takesContent tells whether n bytes of content may come here: after a head, and not
// more than it has announced (RFC 9113 section 8.1.1).
func (s *Stream) takesContent(n int) bool {
	if !s.headed {
		return false
	}
	return n == 0 || !s.bodiless && (s.length < 0 || s.got+int64(n) <= s.length)
}

// endReceiving takes END_STREAM. What came must be as long as announced.
func (c *Conn) endReceiving(s *Stream) *ConnError {
	if !s.headed || !s.bodiless && s.length >= 0 && s.got != s.length {
		return c.breakStream(s, ProtocolError)
	}
	s.recvEnd = true
	s.rcond.Broadcast()
	if s.sendEnd {
		c.leave(s)
	}
	return nil
}

// late judges a frame of content or fields on a stream that is not there any more (RFC
// 9113 section 5.1): what crosses our own reset is normal.
func (c *Conn) late(id uint32, why string) *ConnError {
	known, byPeer := c.resets.find(id)
	switch {
	case known && !byPeer, c.goAway == awayDone && id > c.lastTaken:
		return nil
	case known:
		c.out.b = appendReset(c.output(), id, StreamClosed)
		return c.countReset()
	}
	return connError(StreamClosed, why)
}

// read counts what was taken out of the connection's window, and gives it back when
// half the window was used (RFC 9113 section 6.9).
func (c *Conn) read(n int) {
	if c.unsaid += n; c.unsaid >= c.cfg.ConnWindow/2 && c.ended == nil {
		c.out.b = appendWindow(c.output(), 0, uint32(c.unsaid))
		c.recvWin += c.unsaid
		c.unsaid = 0
	}
}

// readOf is the same for the window of a stream, while more may come on it.
func (c *Conn) readOf(s *Stream, n int) {
	if s.recvEnd || s.err != nil {
		return
	}
	if s.unsaid += n; s.unsaid >= (c.cfg.StreamWindow+1)/2 {
		c.out.b = appendWindow(c.output(), s.id, uint32(s.unsaid))
		s.recvWin += s.unsaid
		s.unsaid = 0
	}
}

// closedRing remembers the streams that were reset last, and by whom.
type closedRing struct {
	ids  []uint32
	next int
}

// byPeerBit marks the streams that the peer has reset; ids have 31 bits.
const byPeerBit = 1 << 31

func (r *closedRing) add(id uint32, byPeer bool, most int) {
	if byPeer {
		id |= byPeerBit
	}
	if len(r.ids) < 2*most {
		r.ids = append(r.ids, id)
		return
	}
	r.ids[r.next] = id
	r.next = (r.next + 1) % len(r.ids)
}

func (r *closedRing) find(id uint32) (known, byPeer bool) {
	for _, v := range r.ids {
		if v&^byPeerBit == id {
			return true, v&byPeerBit != 0
		}
	}
	return false, false
}
