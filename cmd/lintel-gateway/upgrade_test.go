//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
)

// request asks over a connection that is kept, or makes one. It returns the connection
// when it can be used again. Nothing is ever tried twice: each failure is one.
func request(nc net.Conn, in *bufio.Reader, network, address string) (net.Conn, *bufio.Reader, error) {
	if nc == nil {
		var err error
		if nc, err = net.Dial(network, address); err != nil {
			return nil, nil, err
		}
		in = bufio.NewReader(nc)
	}
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(nc, "GET / HTTP/1.1\r\nHost: h.example\r\n\r\n"); err != nil {
		return nil, nil, err
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || string(body) != "a" {
		return nil, nil, fmt.Errorf("%s %q %v", resp.Status, body, err)
	}
	if resp.Close {
		_ = nc.Close()
		return nil, nil, nil
	}
	return nc, in, nil
}

// load asks without a pause, over connections that are kept and over new ones.
func load(ctx context.Context, t *testing.T, network, address string, keep bool, count *atomic.Int64) {
	var nc net.Conn
	var in *bufio.Reader
	for ctx.Err() == nil {
		var err error
		if nc, in, err = request(nc, in, network, address); err != nil {
			t.Errorf("%s, kept %v, after %d requests: %v", network, keep, count.Load(), err)
			return
		}
		count.Add(1)
		if !keep && nc != nil {
			_ = nc.Close()
			nc = nil
		}
		time.Sleep(time.Millisecond)
	}
	if nc != nil {
		_ = nc.Close()
	}
}

// TestUpgrade replaces the process again and again under load. No request fails, the old
// processes end by themselves with 0, and those that cannot take over change nothing.
func TestUpgrade(t *testing.T) {
	upgrades := 4
	if testing.Short() {
		upgrades = 2
	}
	dir := t.TempDir()
	mount, socket, sock := filepath.Join(dir, "bundle"), filepath.Join(dir, "handover.sock"), filepath.Join(dir, "http.sock")
	k, err := runtimetest.NewKubeletWriter(mount)
	if err != nil {
		t.Fatal(err)
	}
	b := runtimetest.Answering(t, "h.example", "a")
	if err := k.Write(b.Files()); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("listeners: [{address: \"127.0.0.1:0\"}, {address: \"unix:%s\"}, {address: \"127.0.0.1:0\", reusePort: true}]\n", sock) +
		"accessLog: off\ndrain: {readinessDelay: 1m}\nhandover: " + socket + "\n"
	config := filepath.Join(dir, "gateway.yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--config", config, "--bundle", mount, "--state-dir", filepath.Join(dir, "state")}
	current := startPlain(t, args...)
	current.until("served", func(s status) bool { return s.Digest == b.Digest() })
	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	var count atomic.Int64
	for _, where := range [][2]string{{"tcp", current.listens[0]}, {"unix", sock}, {"tcp", current.listens[2]}} {
		for _, keep := range []bool{true, false} {
			clients.Go(func() { load(ctx, t, where[0], where[1], keep, &count) })
		}
	}
	for i := range upgrades {
		// One that has no bundle waits for it, and is killed while it does.
		dead := startPlain(t, "--config", config, "--bundle", filepath.Join(dir, "absent"))
		dead.kill()
		next := startPlain(t, args...)
		if next.admin != current.admin || next.listens[0] != current.listens[0] {
			t.Fatalf("%v %s became %v %s", current.listens, current.admin, next.listens, next.admin)
		}
		select {
		case <-current.drained:
		case <-time.After(40 * time.Second):
			t.Fatalf("upgrade %d: the old process goes on:\n%s\nthe new one says:\n%s", i, current.text(), next.text())
		}
		if err := current.cmd.Wait(); err != nil {
			t.Errorf("the old process ended with %v", err)
		}
		if !strings.Contains(current.text(), `"gateway stopped","cut":false`) || !strings.Contains(next.text(), "gateway has taken over") {
			t.Errorf("upgrade %d: the old one said\n%s\nthe new one said\n%s", i, current.text(), next.text())
		}
		current = next
		current.until("served", func(s status) bool { return s.Digest == b.Digest() })
	}
	// One that cannot even start ends with 1.
	if err := os.WriteFile(config, []byte(text+"secretsDir: [1]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := run(args, io.Discard, io.Discard); code != 1 {
		t.Errorf("a bad config ends with %d", code)
	}
	before := count.Load()
	for end := time.Now().Add(20 * time.Second); count.Load() < before+50 && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	clients.Wait()
	t.Logf("%d requests over %d upgrades", count.Load(), upgrades)
	if count.Load() < before+50 {
		t.Error("there was no load at the end")
	}
	if err := os.WriteFile(config, []byte(strings.Replace(text, "1m", "0s", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	// A process that was killed leaves the files of its sockets, which is no obstacle.
	current.kill()
	current = startPlain(t, args...)
	current.until("served", func(s status) bool { return s.Digest == b.Digest() })
	if err := current.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-current.drained
	if err := current.cmd.Wait(); err != nil {
		t.Error(err)
	}
	for _, path := range []string{socket, sock} {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s is left", path)
		}
	}
}
