package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// maxRecord is the plaintext of one TLS record (RFC 8446 section 5.1).
const maxRecord = 16 << 10

// secure is the TLS of a Conn. crypto/tls reads and writes through it, so that it
// waits, and does not wait, as a plain connection does.
//
// A write of crypto/tls that fails is the end of its connection, also when only the
// wait was interrupted. secure therefore takes every byte: what the system does not
// take is kept in rest, which is at most one record with what TLS itself has to say.
// Of the plaintext of such a record the last byte is reported as not written, and
// skipped when the caller goes on with it: so callers see a short write, and what
// follows is never sent before the rest.
type secure struct {
	owner  *Conn
	conn   *tls.Conn
	client bool
	ready  bool

	// Only the reader uses these. try tells that reads do not wait, empty that the
	// socket was emptied since the last wait, and cut that the socket is at its end.
	// alert is what the peer refused a client with.
	try, empty, cut bool
	alert           error
	heard           bool // bytes of the peer were read
	swap            swap
	first           []byte // comes before what the socket holds

	mu   sync.Mutex // guards what follows: a read may have to write
	wait bool
	rest []byte
	owed bool
	err  error // why the last write left a rest; nil when it did not wait
}

// pause is an end of a wait in a form that crypto/tls survives.
type pause struct{ error }

func (pause) Timeout() bool   { return true }
func (pause) Temporary() bool { return true }

// The two pauses, made once: a wait allocates nothing.
var (
	pauseAgain       error = pause{ErrAgain}
	pauseInterrupted error = pause{ErrInterrupted}
)

// NewTLS wraps a connection that begins with the handshake of a TLS server. Handshake
// comes before anything else.
func NewTLS(nc net.Conn, config *tls.Config) *Conn {
	c := New(nc)
	c.StartTLS(config, nil)
	return c
}

// StartTLS makes a plain connection the server's side of a TLS one. first are bytes of
// TLS that were read already. Handshake comes before anything else.
func (c *Conn) StartTLS(config *tls.Config, first []byte) {
	c.tls = &secure{owner: c, first: first}
	c.tls.conn = tls.Server(c.tls, config)
}

// NewTLSClient wraps a connection that begins with the handshake of a TLS client.
// Handshake comes before anything else. An end of the stream that the peer does not
// announce (close_notify, RFC 8446 section 6.1) is io.ErrUnexpectedEOF: who cuts a
// connection must not pass for a server that is done.
func NewTLSClient(nc net.Conn, config *tls.Config) *Conn {
	c := New(nc)
	c.tls = &secure{owner: c, client: true}
	c.tls.conn = tls.Client(c.tls, config)
	c.tls.swap.step = c.tls.swapped
	return c
}

// Secure tells whether the connection is one of TLS.
func (c *Conn) Secure() bool { return c.tls != nil }

// Handshake makes the handshake of a TLS connection, and waits for the peer. An
// interrupt ends it for good, with ErrInterrupted.
func (c *Conn) Handshake() (tls.ConnectionState, error) {
	s := c.tls
	s.wait = true
	if err := s.conn.Handshake(); err != nil {
		if s.err != nil {
			err = s.err
		}
		return s.conn.ConnectionState(), pauseless(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rest) > 0 {
		return s.conn.ConnectionState(), s.err
	}
	s.ready = true
	return s.conn.ConnectionState(), nil
}

// pauseless gives a wait that ended its own error back.
func pauseless(err error) error {
	switch err {
	case pauseAgain:
		return ErrAgain
	case pauseInterrupted:
		return ErrInterrupted
	}
	var p pause
	if errors.As(err, &p) {
		return p.error
	}
	return plain(err)
}

// read reads plaintext; without waiting when try is set.
func (s *secure) read(p []byte, try bool) (int, error) {
	s.try = try && s.owner.raw.bound()
	n, err := s.conn.Read(p)
	if n > 0 {
		s.heard = true
		return n, nil // crypto/tls says the error again
	}
	if s.client {
		err = s.ended(err)
	}
	return 0, pauseless(err)
}

// ended looks at how the peer of a client ended the connection: crypto/tls takes a
// stream that breaks off between two records for whole.
func (s *secure) ended(err error) error {
	var op *net.OpError
	switch {
	case err == io.EOF && s.cut:
		return io.ErrUnexpectedEOF
	case !s.heard && errors.As(err, &op) && op.Op == "remote error":
		s.alert = err
	}
	return err
}

// Alert is the alert with which the peer of a TLS client has refused it before it said
// anything else, nil when it has not. A server of TLS 1.3 says what it thinks of the client's certificate only
// after the handshake. Only the reader calls it, and reads no more.
func (c *Conn) Alert() error {
	if s := c.tls; s != nil && s.client && s.alert == nil {
		_ = s.quiet() // for what it notes
	}
	if c.tls == nil {
		return nil
	}
	return c.tls.alert
}

// quiet is Quiet: what TLS itself has to say, such as new session tickets, is taken in
// and no noise.
func (s *secure) quiet() bool {
	if !s.owner.raw.bound() {
		return true
	}
	var b [1]byte
	s.empty = false
	s.mu.Lock()
	s.wait = false // what a read has to answer must not wait for room
	s.mu.Unlock()
	n, err := s.read(b[:], true)
	return n == 0 && err == ErrAgain
}

// write writes plaintext and waits for room, or does not.
func (s *secure) write(p []byte, wait bool) (n int, err error) {
	if !s.ready {
		return 0, os.ErrInvalid
	}
	if len(p) == 0 {
		return 0, nil
	}
	s.mu.Lock()
	s.wait = wait
	if s.owed {
		if err := s.flush(); err != nil || len(s.rest) > 0 {
			s.mu.Unlock()
			return 0, err
		}
		s.owed = false
		n, p = 1, p[1:]
	}
	s.mu.Unlock()
	for len(p) > 0 {
		piece := p[:min(len(p), maxRecord)]
		if _, err := s.conn.Write(piece); err != nil {
			return n, pauseless(err)
		}
		n, p = n+len(piece), p[len(piece):]
		s.mu.Lock()
		left, err := len(s.rest) > 0, s.err
		s.owed = left
		s.mu.Unlock()
		if left {
			return n - 1, err
		}
	}
	return n, nil
}

// flush sends the rest; s.mu is held. It returns ErrInterrupted or what broke the
// connection.
func (s *secure) flush() error {
	n, err := s.put(s.rest)
	if s.rest = s.rest[n:]; len(s.rest) == 0 {
		s.rest = nil
	}
	s.err = err
	return err
}

// put hands ciphertext to the system; s.mu is held.
func (s *secure) put(p []byte) (n int, err error) {
	if s.owner.raw.bound() {
		if n, err = s.owner.raw.send(p); n == len(p) || err != nil || !s.wait {
			return n, err
		}
	}
	m, err := s.owner.nc.Write(p[n:])
	return n + m, plain(err)
}

// Read is how crypto/tls reads.
func (s *secure) Read(p []byte) (n int, err error) {
	if len(s.first) > 0 {
		n = copy(p, s.first)
		if s.first = s.first[n:]; len(s.first) == 0 {
			s.first = nil
		}
		return n, nil
	}
	raw := &s.owner.raw
	switch {
	case !raw.bound():
		n, err = s.owner.nc.Read(p)
		err = plain(err)
	case !s.try:
		n, err = raw.read(p)
	case s.empty:
		return 0, pauseAgain
	default:
		n, err = raw.try(p)
	}
	switch err {
	case ErrAgain:
		s.empty = true
		return 0, pauseAgain
	case ErrInterrupted:
		return 0, pauseInterrupted
	}
	s.empty = err == nil && n < len(p)
	s.cut = s.cut || err == io.EOF
	return n, err
}

// Write is how crypto/tls writes.
func (s *secure) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	if len(s.rest) > 0 {
		if err := s.flush(); err != nil && err != ErrInterrupted {
			return 0, err
		}
	}
	if len(s.rest) == 0 {
		var err error
		n, err = s.put(p)
		if s.err = err; err != nil && err != ErrInterrupted {
			return n, err
		}
	}
	s.rest = append(s.rest, p[n:]...)
	return len(p), nil
}

// closeWrite tells the peer that nothing follows, without waiting for room.
func (s *secure) closeWrite() error {
	s.mu.Lock()
	s.wait = false
	s.mu.Unlock()
	if !s.owner.raw.bound() {
		_ = s.owner.nc.SetWriteDeadline(time.Now().Add(time.Second))
	}
	if err := s.conn.CloseWrite(); err != nil {
		return plain(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rest) > 0 {
		return ErrInterrupted
	}
	return nil
}

// Close, LocalAddr and RemoteAddr complete a net.Conn. The deadlines are the owner's:
// it sets them on the connection below.
func (s *secure) Close() error                     { return s.owner.nc.Close() }
func (s *secure) LocalAddr() net.Addr              { return s.owner.nc.LocalAddr() }
func (s *secure) RemoteAddr() net.Addr             { return s.owner.nc.RemoteAddr() }
func (s *secure) SetDeadline(time.Time) error      { return nil }
func (s *secure) SetReadDeadline(time.Time) error  { return nil }
func (s *secure) SetWriteDeadline(time.Time) error { return nil }

// loop is Loop: each call of step comes after a wait, or begins one.
func (s *secure) loop(step func() bool) error {
	return s.owner.raw.loop(func() bool {
		s.empty = false
		return step()
	})
}
