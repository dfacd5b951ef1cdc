package runtime_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/listen"
	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/gatewaytest"
)

// TestSockets: a gateway serves on a Unix socket with the permissions of the boot config,
// and on a port that several sockets share; its limits count for all of them.
func TestSockets(t *testing.T) {
	dir := t.TempDir() + "/bundle"
	if err := runtimetest.Answering(t, "h.example", "a").WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "http.sock")
	one := boot.Default().Limits
	one.Connections = 1
	g, stop := gatewaytest.Start(t, dir, func(c *boot.Config) {
		c.Listeners = []boot.Listener{
			{Address: listen.UnixPrefix + path, Mode: 0o600},
			{Address: "127.0.0.1:0", ReusePort: true},
			{Address: "127.0.0.1:0", ReusePort: true, Limits: &one},
		}
	})
	addresses := g.Addresses()
	if addresses[0] != listen.UnixPrefix+path {
		t.Errorf("listens on %v", addresses)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	ask := func(network, address, more string) string {
		nc, err := net.Dial(network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
		_, _ = io.WriteString(nc, "GET / HTTP/1.1\r\nHost: h.example\r\n"+more+"\r\n")
		if more == "" {
			got := make([]byte, 12)
			_, _ = io.ReadFull(nc, got)
			return string(got)
		}
		b, _ := io.ReadAll(nc)
		return string(b)
	}
	const last = "Connection: close\r\n"
	for end := time.Now().Add(20 * time.Second); strings.Contains(ask("unix", path, last), " 503 ") && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	for range 4 * goruntime.GOMAXPROCS(0) {
		if got := ask("unix", path, last); !strings.Contains(got, " 200 ") {
			t.Fatalf("got %q", got)
		}
		if got := ask("tcp", addresses[1], last); !strings.Contains(got, " 200 ") {
			t.Fatalf("got %q", got)
		}
	}
	if got := ask("tcp", addresses[2], ""); !strings.Contains(got, " 200") {
		t.Fatalf("got %q", got)
	}
	for range 4 * goruntime.GOMAXPROCS(0) {
		if got := ask("tcp", addresses[2], last); !strings.Contains(got, " 503 ") {
			t.Fatalf("beyond the limit: got %q", got)
		}
	}
	stop()
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket's file is left")
	}
}
