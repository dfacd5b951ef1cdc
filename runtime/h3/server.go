// Package h3 takes HTTP/3 from clients: QUIC connections on a UDP socket, whose streams are
// exchanges of the engine.
package h3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/lintel-gateway/lintel/runtime/proxy"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

const (
	// Windows of what a client may send before it is read, in bytes.
	streamWindow     = 256 << 10
	connectionWindow = 1 << 20
	// controlStreams are those that a client may open beside its requests: HTTP/3 has three.
	controlStreams = 16
	// unverified is how many handshakes may be under way before a client must show that its
	// address is its own (RFC 9000 section 8.1.2).
	unverified = 64
)

// Engine serves exchanges; *proxy.Server is one.
type Engine interface {
	Open(ctx context.Context, l proxy.Listener, stop func()) *proxy.Door
}

// Config says how a socket takes HTTP/3. TLS.Config of the listener is required.
type Config struct {
	Listener proxy.Listener
}

// server is one socket.
type server struct {
	tls     func() *tls.Config
	door    *proxy.Door
	lim     proxy.Limits
	local   netip.AddrPort
	retry   bool // every client shows that its address is its own
	begun   atomic.Int64
	visits  sync.WaitGroup
	derived atomic.Pointer[derived]
	buffers inputs
}

// Serve takes connections from pc until the engine drains, or ctx ends, and returns when
// the last of them has ended; only a socket that fails is an error. It closes pc.
func Serve(ctx context.Context, engine Engine, cfg Config, pc net.PacketConn) error {
	defer pc.Close()
	accepting, stop := context.WithCancel(ctx)
	defer stop()
	s := &server{tls: cfg.Listener.TLS.Config, local: addressOf(pc.LocalAddr())}
	s.door = engine.Open(ctx, cfg.Listener, stop)
	defer s.door.Close()
	s.lim = s.door.Limits()
	s.retry = s.lim.ConnectionsPerSource > 0
	// The sources are counted before the handshake: nobody shall be counted as another.
	transport := &quic.Transport{Conn: pc, ConnContext: s.greet, VerifySourceAddress: s.doubts}
	defer transport.Close()
	ln, err := transport.Listen(&tls.Config{MinVersion: tls.VersionTLS13, GetConfigForClient: s.configFor}, s.settings(cfg.Listener.TLS.HandshakeTimeout))
	if err != nil {
		return fmt.Errorf("HTTP/3 on %s: %w", pc.LocalAddr(), err)
	}
	for {
		qc, err := ln.Accept(accepting)
		if err != nil {
			_ = ln.Close() // handshakes that are under way end
			s.visits.Wait()
			if accepting.Err() == nil && !errors.Is(err, quic.ErrServerClosed) {
				return fmt.Errorf("HTTP/3 on %s: %w", pc.LocalAddr(), err)
			}
			return nil
		}
		v := qc.Context().Value(visitKey{}).(*visit)
		if v.settle() {
			go s.serve(qc, v)
		}
	}
}

// settings are those of a connection of QUIC.
func (s *server) settings(handshake time.Duration) *quic.Config {
	if handshake <= 0 {
		handshake = 10 * time.Second
	}
	return &quic.Config{
		// It is given up after twice this time.
		HandshakeIdleTimeout: handshake / 2,
		// The engine ends connections without requests; one whose client has vanished ends
		// by this, and one whose client waits does not.
		MaxIdleTimeout: s.lim.IdleTimeout, KeepAlivePeriod: s.lim.IdleTimeout / 3,
		InitialStreamReceiveWindow: streamWindow, MaxStreamReceiveWindow: streamWindow,
		InitialConnectionReceiveWindow: connectionWindow, MaxConnectionReceiveWindow: connectionWindow,
		MaxIncomingStreams: int64(s.lim.Streams), MaxIncomingUniStreams: controlStreams,
		// What comes before the handshake is done could be sent again by anybody.
		Allow0RTT: false,
	}
}

// doubts tells whether a client must show that its address is its own.
func (s *server) doubts(net.Addr) bool { return s.retry || s.begun.Load() >= unverified }

// visit is a connection from its first packet on.
type visit struct {
	guest   *proxy.Guest
	settled atomic.Bool // by whoever came first: the accept, or the end
}

type visitKey struct{}

func (v *visit) settle() bool { return v.settled.CompareAndSwap(false, true) }

var errFull = errors.New("too many connections")

// greet takes a connection in, or refuses it, before its handshake.
func (s *server) greet(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
	guest := s.door.Admit(addressOf(info.RemoteAddr), s.local)
	if guest == nil {
		return nil, errFull
	}
	v := &visit{guest: guest}
	s.begun.Add(1)
	s.visits.Add(1)
	context.AfterFunc(ctx, func() {
		if !v.settle() {
			return
		}
		s.begun.Add(-1)
		s.door.Handshook(failure(context.Cause(ctx)), 0)
		guest.Leave()
		s.visits.Done()
	})
	return context.WithValue(ctx, visitKey{}, v), nil
}

// serve serves a connection whose handshake is done.
func (s *server) serve(qc *quic.Conn, v *visit) {
	defer s.visits.Done()
	defer v.guest.Leave()
	s.begun.Add(-1)
	state := qc.ConnectionState().TLS
	end := telemetry.HandshakeFull
	if state.DidResume {
		end = telemetry.HandshakeResumed
	}
	s.door.Handshook(end, state.Version)
	newConn(s, qc, v.guest).serve(&state)
}

// addressOf is the address of a peer of UDP.
func addressOf(a net.Addr) netip.AddrPort {
	if u, ok := a.(*net.UDPAddr); ok {
		return u.AddrPort()
	}
	return netip.AddrPort{}
}
