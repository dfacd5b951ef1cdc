package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/lintel-gateway/lintel/runtime/proxyproto"
	"github.com/lintel-gateway/lintel/runtime/upstream/identity"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// Client is the connection of a client, as the PROXY protocol tells of it: its address,
// and the address that it connected to. Where either is not known, neither is told.
type Client struct{ From, To netip.AddrPort }

// ErrSecret tells that a secret for TLS to the endpoint has no usable value.
var ErrSecret = identity.ErrSecret

// ErrTLS tells that a TCP connection came about and TLS did not.
type ErrTLS struct {
	// Outcome says how the handshake ended.
	Outcome identity.Outcome
	err     error
}

// Error says what was wrong, in words that are for operators only.
func (e *ErrTLS) Error() string { return "tls: " + e.err.Error() }

// Unwrap is the error of the handshake.
func (e *ErrTLS) Unwrap() error { return e.err }

// Dial connects, TLS and all. A timeout of 0 is no bound. A failure counts towards the
// endpoint's ejection unless ctx ended first. Beside the errors of net.Dialer it is an
// *ErrTLS, or ErrSecret, for which nobody is connected to. One that took too
// long is a net.Error with Timeout. The client is told of where the upstream asks for it.
func (e *Endpoint) Dial(ctx context.Context, timeout time.Duration, client Client) (*Conn, error) {
	n := e.node
	l, err := n.present()
	if err != nil {
		n.registry.handshake(identity.NoSecret, 0)
		return nil, err
	}
	var until time.Time
	if timeout > 0 {
		until = time.Now().Add(timeout)
	}
	d := net.Dialer{Deadline: until}
	nc, err := d.DialContext(ctx, "tcp", n.dial)
	if err != nil {
		if ctx.Err() == nil {
			e.failed()
		}
		return nil, err
	}
	if n.how.proxy != "" && !announce(nc, n.how.proxy, client) {
		_ = nc.Close()
		e.failed()
		return nil, net.ErrClosed
	}
	c := &Conn{
		endpoint: e, node: n, link: l,
		maxIdle: e.upstream.Def.Pool.MaxIdle, idleTimeout: e.upstream.Def.Pool.IdleTimeout.D(),
	}
	if n.how.proxy != "" {
		c.maxIdle = 0 // it speaks of one client
	}
	if l == nil {
		c.Conn = wire.New(nc)
	} else if c.Conn, err = e.handshake(ctx, nc, l, until); err != nil {
		return nil, err
	}
	c.failures = n.connected()
	n.inflight.Add(1)
	return c, nil
}

// handshake makes TLS of a connection, or closes it.
func (e *Endpoint) handshake(ctx context.Context, nc net.Conn, l *link, until time.Time) (*wire.Conn, error) {
	n := e.node
	c := wire.NewTLSClient(nc, l.config)
	b := breaker{conn: c}
	if !until.IsZero() {
		defer time.AfterFunc(time.Until(until), b.interrupt).Stop()
	}
	defer context.AfterFunc(ctx, b.interrupt)()
	state, err := c.Handshake()
	b.end()
	if err == nil && l.config.NextProtos[0] == "h2" && state.NegotiatedProtocol != "h2" {
		err = errors.New("the endpoint does not agree to HTTP/2 (ALPN h2)")
	}
	if err == nil {
		c.Rearm(true, true)
		outcome := identity.Full
		if state.DidResume {
			outcome = identity.Resumed
		}
		n.registry.handshake(outcome, state.Version)
		return c, nil
	}
	c.Abort()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err == wire.ErrInterrupted:
		e.refused(identity.Timeout, state, os.ErrDeadlineExceeded)
		return nil, os.ErrDeadlineExceeded
	}
	outcome := identity.OutcomeOf(err)
	e.refused(outcome, state, err)
	return nil, &ErrTLS{outcome, err}
}

// refused notes a handshake that failed.
func (e *Endpoint) refused(o identity.Outcome, state tls.ConnectionState, err error) {
	e.node.registry.handshake(o, state.Version)
	e.failed()
	e.tell(o, err)
}

// Rejected tells whether the endpoint has refused a new connection after the handshake,
// as a server of TLS 1.3 does with a client's certificate. It counts as a failed connect.
// It is asked once, when the connection has given no response and is read no more. Of a
// stream it is not known; the connection finds it out as it ends.
func (c *Conn) Rejected() bool {
	if c.link == nil || c.Reused || c.Stream != nil {
		return false
	}
	alert := c.Alert()
	if alert == nil {
		return false
	}
	n := c.node
	n.mu.Lock()
	n.failures = max(n.failures, c.failures) // it only seemed to be one that came about
	n.mu.Unlock()
	c.endpoint.refused(identity.OutcomeOf(alert), tls.ConnectionState{}, alert)
	return true
}

// announceTime bounds the writing of a header: an empty socket takes it at once.
const announceTime = time.Second

// announce sends the header that tells of a client.
func announce(nc net.Conn, version string, c Client) bool {
	number := 1
	if version == "v2" {
		number = 2
	}
	_ = nc.SetWriteDeadline(time.Now().Add(announceTime))
	_, err := nc.Write(proxyproto.Append(nil, number, proxyproto.Header{Source: c.From, Destination: c.To}))
	_ = nc.SetWriteDeadline(time.Time{})
	return err == nil
}

// breaker interrupts a handshake, and nothing that comes after it.
type breaker struct {
	conn *wire.Conn
	mu   sync.Mutex
	over bool
}

func (b *breaker) interrupt() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over {
		b.conn.Interrupt(true, true)
	}
}

func (b *breaker) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
}
