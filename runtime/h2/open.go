package h2

// Open begins a stream of a client; Request sends its head. It never waits: ErrFull
// means that the peer takes no more streams now, ErrGone that the connection takes none
// any more. The stream must be closed.
func (c *Conn) Open() (*Stream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.client || c.ended != nil || c.peerAway || c.goAway != awayNone || c.last+2 > maxStreamID:
		return nil, ErrGone
	case int64(c.open) >= int64(c.peer.streams):
		return nil, ErrFull
	}
	s := c.newStream()
	s.entered = true
	c.open++
	return s, nil
}

// Request sends a request's head, and with it as much of data as the windows take, as
// Respond does. Of q it takes the pseudo-fields, Length, Header, Trailers and Expect. It
// returns ErrRefused when the connection has stopped taking streams since Open, and
// ErrNoConnect for an extended CONNECT that the peer has not announced.
func (s *Stream) Request(q *Head, data []byte, end bool) (int, error) {
	c := s.c
	c.mu.Lock()
	err := s.sendable()
	switch {
	case err != nil:
	case s.sent || !c.client:
		err = ErrEnded
	case c.ended != nil || c.peerAway || c.last+2 > maxStreamID:
		err = ErrRefused
	case q.Protocol != "" && !c.peer.connect:
		err = ErrNoConnect
	case !validRequest(q):
		err = ErrMalformed
	}
	if err != nil {
		c.mu.Unlock()
		return 0, err
	}
	if c.last == 0 {
		c.last = 1
	} else {
		c.last += 2
	}
	c.enter(s, c.last)
	s.sent, s.bodiless = true, q.Method == "HEAD"
	b := c.output()
	at := len(b)
	b = c.enc.begin(appendFrameHead(b, 0, frameHeaders, 0, s.id))
	b = c.enc.request(b, q)
	b = c.enc.fields(b, &q.Header)
	if q.Length >= 0 {
		b = c.enc.length(b, q.Length)
	}
	if q.Trailers {
		b = appendText(appendText(append(b, 0), "te"), "trailers")
	}
	if q.Expect {
		b = appendText(appendText(append(b, 0), "expect"), "100-continue")
	}
	return c.sendHead(s, b, at, data, end)
}

// validRequest keeps out of a head what would make another request of it.
func validRequest(q *Head) bool {
	return validToken(q.Method) && validValue(q.Path) && validValue(q.Authority) && validValue(q.Scheme) &&
		(q.Protocol == "" || validToken(q.Protocol)) && (q.Path != "" || q.Method == "CONNECT")
}
