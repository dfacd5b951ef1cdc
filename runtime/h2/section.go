package h2

// block is a field section of which frames are still to come.
type block struct {
	open   bool
	stream uint32
	flags  uint8
	bytes  []byte
	frames int
	looped bool // the stream depends on itself
}

// onHeaders takes HEADERS (RFC 9113 section 6.2).
func (c *Conn) onHeaders(f *frame) *ConnError {
	if f.stream == 0 {
		return connError(ProtocolError, "HEADERS on stream 0")
	}
	p, ok := f.unpad()
	if !ok {
		return connError(ProtocolError, "padding is longer than its frame")
	}
	looped := false
	if f.has(flagPriority) {
		if len(p) < 5 {
			return connError(FrameSizeError, "HEADERS is too short for its priority")
		}
		looped = dependsOn(p) == f.stream
		p = p[5:]
	}
	if f.has(flagHeadEnd) {
		return c.section(f.stream, f.flags, p, looped)
	}
	// A section that is not whole in its first frame is put together first.
	c.block = block{open: true, stream: f.stream, flags: f.flags, bytes: append([]byte(nil), p...), looped: looped}
	return nil
}

func (c *Conn) onContinuation(f *frame) *ConnError {
	b := &c.block
	if !b.open {
		return connError(ProtocolError, "CONTINUATION without HEADERS before it")
	}
	b.frames++
	if b.frames > c.cfg.Continuations || len(b.bytes)+len(f.payload) > 2*c.cfg.HeadBytes {
		return connError(EnhanceYourCalm, "field section has too many frames or bytes")
	}
	b.bytes = append(b.bytes, f.payload...)
	if !f.has(flagHeadEnd) {
		return nil
	}
	whole := *b
	*b = block{}
	return c.section(whole.stream, whole.flags, whole.bytes, whole.looped)
}

// section takes a whole field section: a head, or a trailer.
func (c *Conn) section(id uint32, flags uint8, b []byte, looped bool) *ConnError {
	s := c.streams[id]
	var err *ConnError
	switch {
	case s != nil && s.recvEnd:
		if err = c.decode(b, &section{}); err == nil {
			err = c.breakStream(s, StreamClosed)
		}
	case s != nil && s.headed:
		err = c.onTrailer(s, flags, b)
	case s != nil:
		err = c.onResponse(s, flags, b)
	case c.client:
		if c.idleStream(id) {
			return connError(ProtocolError, "HEADERS on a stream that we have not begun")
		}
		if err = c.decode(b, &section{}); err == nil {
			err = c.late(id, "HEADERS on a stream that has ended")
		}
	default:
		err = c.onRequest(id, flags, b)
	}
	if err == nil && looped {
		if s = c.streams[id]; s != nil {
			err = c.breakStream(s, ProtocolError)
		}
	}
	return err
}

// decode keeps the state of HPACK, whatever becomes of the section.
func (c *Conn) decode(b []byte, s *section) *ConnError {
	err := c.dec.decode(b, s)
	if cap(c.dec.scratch) > 4<<10 {
		c.dec.scratch = nil
	}
	if err != nil {
		return connError(CompressionError, "field section cannot be decoded: "+err.Error())
	}
	return nil
}

// decodeHead decodes into a new head of a stream.
func (c *Conn) decodeHead(s *Stream, b []byte) (section, *ConnError) {
	x := section{head: s.addHead(), arena: &s.arena, bytes: c.cfg.HeadBytes, fields: c.cfg.Fields}
	err := c.decode(b, &x)
	return x, err
}

// onRequest begins a stream of a client (RFC 9113 section 5.1.1).
func (c *Conn) onRequest(id uint32, flags uint8, b []byte) *ConnError {
	if c.foreign(id) {
		return connError(ProtocolError, "HEADERS with a stream id that is not the client's")
	}
	if id <= c.last {
		back := (c.last - id) / 2
		if back < 64 && c.begun>>back&1 == 0 {
			return connError(ProtocolError, "stream ids do not go up")
		}
		if err := c.decode(b, &section{}); err != nil {
			return err
		}
		return c.late(id, "HEADERS on a stream that has ended")
	}
	c.begun = c.begun<<((id-c.last)/2) | 1
	c.last = id
	if c.goAway == awayDone {
		return c.decode(b, &section{})
	}
	if c.open >= c.cfg.MaxStreams || c.running+len(c.batch.ready) >= 2*c.cfg.MaxStreams {
		if err := c.decode(b, &section{}); err != nil {
			return err
		}
		return c.refuse(id, RefusedStream)
	}
	s := c.newStream()
	x, err := c.decodeHead(s, b)
	if err != nil {
		return err
	}
	x.request(c.cfg.Connect)
	if x.bad != "" || flags&flagEnd != 0 && x.head.Length > 0 {
		c.release(s)
		return c.refuse(id, ProtocolError)
	}
	s.length, s.headed = x.head.Length, true
	c.enter(s, id)
	s.recvEnd = flags&flagEnd != 0
	c.batch.ready = append(c.batch.ready, s)
	return nil
}

// refuse resets a stream that never came to be.
func (c *Conn) refuse(id, code uint32) *ConnError {
	c.out.b = appendReset(c.output(), id, code)
	c.resets.add(id, false, c.cfg.MaxStreams)
	if code == RefusedStream && !c.acked && id < maxHasty {
		return nil
	}
	return c.countReset()
}

// maxHasty bounds the ids of streams that may be too many and are not held against a
// peer that has not acknowledged the limit yet.
const maxHasty = 2048

// maxInterim is how many interim responses may wait to be read.
const maxInterim = 16

// onResponse takes a head of a response, interim ones too.
func (c *Conn) onResponse(s *Stream, flags uint8, b []byte) *ConnError {
	x, err := c.decodeHead(s, b)
	if err != nil {
		return err
	}
	x.response()
	h := x.head
	interim := h.Status >= 100 && h.Status < 200
	if s.interim += c.cfg.HeadBytes - x.bytes; x.bad != "" || interim && (flags&flagEnd != 0 || x.tooLarge || s.interim > c.cfg.HeadBytes || len(s.heads) > maxInterim) {
		s.heads = s.heads[:len(s.heads)-1]
		return c.breakStream(s, ProtocolError)
	}
	if interim {
		s.rcond.Broadcast()
		return nil
	}
	s.headed, s.length = true, h.Length
	s.bodiless = s.bodiless || h.Status == 204 || h.Status == 304
	s.rcond.Broadcast()
	if flags&flagEnd != 0 {
		return c.endReceiving(s)
	}
	return nil
}

// onTrailer takes the fields after the content, which end it (RFC 9113 section 8.1).
func (c *Conn) onTrailer(s *Stream, flags uint8, b []byte) *ConnError {
	x := section{trailer: &s.trailer, arena: &s.arena, bytes: c.cfg.HeadBytes, fields: c.cfg.Fields}
	if err := c.decode(b, &x); err != nil {
		return err
	}
	if x.bad != "" || x.tooLarge || flags&flagEnd == 0 {
		return c.breakStream(s, ProtocolError)
	}
	s.trailed = true
	return c.endReceiving(s)
}
