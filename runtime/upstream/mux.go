package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/upstream/identity"
)

// mux holds the connections of HTTP/2 to one address. Each carries many requests at once.
type mux struct {
	mu     sync.Mutex
	conns  []*shared
	under  *dialing // nil when nobody dials
	closed bool
}

// shared is a connection of HTTP/2.
type shared struct {
	*h2.Conn
	idleTimeout time.Duration
	link        *link // of TLS
}

// dialing is a connect that several requests wait for.
type dialing struct {
	done chan struct{}
	err  error // valid once done is closed
}

// errMuxClosed ends requests to an address that no upstream has any more.
var errMuxClosed = errors.New("the address is no endpoint any more")

// HTTP2 tells whether the endpoint is spoken to in HTTP/2: by Stream, not by Idle and
// Dial.
func (e *Endpoint) HTTP2() bool { return e.node.how.http2 }

// Stream begins a request on a connection of HTTP/2 that is open, or on a new one, which
// other requests then wait for. Timeout and failure are as for Dial.
func (e *Endpoint) Stream(ctx context.Context, timeout time.Duration) (*Conn, error) {
	m := &e.node.mux
	for {
		present, err := e.node.present()
		if err != nil {
			e.node.registry.handshake(identity.NoSecret, 0)
			return nil, err
		}
		m.mu.Lock()
		if c, s := m.open(present); s != nil {
			m.mu.Unlock()
			e.node.inflight.Add(1)
			return &Conn{Stream: s, Reused: true, node: e.node, mux: c}, nil
		}
		if m.closed {
			m.mu.Unlock()
			return nil, errMuxClosed
		}
		d := m.under
		if d != nil {
			m.mu.Unlock()
			select {
			case <-d.done:
				// Who dialled may have left, which says nothing of the endpoint.
				if d.err != nil && !errors.Is(d.err, context.Canceled) {
					return nil, d.err
				}
				continue
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		d = &dialing{done: make(chan struct{})}
		m.under = d
		m.mu.Unlock()
		s, err := e.connectMux(ctx, timeout)
		m.mu.Lock()
		m.under, d.err = nil, err
		m.mu.Unlock()
		close(d.done)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

// open begins a stream on one of the connections, the last that was made first; m.mu is
// held. Nil means that none takes one. A connection of a former link takes none any more.
func (m *mux) open(present *link) (*shared, *h2.Stream) {
	for i := len(m.conns) - 1; i >= 0; i-- {
		if m.conns[i].link != present {
			go m.conns[i].GoAway() // which may wait for the peer to take it
			m.conns = append(m.conns[:i], m.conns[i+1:]...)
			continue
		}
		s, err := m.conns[i].Open()
		switch {
		case err == nil:
			return m.conns[i], s
		case errors.Is(err, h2.ErrFull):
		default:
			m.conns = append(m.conns[:i], m.conns[i+1:]...)
		}
	}
	return nil, nil
}

// connectMux makes a connection and begins the first stream on it.
func (e *Endpoint) connectMux(ctx context.Context, timeout time.Duration) (*Conn, error) {
	up, err := e.Dial(ctx, timeout, Client{})
	if err != nil {
		return nil, err
	}
	m, conn := &e.node.mux, &shared{h2.NewClient(up.Conn, h2.Config{Pool: &e.node.registry.buffers}), up.idleTimeout, up.link}
	s, err := conn.Open()
	if err != nil {
		up.Discard()
		return nil, err
	}
	m.mu.Lock()
	m.conns = append(m.conns, conn)
	closed := m.closed
	m.mu.Unlock()
	if closed {
		conn.GoAway()
	}
	go func() {
		_ = conn.Run() // its streams have told of it
		m.drop(conn)
		up.Rejected()
		up.Conn.Close()
	}()
	if r := e.node.registry; !r.sweeping.Load() {
		r.sweep()
	}
	return &Conn{Stream: s, node: e.node, mux: conn}, nil
}

func (m *mux) drop(conn *shared) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, c := range m.conns {
		if c == conn {
			m.conns = append(m.conns[:i], m.conns[i+1:]...)
			return
		}
	}
}

// sweep ends the connections that no request has used for the idle timeout of who made
// them, and returns how many are left.
func (m *mux) sweep() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.conns {
		if c.Idle() >= c.idleTimeout {
			go c.GoAway() // which may wait for the peer to take it
		}
	}
	return len(m.conns)
}

func (m *mux) size() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.conns)
}

// close lets the requests that are open end, and takes no more.
func (m *mux) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for _, c := range m.conns {
		go c.GoAway() // which may wait for the peer to take it
	}
}
