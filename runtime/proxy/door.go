package proxy

import (
	"context"
	"crypto/x509"
	"net/netip"
	"sync"
	"time"

	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

// Carrier is a connection that carries streams.
type Carrier interface {
	// GoAway tells the client to open no more streams. Called again, it also ends the
	// connection once it has none. It does not wait.
	GoAway()
	// Interrupt ends the connection now. It does not wait.
	Interrupt()
	// Idle is the time since the last stream ended; 0 while there is one.
	Idle() time.Duration
}

// Door is where connections come in that another package carries, such as those of QUIC.
// They are within the limits of its listener, and a drain of the engine ends them.
type Door struct {
	srv  *Server
	from *intake
	stop func()
	once sync.Once
}

// Open opens a door, of which l.TLS says no more than the time of a handshake. stop is
// called once, when nobody may come in any more: as a drain begins, or ctx ends. The
// caller closes the door after the last of its guests has left.
func (s *Server) Open(ctx context.Context, l Listener, stop func()) *Door {
	d := &Door{srv: s, from: s.intake(l), stop: sync.OnceFunc(stop)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		d.once.Do(func() {}) // it counts for nothing
		d.stop()
		return d
	}
	s.sessions.Add(1)
	s.listeners[shut{d}] = struct{}{}
	s.startSweep()
	context.AfterFunc(ctx, d.stop)
	return d
}

// shut is a door as something to close when a drain begins.
type shut struct{ d *Door }

// Close stops who comes in.
func (s shut) Close() error {
	s.d.stop()
	return nil
}

// Close ends the door.
func (d *Door) Close() {
	d.once.Do(func() {
		d.srv.mu.Lock()
		delete(d.srv.listeners, shut{d})
		d.srv.mu.Unlock()
		d.srv.sessions.Done()
	})
}

// Limits are those of the door's connections.
func (d *Door) Limits() Limits { return d.from.lim }

// Handshook counts a handshake.
func (d *Door) Handshook(end telemetry.Handshake, version uint16) {
	d.srv.cfg.Handshakes.Done(end, version)
}

// Guest is a client's connection that has come in by a door.
type Guest struct{ c *session }

// Admit counts a connection that begins; nil when it is one too many, which is counted as
// such.
func (d *Door) Admit(peer, local netip.AddrPort) *Guest {
	s := d.srv
	full := s.full(d.from)
	c := &session{srv: s, shard: s.next.Add(1), from: d.from, lim: &d.from.lim, scheme: "https", local: local, ended: s.now()}
	c.phase.Store(uint32(phaseStreams))
	c.setPeer(peer)
	why := telemetry.RefusedConnections
	if !full && !c.admit() {
		full, why = true, telemetry.RefusedSource
	}
	if full {
		s.cfg.Guard.Refused(why)
		c.leave()
		return nil
	}
	s.shard(c).add(c)
	return &Guest{c}
}

// Carry says what carries the guest's streams, once its handshake is done, and its
// certificate; nil for none.
func (g *Guest) Carry(conn Carrier, cert *x509.Certificate) {
	c := g.c
	if cert != nil {
		c.identity = certificateOf(cert)
	}
	c.carry(conn)
	switch {
	case c.flags.Load()&flagCut != 0:
		conn.Interrupt()
	case c.srv.draining.Load():
		conn.GoAway()
	default:
		c.srv.shard(c).due(c.srv.now() + int64(c.lim.IdleTimeout))
	}
}

// carry says what carries the session's streams.
func (c *session) carry(conn Carrier) { c.carrier.Store(&conn) }

// Serve serves the exchange of a stream of HTTP/3, to its end. Whatever is wrong with it is
// the stream's alone.
func (g *Guest) Serve(st Stream, h *h2.Head) {
	g.c.srv.serveStream(g.c, st, h, "HTTP/3", "3 lintel")
}

// Leave ends the guest, when none of its streams is served any more.
func (g *Guest) Leave() {
	g.c.srv.shard(g.c).remove(g.c)
	g.c.leave()
}
