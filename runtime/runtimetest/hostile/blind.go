package hostile

import (
	"io"
	"net"
	"sync"
	"time"
)

// Blind is the control: a pass-through that looks at no byte and keeps connections to
// its upstream for the next client. A judge that finds nothing wrong with it is blind
// itself.
type Blind struct {
	ln net.Listener
	up string
	wg sync.WaitGroup

	mu     sync.Mutex
	idle   []net.Conn
	open   map[net.Conn]bool
	closed bool
}

// NewBlind starts a pass-through to the address up at a free port of the loopback.
func NewBlind(up string) (*Blind, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &Blind{ln: ln, up: up, open: map[net.Conn]bool{}}
	b.wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			b.wg.Go(func() { b.serve(nc) })
		}
	})
	return b, nil
}

// Address is host:port.
func (b *Blind) Address() string { return b.ln.Addr().String() }

// Close ends the pass-through and its connections.
func (b *Blind) Close() {
	_ = b.ln.Close()
	b.mu.Lock()
	b.closed = true
	for nc := range b.open {
		_ = nc.Close()
	}
	b.mu.Unlock()
	b.wg.Wait()
}

// take returns an idle connection to the upstream, or a new one.
func (b *Blind) take() (net.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.idle); n > 0 {
		up := b.idle[n-1]
		b.idle = b.idle[:n-1]
		return up, nil
	}
	up, err := net.Dial("tcp", b.up)
	if err == nil {
		b.open[up] = true
	}
	return up, err
}

func (b *Blind) serve(nc net.Conn) {
	defer nc.Close()
	up, err := b.take()
	if err != nil {
		return
	}
	b.mu.Lock()
	b.open[nc] = true
	b.mu.Unlock()
	dead := make(chan bool, 1)
	b.wg.Go(func() {
		_, err := io.Copy(nc, up)
		// An interrupted copy leaves the connection for the next client.
		e, ok := err.(net.Error)
		dead <- !ok || !e.Timeout()
		_ = nc.Close()
	})
	_, _ = io.Copy(up, nc)
	_ = up.SetReadDeadline(time.Now())
	isDead := <-dead
	_ = up.SetReadDeadline(time.Time{})
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, nc)
	if isDead || b.closed {
		delete(b.open, up)
		_ = up.Close()
		return
	}
	b.idle = append(b.idle, up)
}
