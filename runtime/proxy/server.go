// Package proxy is the HTTP/1.1 engine: it parses what clients send, finds the
// route, runs its filters, relays the exchange with the upstream and accounts for
// it. One goroutine serves one connection in straight-line code (README.md).
package proxy

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

// Config is what an engine is made of. Snapshots is required; the rest has
// defaults.
type Config struct {
	// Snapshots is the pointer that requests take their snapshot from; before the
	// first one they are answered 503 no-bundle.
	Snapshots *snapshot.Holder
	// Sink receives one record a request; nil drops them.
	Sink telemetry.Sink
	// Handshakes counts those of ServeTLS; nil counts them for nobody.
	Handshakes *telemetry.Handshakes
	// Guard counts what the engine's defences do; nil counts for nobody.
	Guard *telemetry.Guard
	// Log receives what belongs to no request; nil discards it.
	Log    *slog.Logger
	Limits Limits
	// TrustedProxies are the peers whose X-Forwarded-* fields are believed.
	TrustedProxies []netip.Prefix
	// TrustUnix makes all whose connection is a Unix socket trusted proxies too.
	TrustUnix bool
	// Dev adds the response fields x-lintel-route, x-lintel-bundle and, when one was
	// picked, x-lintel-upstream.
	Dev bool
	// DrainRate is how many upgraded connections a second a swap ends of routes with
	// onRouteChange: drain, and a drain of the server where its time allows (100): clients
	// that come again at once would be a storm.
	DrainRate int
	// DrainGrace is how long a drain waits for the next request of an idle connection,
	// to answer it with Connection: close, before it closes the connection (500ms, and
	// no more than half of the time that the drain has). A request that crosses a
	// close on the way is lost, which Connection: close prevents.
	DrainGrace time.Duration
}

// Limits bound what a client may use. A zero field means its default, given in
// parentheses.
type Limits struct {
	// RequestLineBytes bounds the request line (8 KiB): 414 above it.
	RequestLineBytes int
	// HeadBytes bounds a head, of requests and of responses (64 KiB): 431 above it.
	HeadBytes int
	// Fields bounds the fields of a head (128): 431 above it.
	Fields int
	// BodyBytes bounds a request body (0: no bound): 413 above it.
	BodyBytes int64
	// Connections bounds the open client connections (0: no bound).
	Connections int
	// ConnectionsPerSource bounds those of one client address, of IPv6 those of its /64
	// (0: no bound). Trusted proxies and peers without an address are not counted.
	ConnectionsPerSource int
	// HeaderTimeout bounds the time from a head's first byte to its last (10s): 408.
	HeaderTimeout time.Duration
	// Streams bounds the open streams of one connection of HTTP/2 (128).
	Streams int
	// IdleTimeout bounds the time between two requests of a connection (75s).
	IdleTimeout time.Duration
	// BodyTimeout bounds the silence inside a request body, and the time in which a
	// client takes no byte of a response (60s).
	BodyTimeout time.Duration
	// BodyRate is the least speed of a client, in bytes a second (0: no bound): it may keep
	// the gateway waiting for BodyTimeout in one body, and for a second more with every so
	// many bytes that it sends or takes. A request whose response has begun is not judged.
	BodyRate int
}

func (l Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	span := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.RequestLineBytes, 8<<10)
	def(&l.HeadBytes, 64<<10)
	def(&l.Fields, 128)
	def(&l.Streams, 128)
	span(&l.HeaderTimeout, 10*time.Second)
	span(&l.IdleTimeout, 75*time.Second)
	span(&l.BodyTimeout, 60*time.Second)
	return l
}

// Server is the engine. It serves any number of listeners.
type Server struct {
	cfg     Config
	lim     Limits
	base    time.Time
	h2pool  h2.Pool
	streams sync.Pool // sessions of streams
	pipes   pipePool
	works   works

	draining atomic.Bool
	closing  atomic.Bool // draining, and idle connections are closed
	open     atomic.Int64
	ending   atomic.Int64 // when the next upgraded connection may end
	refusing atomic.Int64 // connections that are told of a limit
	panicLog atomic.Int64 // when a panic was last logged
	sources  *sources     // nil: there is no limit for a source
	next     atomic.Uint32
	shards   [sweepShards]sweepShard
	date     atomic.Pointer[string]
	wall     atomic.Int64 // of base by the present clock, in Unix nanoseconds

	mu        sync.Mutex
	listeners map[io.Closer]struct{}
	sweeping  bool
	stop      chan struct{}
	sessions  sync.WaitGroup
}

// New makes an engine.
func New(cfg Config) *Server {
	if cfg.DrainRate <= 0 {
		cfg.DrainRate = 100
	}
	if cfg.DrainGrace <= 0 {
		cfg.DrainGrace = 500 * time.Millisecond
	}
	if cfg.Handshakes == nil {
		cfg.Handshakes = &telemetry.Handshakes{}
	}
	if cfg.Guard == nil {
		cfg.Guard = &telemetry.Guard{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, lim: cfg.Limits.withDefaults(), base: time.Now(), listeners: map[io.Closer]struct{}{}, stop: make(chan struct{})}
	s.sources = newSources(s.lim.ConnectionsPerSource)
	s.stamp(s.base)
	for i := range s.shards {
		s.shards[i].soonest.Store(never)
	}
	return s
}

// now is the time since the server was made, in nanoseconds, monotonic.
func (s *Server) now() int64 { return int64(time.Since(s.base)) }

// clock is the time of day that belongs to a time of now.
func (s *Server) clock(now int64) time.Time { return time.Unix(0, s.wall.Load()+now) }

// Connections is how many client connections are open.
func (s *Server) Connections() int64 { return s.open.Load() }

func (s *Server) serve(ctx context.Context, ln net.Listener, from *intake) error {
	s.mu.Lock()
	if s.draining.Load() {
		s.mu.Unlock()
		return ln.Close()
	}
	// The loop counts as a session: what it accepted as a drain began is served too.
	s.sessions.Add(1)
	defer s.sessions.Done()
	s.listeners[ln] = struct{}{}
	s.startSweep()
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, ln)
		s.mu.Unlock()
		_ = ln.Close()
	}()
	defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
	for pause := time.Duration(0); ; {
		nc, err := ln.Accept()
		if err == nil {
			pause = 0
			s.accept(nc, from)
			continue
		}
		if ctx.Err() != nil || s.draining.Load() {
			return nil
		}
		var ne net.Error
		if !errors.As(err, &ne) || errors.Is(err, net.ErrClosed) {
			return err
		}
		// Out of descriptors, most likely: taking a breath beats spinning or dying.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.cfg.Log.Warn("accept failed", slog.Any("error", err), slog.Duration("retry_in", pause))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// startSweep starts the sweeper, once; s.mu is held.
func (s *Server) startSweep() {
	if !s.sweeping {
		s.sweeping = true
		go s.sweep()
	}
}

func (s *Server) accept(nc net.Conn, from *intake) {
	s.sessions.Add(1)
	full := s.full(from)
	c := newSession(s, nc, s.next.Add(1), from)
	s.shard(c).add(c)
	go c.run(full)
}

// Drain stops accepting, answers requests in flight and those that still come on
// idle connections with Connection: close, closes the connections that stay idle,
// and waits for the rest. When ctx ends, what is left is cut off and ctx's error
// returned.
func (s *Server) Drain(ctx context.Context) error {
	s.mu.Lock()
	first := !s.draining.Swap(true)
	for ln := range s.listeners {
		_ = ln.Close()
	}
	s.mu.Unlock()
	s.each(func(c *session) {
		if h := c.carrier.Load(); h != nil {
			(*h).GoAway()
		}
	})
	done := make(chan struct{})
	go func() { s.sessions.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	case <-time.After(s.grace(ctx)):
		s.closing.Store(true)
		s.each(func(c *session) { c.startDrain() })
		s.endTunnels(ctx)
	}
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = ctx.Err()
		s.each(func(c *session) { c.cut() })
		<-done
	}
	if first {
		close(s.stop)
		s.pipes.close()
	}
	return err
}

// grace is the DrainGrace of a drain with ctx.
func (s *Server) grace(ctx context.Context) time.Duration {
	grace := s.cfg.DrainGrace
	if end, bounded := ctx.Deadline(); bounded {
		grace = min(grace, time.Until(end)/2)
	}
	return grace
}

func (s *Server) trusted(a netip.Addr) bool {
	return (&Peers{s.cfg.TrustedProxies, s.cfg.TrustUnix}).has(a)
}
