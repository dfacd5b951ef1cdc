// Package gatewaytest runs a whole gateway inside a test.
package gatewaytest

import (
	"context"
	"sync"
	"testing"

	"github.com/lintel-gateway/lintel/runtime"
	"github.com/lintel-gateway/lintel/runtime/boot"
)

// Start runs a gateway in its development mode on the bundle in dir, at free ports of
// the loopback, without an access log. Set, which may be nil, changes the boot config
// before. Stop drains it and reports how it ended; it is called at the end of the test
// in any case.
func Start(t testing.TB, dir string, set func(*boot.Config)) (g *runtime.Gateway, stop func()) {
	t.Helper()
	cfg := runtime.Config{Boot: boot.Default(), Dev: true, Version: "test"}
	cfg.Boot.Listeners = []boot.Listener{{Address: "127.0.0.1:0"}}
	cfg.Boot.Admin.Address = "127.0.0.1:0"
	cfg.Boot.Bundle.Dir = dir
	cfg.Boot.AccessLog = "off"
	if set != nil {
		set(&cfg.Boot)
	}
	g, err := runtime.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("gateway: %v", err)
		}
	})
	t.Cleanup(stop)
	return g, stop
}
