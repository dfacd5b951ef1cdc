package runtime

import (
	"context"
	"log/slog"
	"net"

	"github.com/lintel-gateway/lintel/runtime/proxy"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
)

// engine answers requests; *proxy.Server is one.
type engine interface {
	// Serve accepts connections until Drain begins or ctx ends.
	Serve(ctx context.Context, ln net.Listener) error
	// ServeTLS is Serve for a listener of TLS connections.
	ServeTLS(ctx context.Context, ln net.Listener, t proxy.TLS) error
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
	l := cfg.Boot.Limits
	return proxy.New(proxy.Config{
		Snapshots: snapshots, Sink: s.all, Handshakes: &s.metrics.Handshakes, Log: log, Dev: cfg.Dev, TrustedProxies: cfg.Boot.Networks(),
		Limits: proxy.Limits{
			RequestLineBytes: l.RequestLineBytes, HeadBytes: l.HeadBytes, Fields: l.Fields, BodyBytes: l.BodyBytes, Connections: l.Connections,
			HeaderTimeout: l.HeaderTimeout.D(), IdleTimeout: l.IdleTimeout.D(), BodyTimeout: l.BodyTimeout.D(),
		},
	})
}
