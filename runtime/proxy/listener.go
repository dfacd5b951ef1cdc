package proxy

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

// Listener says how a listener takes connections. The zero value takes plain ones
// within the engine's limits.
type Listener struct {
	// TLS makes it take TLS connections only (nil: plain ones).
	TLS *TLS
	// HTTP2 makes it take HTTP/2 besides HTTP/1.1: with TLS from clients that agree to it
	// (ALPN, which the config of TLS must offer), without from those that begin with it
	// (RFC 9113 section 3.3).
	HTTP2 bool
	// AltSvc is the field alt-svc of every response (RFC 7838), in place of one of the
	// upstream's; "" leaves that.
	AltSvc string
	// Limits are those of its connections (nil: the engine's). Its Connections and
	// ConnectionsPerSource count the listener's own; the engine's count those of all
	// listeners, and both hold.
	Limits *Limits
	// EncodedSlash says what becomes of %2F in paths (KeepSlash).
	EncodedSlash EncodedSlash
	// ProxyProtocol are the peers whose connections begin with a header of the PROXY
	// protocol; anybody else's are refused (nil: no connection begins with one).
	ProxyProtocol *Peers
}

// Peers are those at the other end of connections.
type Peers struct {
	Networks []netip.Prefix
	// Unix are all whose connection is a Unix socket.
	Unix bool
}

// has tells whether a is one of them.
func (p *Peers) has(a netip.Addr) bool {
	if !a.IsValid() {
		return p.Unix
	}
	for _, n := range p.Networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// ServeListener accepts connections from the sockets of a listener until ctx ends, Drain
// begins or a socket fails; only the last is an error, and ends the others too. It closes
// the sockets and leaves their connections.
func (s *Server) ServeListener(ctx context.Context, l Listener, sockets ...net.Listener) error {
	from := s.intake(l)
	done := make(chan error, len(sockets))
	for _, ln := range sockets {
		go func() { done <- s.serve(ctx, ln, from) }()
	}
	var failed error
	for range sockets {
		if err := <-done; err != nil && failed == nil {
			failed = err
			for _, ln := range sockets {
				_ = ln.Close()
			}
		}
	}
	return failed
}

// intake is what the connections of a listener will have in common.
func (s *Server) intake(l Listener) *intake {
	from := &intake{lim: s.lim, announced: l.ProxyProtocol, http2: l.HTTP2, slash: l.EncodedSlash, altSvc: l.AltSvc}
	if l.Limits != nil {
		from.lim = l.Limits.withDefaults()
		from.own = newSources(from.lim.ConnectionsPerSource)
	}
	if l.TLS != nil {
		from.tls = &TLS{Config: l.TLS.Config, HandshakeTimeout: l.TLS.HandshakeTimeout}
		if from.tls.HandshakeTimeout <= 0 {
			from.tls.HandshakeTimeout = 10 * time.Second
		}
	}
	return from
}

// announce says where else the client may come.
func (c *session) announce() {
	if v := c.from.altSvc; v != "" {
		c.w.x.Response.Set("alt-svc", v)
	}
}

// Serve is ServeListener for plain connections within the engine's limits.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	return s.ServeListener(ctx, Listener{}, ln)
}

// ServeTLS is ServeListener for TLS connections within the engine's limits.
func (s *Server) ServeTLS(ctx context.Context, ln net.Listener, t TLS) error {
	return s.ServeListener(ctx, Listener{TLS: &t}, ln)
}

// intake is what the connections of a listener have in common.
type intake struct {
	lim    Limits
	tls    *TLS // nil for plain connections
	altSvc string
	open   atomic.Int64
	http2  bool
	slash  EncodedSlash
	own    *sources // nil: the listener has no limit of its own
	// announced are who begin with a PROXY header; nil: nobody does.
	announced *Peers
}

// maxRefusing is how many connections beyond a limit are told so at a time. Further
// ones are closed without a word, for each that is told holds buffers.
const maxRefusing = 256

// full counts a connection that was accepted and tells whether it is one too many.
func (s *Server) full(from *intake) bool {
	all, own := s.open.Add(1), from.open.Add(1)
	over := func(limit int, n int64) bool { return limit > 0 && n > int64(limit) }
	return over(s.lim.Connections, all) || over(from.lim.Connections, own)
}

// Where a connection is counted by its source.
const (
	countedByServer = 1 << iota
	countedByListener
)

// admit counts the connection by its source and tells whether there may be one more. A
// trusted proxy is many clients, and a peer without an address is none that could be told
// from others.
func (c *session) admit() bool {
	a := c.peer.Addr()
	if c.trusted || !a.IsValid() {
		return true
	}
	for _, one := range [...]struct {
		sources *sources
		bit     uint8
	}{{c.srv.sources, countedByServer}, {c.from.own, countedByListener}} {
		if one.sources == nil {
			continue
		}
		if !one.sources.take(a) {
			c.forget() // while it is told, it takes no other's place
			return false
		}
		c.counted |= one.bit
	}
	return true
}

// forget takes the connection out of the counts of its source.
func (c *session) forget() {
	if c.counted&countedByServer != 0 {
		c.srv.sources.give(c.peer.Addr())
	}
	if c.counted&countedByListener != 0 {
		c.from.own.give(c.peer.Addr())
	}
	c.counted = 0
}

// leave takes the connection out of all counts.
func (c *session) leave() {
	c.forget()
	c.from.open.Add(-1)
	c.srv.open.Add(-1)
}

// refuses counts a connection that is over a limit, and tells whether its client is to
// hear of it. Then the server's refusing is to be taken back.
func (c *session) refuses(why telemetry.Refusal) bool {
	c.srv.cfg.Guard.Refused(why)
	if c.srv.refusing.Add(1) <= maxRefusing {
		return true
	}
	c.srv.refusing.Add(-1)
	return false
}

// unixPeer stands in records for a client without an address.
const unixPeer = "unix"

// setPeer says who is at the other end; the zero value is a Unix socket.
func (c *session) setPeer(ap netip.AddrPort) {
	c.peer, c.peerText = ap, ""
	if a := ap.Addr(); a.IsValid() {
		c.peer = netip.AddrPortFrom(a.Unmap(), ap.Port())
		c.peerText = c.peer.Addr().String()
	}
	c.trusted = c.srv.trusted(c.peer.Addr())
}
