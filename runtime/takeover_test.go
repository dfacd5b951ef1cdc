//go:build linux

package runtime

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/runtimetest"
)

// TestTakeoverWithoutBundle: a process that gets no bundle into service ends, and the one
// before goes on, with its Unix sockets too.
func TestTakeoverWithoutBundle(t *testing.T) {
	dir := t.TempDir()
	var config boot.Config
	r := start(t, func(b *boot.Config) {
		b.Handover = filepath.Join(dir, "handover")
		b.Listeners = append(b.Listeners, boot.Listener{Address: "unix:" + filepath.Join(dir, "http")})
		config = *b
	})
	r.write(runtimetest.Answering(t, "h.example", "a"))
	config.Bundle.Dir = filepath.Join(dir, "absent")
	for range 2 {
		next, err := New(Config{Boot: config})
		if err != nil {
			t.Fatal(err)
		}
		next.patience = 50 * time.Millisecond
		if err := next.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "no bundle came into service within 50ms") {
			t.Errorf("got %v", err)
		}
	}
	if code, body := r.get("/-/ready"); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	for _, address := range r.g.Addresses() {
		network := "tcp"
		if path, ok := strings.CutPrefix(address, "unix:"); ok {
			network, address = "unix", path
		}
		nc, err := net.Dial(network, address)
		if err != nil {
			t.Fatal(err)
		}
		_ = nc.Close()
	}
}
