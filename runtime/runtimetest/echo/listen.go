package echo

import (
	"crypto/tls"
	"net"
	"time"

	"github.com/lintel-gateway/lintel/runtime/proxyproto"
)

// helloTime bounds the wait for the first bytes of a connection.
const helloTime = 30 * time.Second

// handshakeRecord is the first byte of a TLS connection (RFC 8446 section 5.1).
const handshakeRecord = 0x16

// Listen takes whatever a gateway may begin a connection with: a header of the PROXY
// protocol, which is taken off, and TLS, when there is a config for it. A Server serves
// what it accepts.
func Listen(ln net.Listener, config *tls.Config) net.Listener {
	l := &listener{Listener: ln, config: config, ready: make(chan net.Conn), done: make(chan struct{})}
	go l.run()
	return l
}

type listener struct {
	net.Listener
	config *tls.Config
	ready  chan net.Conn
	done   chan struct{} // closed when no connection comes any more
	err    error         // valid once done is closed
}

func (l *listener) run() {
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			l.err = err
			close(l.done)
			return
		}
		go func() {
			c, err := l.begin(nc)
			if err != nil {
				_ = nc.Close()
				return
			}
			select {
			case l.ready <- c:
			case <-l.done:
				_ = nc.Close()
			}
		}()
	}
}

// begin reads what a connection begins with.
func (l *listener) begin(nc net.Conn) (net.Conn, error) {
	_ = nc.SetReadDeadline(time.Now().Add(helloTime))
	c := &begun{Conn: nc, peer: nc.RemoteAddr()}
	buf, end := make([]byte, proxyproto.MaxBytes), 0
	for {
		n, err := nc.Read(buf[end:])
		if end += n; end == 0 {
			if err != nil {
				return nil, err
			}
			continue
		}
		h, size, bad := proxyproto.Parse(buf[:end])
		if bad == nil && size == 0 {
			if err != nil {
				return nil, err
			}
			continue // the header is not whole
		}
		if bad == nil && h.Source.IsValid() {
			c.peer = net.TCPAddrFromAddrPort(h.Source)
		}
		if bad != nil {
			size = 0
		}
		if c.first = buf[size:end]; len(c.first) > 0 {
			break
		}
		end = 0 // what follows the header
	}
	_ = nc.SetReadDeadline(time.Time{})
	if l.config != nil && c.first[0] == handshakeRecord {
		return tls.Server(c, l.config), nil
	}
	return c, nil
}

// Accept waits for a connection that has begun.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.done:
		return nil, l.err
	}
}

// begun is a connection whose first bytes were read.
type begun struct {
	net.Conn
	first []byte
	peer  net.Addr
}

// Read gives the first bytes first.
func (c *begun) Read(p []byte) (int, error) {
	if len(c.first) > 0 {
		n := copy(p, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// RemoteAddr is the client that a header of the PROXY protocol named.
func (c *begun) RemoteAddr() net.Addr { return c.peer }
