package h2

import (
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// busy tells that other streams are open, so that others may append soon.
func (c *Conn) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open > 1
}

// sendable tells why nothing can be sent on a stream. c.mu is held.
func (s *Stream) sendable() error {
	switch {
	case s.err != nil:
		return s.err
	case s.sendErr != nil:
		return s.sendErr
	case s.sendEnd || s.closed || s.spare:
		return ErrEnded
	}
	return nil
}

// Respond sends a response head, an interim one too, and with it as much of data as the
// windows take; it never waits for them. end ends the stream's sending side when all of
// data was taken. A length of 0 or more is sent as content-length, but not in heads that
// must not have it (RFC 9110 section 8.6). Names of h are sent in lower case; names and
// values that no field may have and fields of the connection, content-length included,
// are left out. It returns how many bytes of data were taken: Write sends the rest.
func (s *Stream) Respond(status int, h *filter.Header, length int64, data []byte, end bool) (int, error) {
	return s.respond(status, h, length, data, end, nil)
}

// Whole is Respond with all of a response: where the windows take all of data, trailer
// follows in the same write, and the sending side has ended. Otherwise neither is sent.
func (s *Stream) Whole(status int, h *filter.Header, length int64, data []byte, trailer *filter.Header) (int, error) {
	return s.respond(status, h, length, data, false, trailer)
}

func (s *Stream) respond(status int, h *filter.Header, length int64, data []byte, end bool, trailer *filter.Header) (int, error) {
	c := s.c
	c.mu.Lock()
	err := s.sendable()
	interim := status < 200
	if err == nil && (s.sent || c.client || status < 100 || status > 999 || status == 101) {
		err = ErrEnded
	}
	if err != nil {
		c.mu.Unlock()
		return 0, err
	}
	b := c.output()
	at := len(b)
	b = c.enc.begin(appendFrameHead(b, 0, frameHeaders, 0, s.id))
	b = c.enc.status(b, status)
	b = c.enc.fields(b, h)
	if length >= 0 && !interim && status != 204 {
		b = c.enc.length(b, length)
	}
	s.sent = !interim
	n := c.appendHead(s, b, at, data, end && !interim)
	if trailer != nil && n == len(data) && !interim {
		c.appendEnd(s, trailer)
	}
	c.letGo()
	return n, nil
}

// sendHead is appendHead, and lets c.mu go.
func (c *Conn) sendHead(s *Stream, b []byte, at int, data []byte, end bool) (int, error) {
	n := c.appendHead(s, b, at, data, end)
	c.letGo()
	return n, nil
}

// letGo has what was appended written, and lets c.mu go.
func (c *Conn) letGo() {
	mine := c.claim()
	others := c.open > 1
	c.mu.Unlock()
	if mine {
		c.flush(others)
	}
}

// appendHead finishes the frame of a head that begins at b[at:], and appends content. c.mu
// is held.
func (c *Conn) appendHead(s *Stream, b []byte, at int, data []byte, end bool) int {
	flags := uint8(flagHeadEnd)
	if end && len(data) == 0 {
		flags |= flagEnd
	}
	c.out.b = c.frameSection(b, at, flags, s.id)
	n := 0
	if flags&flagEnd != 0 {
		c.endSending(s)
	} else if len(data) > 0 {
		n = c.content(s, data, end)
	}
	return n
}

// frameSection gives the section that was appended at b[at+frameHead:] its frame, or its
// frames when it is too long for one.
func (c *Conn) frameSection(b []byte, at int, flags uint8, id uint32) []byte {
	n := len(b) - at - frameHead
	if n <= maxFrame {
		patchLength(b[at:], n)
		b[at+4] = flags
		return b
	}
	section := append([]byte(nil), b[at+frameHead:]...)
	b = append(appendFrameHead(b[:at], maxFrame, frameHeaders, flags&^flagHeadEnd, id), section[:maxFrame]...)
	for section = section[maxFrame:]; len(section) > 0; {
		n := min(len(section), maxFrame)
		last := uint8(0)
		if n == len(section) {
			last = flagHeadEnd
		}
		b = append(appendFrameHead(b, n, frameContinuation, last, id), section[:n]...)
		section = section[n:]
	}
	return b
}

// content appends what may be sent of p without waiting. c.mu is held.
func (c *Conn) content(s *Stream, p []byte, end bool) int {
	sum := 0
	for sum < len(p) && len(c.output()) < outData {
		n := c.data(s, p[sum:], end)
		if n == 0 {
			break
		}
		sum += n
	}
	return sum
}

// Send sends what of p may go now, without waiting; it may take nothing.
func (s *Stream) Send(p []byte) (int, error) {
	c := s.c
	c.mu.Lock()
	err := s.ready()
	n := 0
	if err == nil {
		n = c.content(s, p, false)
	}
	c.letGo()
	return n, err
}

// SendEnd is Send, and where all of p was taken the trailer follows in the same write, and
// the sending side has ended.
func (s *Stream) SendEnd(p []byte, trailer *filter.Header) (int, error) {
	c := s.c
	c.mu.Lock()
	err := s.ready()
	n := 0
	if err == nil {
		if n = c.content(s, p, false); n == len(p) {
			c.appendEnd(s, trailer)
		}
	}
	c.letGo()
	return n, err
}

// ready tells why no content can be sent. c.mu is held.
func (s *Stream) ready() error {
	if err := s.sendable(); err != nil {
		return err
	}
	if !s.sent {
		return ErrEnded
	}
	return nil
}

// Write sends all of p, and waits for the windows and for the peer to take bytes. n
// counts what was taken, also when it is interrupted: the caller may go on with p[n:].
func (s *Stream) Write(p []byte) (n int, err error) { return s.write(p, false) }

// Finish is Write with the last of the content: it ends the stream's sending side when
// all of p was taken.
func (s *Stream) Finish(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, s.End(nil)
	}
	return s.write(p, true)
}

func (s *Stream) write(p []byte, end bool) (int, error) {
	c := s.c
	c.mu.Lock()
	if err := s.ready(); err != nil || len(p) == 0 {
		c.mu.Unlock()
		return 0, err
	}
	s.pend, s.pendEnd, s.took = p, end, 0
	c.enqueue(s)
	mine := c.claim()
	others := c.open > 1
	if mine {
		c.mu.Unlock()
		c.flush(others)
		c.mu.Lock()
	} else {
		c.pump() // there may be room beside what is being written
	}
	for len(s.pend) > 0 && !s.intrWrite {
		s.wcond.Wait()
	}
	n, err := s.took, s.err
	switch {
	case n == len(p):
		err = nil
	case err == nil && s.sendErr != nil:
		err = s.sendErr
	case err == nil:
		err = wire.ErrInterrupted
	}
	c.dequeue(s)
	c.mu.Unlock()
	return n, err
}

// End ends the stream's sending side, with a trailer when there are fields in it.
func (s *Stream) End(trailer *filter.Header) error {
	c := s.c
	c.mu.Lock()
	if err := s.ready(); err != nil {
		c.mu.Unlock()
		return err
	}
	c.appendEnd(s, trailer)
	c.letGo()
	return nil
}

// appendEnd ends the stream's sending side. c.mu is held.
func (c *Conn) appendEnd(s *Stream, trailer *filter.Header) {
	b := c.output()
	at := len(b)
	if trailer != nil && len(trailer.Fields()) > 0 {
		// Where nothing of it may be sent, a section with no field is as good as none, and
		// keeps what begin has said.
		b = c.enc.begin(appendFrameHead(b, 0, frameHeaders, 0, s.id))
		b = c.enc.fields(b, trailer)
	}
	if len(b) > at+frameHead {
		c.appendHead(s, b, at, nil, true)
		return
	}
	c.data(s, nil, true)
}

// CloseWrite is End without a trailer.
func (s *Stream) CloseWrite() error { return s.End(nil) }
