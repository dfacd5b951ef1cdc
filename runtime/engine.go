package runtime

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/proxy"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
)

// engine answers requests; *proxy.Server is one.
type engine interface {
	// ServeListener accepts connections from the sockets of a listener until Drain begins
	// or ctx ends.
	ServeListener(ctx context.Context, l proxy.Listener, sockets ...net.Listener) error
	// Open opens a door for connections that another package carries.
	Open(ctx context.Context, l proxy.Listener, stop func()) *proxy.Door
	// Drain stops accepting and ends what is in flight; what is left when ctx ends
	// is cut, and ctx's error returned.
	Drain(ctx context.Context) error
	// Swapped is told of each new table, for the upgraded connections.
	Swapped(s *snapshot.Snapshot)
	// Connections is how many client connections are open.
	Connections() int64
}

// engineMaker makes the engine of a gateway.
type engineMaker func(Config, *snapshot.Holder, *sinks, *slog.Logger) engine

// newEngine makes the HTTP/1.1 engine.
func newEngine(cfg Config, snapshots *snapshot.Holder, s *sinks, log *slog.Logger) engine {
	networks, unix := cfg.Boot.Trusted()
	return proxy.New(proxy.Config{
		Snapshots: snapshots, Sink: s.all, Handshakes: &s.metrics.Handshakes, Guard: &s.metrics.Guard,
		DrainRate: cfg.Boot.Drain.Rate, Log: log, Dev: cfg.Dev, TrustedProxies: networks, TrustUnix: unix, Limits: limits(cfg.Boot.Limits),
	})
}

func limits(l boot.Limits) proxy.Limits {
	return proxy.Limits{
		RequestLineBytes: l.RequestLineBytes, HeadBytes: l.HeadBytes, Fields: l.Fields, Streams: l.Streams, BodyBytes: l.BodyBytes,
		Connections: l.Connections, ConnectionsPerSource: l.ConnectionsPerSource,
		HeaderTimeout: l.HeaderTimeout.D(), IdleTimeout: l.IdleTimeout.D(), BodyTimeout: l.BodyTimeout.D(), BodyRate: l.BodyRate,
	}
}

// intake says how the engine takes the connections of a listener.
func (g *Gateway) intake(i int) proxy.Listener {
	l := &g.cfg.Boot.Listeners[i]
	out := proxy.Listener{HTTP2: l.TakesHTTP2()}
	switch l.EncodedSlash {
	case "reject":
		out.EncodedSlash = proxy.RejectSlash
	case "decode":
		out.EncodedSlash = proxy.DecodeSlash
	}
	if port := l.HTTP3Port; l.TakesHTTP3() {
		if port == 0 {
			port = g.traffic[i][0].Addr().(*net.TCPAddr).Port
		}
		out.AltSvc = fmt.Sprintf(`h3=":%d"; ma=86400`, port)
	}
	if l.Limits != nil {
		own := limits(*l.Limits)
		out.Limits = &own
	}
	if l.Announced() {
		networks, unix := g.cfg.Boot.ProxyProtocolPeers(l)
		out.ProxyProtocol = &proxy.Peers{Networks: networks, Unix: unix}
	}
	if store := g.certs[i]; store != nil {
		out.TLS = &proxy.TLS{Config: store.Config, HandshakeTimeout: l.TLS.HandshakeTimeout.D()}
	}
	return out
}
