package runtime

import (
	"context"
	"log/slog"
	"net"

	"github.com/lintel-gateway/lintel/runtime/proxy"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

// engine answers requests; *proxy.Server is one.
type engine interface {
	// Serve accepts connections until Drain begins or ctx ends.
	Serve(ctx context.Context, ln net.Listener) error
	// Drain stops accepting and ends what is in flight; what is left when ctx ends
	// is cut, and ctx's error returned.
	Drain(ctx context.Context) error
	// Swapped is told of each new table, for the upgraded connections.
	Swapped(s *snapshot.Snapshot)
	// Connections is how many client connections are open.
	Connections() int64
}

// engineMaker makes the engine of a gateway.
type engineMaker func(Config, *snapshot.Holder, telemetry.Sink, *slog.Logger) engine

// newEngine makes the HTTP/1.1 engine.
func newEngine(cfg Config, snapshots *snapshot.Holder, sink telemetry.Sink, log *slog.Logger) engine {
	l := cfg.Boot.Limits
	return proxy.New(proxy.Config{
		Snapshots: snapshots, Sink: sink, Log: log, Dev: cfg.Dev, TrustedProxies: cfg.Boot.Networks(),
		Limits: proxy.Limits{
			RequestLineBytes: l.RequestLineBytes, HeadBytes: l.HeadBytes, Fields: l.Fields, BodyBytes: l.BodyBytes, Connections: l.Connections,
			HeaderTimeout: l.HeaderTimeout.D(), IdleTimeout: l.IdleTimeout.D(), BodyTimeout: l.BodyTimeout.D(),
		},
	})
}
