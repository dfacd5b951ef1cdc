package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/proxy"
	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// fake is an engine that answers every connection with the digest it would serve
// from, and tells what is asked of it.
type fake struct {
	holder  *snapshot.Holder
	sink    telemetry.Sink
	swapped chan string
	// drain is called by Drain.
	drain func(ctx context.Context) error

	mu        sync.Mutex
	listeners []net.Listener
}

func (f *fake) ServeListener(_ context.Context, _ proxy.Listener, sockets ...net.Listener) error {
	ln := sockets[0]
	f.mu.Lock()
	f.listeners = append(f.listeners, ln)
	f.mu.Unlock()
	for {
		nc, err := ln.Accept()
		if err != nil {
			return nil
		}
		digest := ""
		if s := f.holder.Acquire(1); s != nil {
			digest = s.Digest
			s.Release(1)
		}
		f.sink.Done(1, &telemetry.Record{Start: time.Now(), Path: "/served", Bundle: digest, Status: 200})
		_, _ = io.WriteString(nc, digest)
		_ = nc.Close()
	}
}

func (f *fake) Open(context.Context, proxy.Listener, func()) *proxy.Door { return nil }

func (f *fake) Drain(ctx context.Context) error {
	f.mu.Lock()
	for _, ln := range f.listeners {
		_ = ln.Close()
	}
	f.mu.Unlock()
	return f.drain(ctx)
}

func (f *fake) Swapped(s *snapshot.Snapshot) { f.swapped <- s.Digest }

func (f *fake) Connections() int64 { return 0 }

type rig struct {
	t      *testing.T
	g      *Gateway
	f      *fake
	kube   *runtimetest.KubeletWriter
	cancel context.CancelFunc
	done   chan error
	access string
}

func start(t *testing.T, change func(*boot.Config)) *rig {
	t.Helper()
	dir := t.TempDir()
	r := &rig{t: t, done: make(chan error, 1), access: filepath.Join(dir, "access.jsonl")}
	b := boot.Default()
	b.Bundle.Dir = filepath.Join(dir, "mount")
	b.Listeners = []boot.Listener{{Address: "127.0.0.1:0"}, {Address: "127.0.0.1:0"}}
	b.Admin.Address = "127.0.0.1:0"
	b.AccessLog = r.access
	if change != nil {
		change(&b)
	}
	var err error
	if r.kube, err = runtimetest.NewKubeletWriter(b.Bundle.Dir); err != nil {
		t.Fatal(err)
	}
	r.g, err = assemble(Config{Boot: b, Version: "test"}, func(_ Config, h *snapshot.Holder, s *sinks, _ *slog.Logger) engine {
		r.f = &fake{holder: h, sink: s.all, swapped: make(chan string, 100), drain: func(context.Context) error { return nil }}
		return r.f
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.g.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() { r.done <- r.g.Run(ctx) }()
	t.Cleanup(func() { r.stop() })
	return r
}

func (r *rig) stop() {
	r.cancel()
	if err, ok := <-r.done; ok {
		close(r.done)
		if err != nil {
			r.t.Error(err)
		}
	}
}

func (r *rig) write(b *bundle.Bundle) {
	r.t.Helper()
	if err := r.kube.Write(b.Files()); err != nil {
		r.t.Fatal(err)
	}
	select {
	case got := <-r.f.swapped:
		if got != b.Digest() {
			r.t.Fatalf("swapped to %s, want %s", got, b.Digest())
		}
	case <-time.After(10 * time.Second):
		r.t.Fatal("no swap came")
	}
}

func (r *rig) get(path string) (int, string) {
	r.t.Helper()
	resp, err := http.Get("http://" + r.g.AdminAddress() + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestSwapsWhenTheMountChanges(t *testing.T) {
	r := start(t, nil)
	code, body := r.get("/-/ready")
	for late := time.Now().Add(20 * time.Second); strings.Contains(body, "no bundle has been loaded yet") && time.Now().Before(late); {
		time.Sleep(5 * time.Millisecond)
		code, body = r.get("/-/ready")
	}
	if code != 503 || !strings.Contains(body, "bundle-empty") {
		t.Errorf("before the first bundle: %d %s", code, body)
	}
	for _, text := range []string{"a", "b", "c"} {
		b := runtimetest.Answering(t, "h.example", text)
		r.write(b)
		if code, body := r.get("/-/ready"); code != 200 || !strings.Contains(body, b.Digest()) {
			t.Errorf("%s: %d %s", text, code, body)
		}
		for _, address := range r.g.Addresses() {
			nc, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(nc); err != nil || string(got) != b.Digest() {
				t.Errorf("%s serves %s %v", address, got, err)
			}
			_ = nc.Close()
		}
	}
	_, metrics := r.get("/metrics")
	for _, want := range []string{"lintel_swaps_total 3", "lintel_reload_success 1", `lintel_requests_total{code="200",domain=""} 6`, "go_goroutines", "lintel_build_info{"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	r.stop()
	data, err := os.ReadFile(r.access)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	if len(lines) != 6 {
		t.Errorf("%d lines in the access log, want 6", len(lines))
	}
	for _, l := range lines {
		var v struct{ Path, Bundle string }
		if err := json.Unmarshal(l, &v); err != nil || v.Path != "/served" || !strings.HasPrefix(v.Bundle, "sha256:") {
			t.Errorf("access log: %s", l)
		}
	}
}

func TestStopsInOrder(t *testing.T) {
	r := start(t, func(b *boot.Config) {
		b.Drain.ReadinessDelay = boot.Duration(200 * time.Millisecond)
		b.Drain.Timeout = boot.Duration(300 * time.Millisecond)
	})
	r.write(runtimetest.Answering(t, "h.example", "a"))
	begin := time.Now()
	var drained time.Duration
	r.f.drain = func(ctx context.Context) error {
		drained = time.Since(begin)
		if code, body := r.get("/-/ready"); code != 503 || !strings.Contains(body, "stopping") {
			t.Errorf("ready while draining: %d %s", code, body)
		}
		if code, _ := r.get("/-/live"); code != 200 {
			t.Errorf("live while draining: %d", code)
		}
		<-ctx.Done()
		return ctx.Err()
	}
	r.cancel()
	for late := time.Now().Add(10 * time.Second); !r.g.draining.Load() && time.Now().Before(late); {
		time.Sleep(time.Millisecond)
	}
	// In the readiness delay new connections are still taken.
	nc, err := net.Dial("tcp", r.g.Addresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(nc); len(got) == 0 {
		t.Error("a connection in the readiness delay was not answered")
	}
	_ = nc.Close()
	r.stop()
	if drained < 200*time.Millisecond {
		t.Errorf("drained after %v, before the readiness delay was over", drained)
	}
	if _, err := net.Dial("tcp", r.g.AdminAddress()); err == nil {
		t.Error("the admin listener is still open")
	}
}

func TestBusyPortIsASentence(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	b := boot.Default()
	b.Bundle.Dir, b.AccessLog, b.Admin.Address = t.TempDir(), "off", "127.0.0.1:0"
	b.Listeners = []boot.Listener{{Address: ln.Addr().String()}}
	g, err := New(Config{Boot: b})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot listen on "+ln.Addr().String()) {
		t.Errorf("got %v", err)
	}
}

func TestBadConfig(t *testing.T) {
	for name, change := range map[string]func(*boot.Config){
		"no bundle":  func(b *boot.Config) { b.Bundle.Dir = "" },
		"access log": func(b *boot.Config) { b.AccessLog = "/nowhere/at/all/access.log" },
		"dial":       func(b *boot.Config) { b.Dial = map[string]string{"a:1": "b:1"} },
	} {
		b := boot.Default()
		b.Bundle.Dir, b.AccessLog = "x", "off"
		change(&b)
		if _, err := New(Config{Boot: b}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
