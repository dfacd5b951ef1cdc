package h2

import (
	"io"
	"sync"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// Stream is one request and its response. It has one reader and one writer goroutine
// at a time; Interrupt, Reset and Gone may be called from any. After Close it may be
// used for another request: only an Interrupt may still come, and is then one without a
// reason.
type Stream struct {
	c  *Conn
	id uint32

	// All of it is guarded by c.mu.
	heads   []*Head
	awaited int // heads that Await has given
	interim int // bytes of interim heads
	arena   []byte
	trailer filter.Header
	trailed bool // a trailer came
	headed  bool // the final head came

	rcond, wcond sync.Cond
	intrRead     bool
	intrWrite    bool

	in       []byte // content that waits to be read, from at on
	at       int
	recvWin  int
	unsaid   int
	got      int64
	length   int64
	bodiless bool // a response without content, whatever its length says
	recvEnd  bool

	sent    bool // our final head
	sendEnd bool
	sendWin int64
	pend    []byte // what a Write has still to send
	took    int    // how much of it was taken
	pendEnd bool
	queued  bool

	err     error // the stream was reset, or the connection is over
	sendErr error // the peer wants no more of the request
	lost    bool  // err is the peer's doing or the connection's end
	entered bool  // it counts as open
	closed  bool
	spare   bool // nobody uses it
	gone    func()
	telling bool // gone is being called
}

// Head is the head that came first: a server's request.
func (s *Stream) Head() *Head { return s.heads[0] }

// Ended tells that no content is left to be read, and none comes.
func (s *Stream) Ended() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.recvEnd && s.at == len(s.in)
}

// Buffered is how much content a Read gives without waiting.
func (s *Stream) Buffered() int {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return len(s.in) - s.at
}

// Await waits for a client's next response head. Interim ones come first (RFC 9110
// section 15.2); after the final one it returns io.EOF. Errors are those of Read, and
// ErrRefused when the request may be sent again.
func (s *Stream) Await() (*Head, error) {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case s.awaited < len(s.heads):
			s.awaited++
			return s.heads[s.awaited-1], nil
		case s.err != nil:
			return nil, s.err
		case s.headed:
			return nil, io.EOF
		case s.intrRead:
			return nil, wire.ErrInterrupted
		}
		s.rcond.Wait()
	}
}

// Read waits for content. It returns io.EOF at its end, wire.ErrInterrupted after an
// Interrupt, ErrReset when the stream was reset, also because what came is not what
// content-length says (RFC 9113 section 8.1.1), and ErrGone when the connection is over.
func (s *Stream) Read(p []byte) (int, error) {
	c := s.c
	c.mu.Lock()
	for {
		switch {
		case s.err != nil:
			c.mu.Unlock()
			return 0, s.err
		case s.at < len(s.in):
			n := copy(p, s.in[s.at:])
			if s.at += n; s.at == len(s.in) {
				s.in, s.at = s.in[:0], 0
			}
			c.read(n)
			c.readOf(s, n)
			mine := c.claim()
			c.mu.Unlock()
			if mine {
				c.flush(false)
			}
			return n, nil
		case s.recvEnd:
			c.mu.Unlock()
			return 0, io.EOF
		case s.intrRead:
			c.mu.Unlock()
			return 0, wire.ErrInterrupted
		}
		s.rcond.Wait()
	}
}

// Trailer are the fields after the content; nil when none came. It is known after
// io.EOF. Fields that frame, route or belong to a connection are not in it.
func (s *Stream) Trailer() *filter.Header {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if !s.trailed || !s.recvEnd {
		return nil
	}
	return &s.trailer
}

// Interrupt ends present and future waits for reading (Await, Read), for writing
// (Write), or both, with wire.ErrInterrupted until Rearm. What is there without waiting
// is still given and taken.
func (s *Stream) Interrupt(read, write bool) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if read {
		s.intrRead = true
		s.rcond.Broadcast()
	}
	if write {
		s.intrWrite = true
		s.wcond.Broadcast()
	}
}

// Rearm takes an Interrupt back. Who rearms looks at the reasons for an interrupt
// afterwards, not before.
func (s *Stream) Rearm(read, write bool) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.intrRead = s.intrRead && !read
	s.intrWrite = s.intrWrite && !write
}

// Gone names what is called, once and on any goroutine, when the peer resets the stream
// or the connection ends; at once when that has happened. nil takes it back: when Gone
// returns, f is not called any more. f must not wait for the goroutine that uses the
// stream, and not call Gone or Close.
func (s *Stream) Gone(f func()) {
	c := s.c
	c.mu.Lock()
	for s.telling {
		s.rcond.Wait()
	}
	now := f != nil && s.err != nil && s.lost
	s.gone = f
	if now {
		s.gone = nil
	}
	c.mu.Unlock()
	if now {
		f()
	}
}

// tell calls what Gone named.
func (c *Conn) tell(streams []*Stream) {
	for _, s := range streams {
		c.mu.Lock()
		f := s.gone
		s.gone = nil
		c.mu.Unlock()
		if f != nil {
			f()
		}
		c.mu.Lock()
		s.telling = false
		s.rcond.Broadcast()
		c.mu.Unlock()
	}
}

// Reset sends RST_STREAM with a code of RFC 9113 section 7, and ends both sides of the
// stream. It does nothing when both have ended.
func (s *Stream) Reset(code uint32) {
	c := s.c
	c.mu.Lock()
	c.reset(s, code)
	mine := c.claim()
	c.mu.Unlock()
	if mine {
		c.flush(false)
	}
}

// Close says that the user is done with the stream. What is still open is reset: after
// a server's whole response without an error (RFC 9113 section 8.1), otherwise with
// INTERNAL_ERROR, and with CANCEL by a client. A server's stream is closed when its
// handler returns, too.
func (s *Stream) Close() {
	c := s.c
	c.mu.Lock()
	c.finish(s)
	if c.client {
		c.release(s)
	}
	done := c.finished()
	mine := c.claim()
	c.mu.Unlock()
	if mine {
		c.flush(c.busy())
	}
	if done {
		c.wc.Interrupt(true, false)
	}
}
