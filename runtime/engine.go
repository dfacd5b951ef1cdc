package runtime

import (
	"context"
	"log/slog"
	"net"

	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

// engine answers requests.
type engine interface {
	Serve(ctx context.Context, ln net.Listener) error
	Drain(ctx context.Context) error
	Swapped(s *snapshot.Snapshot)
	Connections() int64
}

// engineMaker makes the engine of a gateway.
type engineMaker func(Config, *snapshot.Holder, telemetry.Sink, *slog.Logger) engine

// newEngine makes the engine. Until the HTTP/1.1 engine is linked it closes every
// connection.
func newEngine(Config, *snapshot.Holder, telemetry.Sink, *slog.Logger) engine {
	return &closed{done: make(chan struct{})}
}

type closed struct{ done chan struct{} }

func (c *closed) Serve(_ context.Context, ln net.Listener) error {
	go func() { <-c.done; _ = ln.Close() }()
	for {
		nc, err := ln.Accept()
		if err != nil {
			return nil
		}
		_ = nc.Close()
	}
}

func (c *closed) Drain(context.Context) error { close(c.done); return nil }

func (c *closed) Swapped(*snapshot.Snapshot) {}

func (c *closed) Connections() int64 { return 0 }
