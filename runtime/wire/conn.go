// Package wire is how a connection waits: reads, writes and the two forms of a
// wait that the engine is built on, without a syscall that is known to fail.
//
// On Linux a TCP or Unix connection is read and written by raw non-blocking syscalls and
// waits in Go's own poller, also below TLS; anything else (other systems, pipes) goes
// through net.Conn with the same meaning.
package wire

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// ErrInterrupted is returned by a wait that Interrupt ended. It says nothing of
// why: who waits looks at its own deadlines, calls Rearm and may go on.
var ErrInterrupted = errors.New("wait was interrupted")

// ErrAgain is returned by Try when there is nothing to read now.
var ErrAgain = errors.New("nothing to read yet")

// Conn is one connection. One goroutine reads and one writes at a time; Interrupt
// and Peer may be called from any. Only the owner closes it.
type Conn struct {
	nc  net.Conn
	raw rawConn
	tls *secure // nil for a plain connection
}

// New wraps a connection. It must not be read or written elsewhere any more.
func New(nc net.Conn) *Conn {
	c := &Conn{nc: nc}
	c.raw.bind(nc)
	return c
}

// NetConn is the connection underneath, also that of TLS, for its addresses.
func (c *Conn) NetConn() net.Conn { return c.nc }

// Read waits for bytes. It returns io.EOF at the orderly end.
func (c *Conn) Read(p []byte) (int, error) {
	if c.tls != nil {
		return c.tls.read(p, false)
	}
	if c.raw.bound() {
		return c.raw.read(p)
	}
	n, err := c.nc.Read(p)
	if n > 0 {
		return n, nil
	}
	return 0, plain(err)
}

// Try reads what is there without waiting, or returns ErrAgain. Inside Loop it is
// the only read that is allowed. Without raw access it waits.
func (c *Conn) Try(p []byte) (int, error) {
	if c.tls != nil {
		return c.tls.read(p, true)
	}
	if c.raw.bound() {
		return c.raw.try(p)
	}
	return c.Read(p)
}

// Waits tells whether Try itself waits, because there is no raw access.
func (c *Conn) Waits() bool { return !c.raw.bound() }

// Empties tells whether a Try that does not fill its buffer has taken all there was. Of
// TLS it takes one record, and the next may be here already.
func (c *Conn) Empties() bool { return c.tls == nil && c.raw.bound() }

// Loop calls step, and again after each wait for readability, until step returns
// true. All of it is one wait to the poller: a readiness that comes between two
// waits is not lost, so that step need not read until ErrAgain before it waits.
// The end of the stream may share the readiness of the last bytes, however: a
// step that leaves without having seen ErrAgain may not be called for it.
//
// step must not call Read. Loop returns nil when step was done, ErrInterrupted,
// or the error that ended the wait.
func (c *Conn) Loop(step func() bool) error {
	if c.raw.bound() {
		if c.tls != nil {
			return c.tls.loop(step)
		}
		return c.raw.loop(step)
	}
	for !step() {
	}
	return nil
}

// Exchange writes req, waits and reads the first bytes of the answer into p as one
// wait. sent is how many bytes of req were handed to the system. When the system
// did not take all of req (without raw access it takes none) nothing is read, and
// the caller goes on with Write and Read. After an ErrInterrupted with sent > 0 it
// goes on with Read.
func (c *Conn) Exchange(req, p []byte) (n, sent int, err error) {
	switch {
	case !c.raw.bound():
	case c.tls == nil:
		return c.raw.exchange(req, p)
	case c.tls.client:
		return c.tls.exchange(req, p)
	}
	return 0, 0, nil
}

// Write writes all of p, waiting as needed. n counts the bytes handed over also
// when it fails; after ErrInterrupted the caller may go on with p[n:].
func (c *Conn) Write(p []byte) (n int, err error) {
	if c.tls != nil {
		return c.tls.write(p, true)
	}
	if c.raw.bound() {
		n, err = c.raw.send(p)
		if n == len(p) || err != nil {
			return n, err
		}
	}
	m, err := c.nc.Write(p[n:])
	return n + m, plain(err)
}

// Interrupt ends present and future waits for reading, for writing, or both, with
// ErrInterrupted, until Rearm.
func (c *Conn) Interrupt(read, write bool) {
	past := time.Unix(1, 0)
	if read {
		_ = c.nc.SetReadDeadline(past)
	}
	if write {
		_ = c.nc.SetWriteDeadline(past)
	}
}

// Rearm takes an Interrupt back. Who rearms looks at the reasons for an interrupt
// afterwards, not before: one may come in between.
func (c *Conn) Rearm(read, write bool) {
	if read {
		_ = c.nc.SetReadDeadline(time.Time{})
	}
	if write {
		_ = c.nc.SetWriteDeadline(time.Time{})
	}
}

// Send writes what the system takes now, without waiting; it may take nothing.
func (c *Conn) Send(p []byte) (int, error) {
	if c.raw.bound() {
		if c.tls != nil {
			return c.tls.write(p, false)
		}
		return c.raw.send(p)
	}
	return 0, nil
}

// Quiet tells that nothing has come that was not read, neither bytes nor an end.
// Only the owner calls it, between two reads. Without raw access it is not known and
// taken to be so.
func (c *Conn) Quiet() bool {
	if c.tls != nil {
		return c.tls.quiet()
	}
	return !c.raw.bound() || c.raw.quiet()
}

// Peer tells what is known of the other end without reading. It is meant for one
// watching goroutine beside the one that uses the connection.
func (c *Conn) Peer() PeerState {
	if c.raw.bound() {
		return c.raw.peer()
	}
	return Open
}

// PeerState is what the other end has done.
type PeerState uint8

const (
	// Open: nothing is known to have ended.
	Open PeerState = iota
	// HalfClosed: the peer has sent its last byte; it may still read.
	HalfClosed
	// Gone: the connection is reset.
	Gone
)

// CloseWrite ends the sending side and leaves the other open; of TLS with the alert
// that says so. A connection that cannot do so, or not without waiting, returns an
// error.
func (c *Conn) CloseWrite() error {
	if c.tls != nil {
		if err := c.tls.closeWrite(); err != nil {
			return err
		}
	}
	if h, ok := c.nc.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Close closes the connection in order. It does not wait.
func (c *Conn) Close() {
	if c.tls != nil {
		_ = c.tls.closeWrite() // a peer that takes nothing cannot be told
	}
	_ = c.nc.Close()
}

// Abort closes the connection so that the peer sees a reset: what it has received
// is not whole. A Unix socket has no reset of that kind; its peer sees the end.
func (c *Conn) Abort() {
	if t, ok := c.nc.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.nc.Close()
}

// plain reduces the errors of net to the few that callers tell apart.
func plain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrInterrupted
	case errors.Is(err, io.EOF):
		return io.EOF
	}
	var no syscall.Errno
	if errors.As(err, &no) {
		return no
	}
	return err
}
