package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

// also opens another listener of the engine and returns its address.
func also(t *testing.T, g *gateway, l Listener) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accept(t, g, ln, l)
	return ln.Addr().String()
}

func accept(t *testing.T, g *gateway, ln net.Listener, l Listener) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- g.srv.ServeListener(context.Background(), l, ln) }()
	t.Cleanup(func() {
		_ = ln.Close()
		<-done
	})
}

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

// keepOpen makes a request and leaves the connection open.
func keepOpen(t *testing.T, addr string) net.Conn {
	t.Helper()
	nc := dial(t, addr)
	_, _ = io.WriteString(nc, get)
	got := make([]byte, 12)
	if _, err := io.ReadFull(nc, got); err != nil || string(got) != "HTTP/1.1 200" {
		t.Fatalf("%s: got %q, %v", addr, got, err)
	}
	return nc
}

// until waits for what comes about soon.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never %s", what)
		}
	}
}

func TestListenerLimits(t *testing.T) {
	own := Limits{BodyBytes: 3, Fields: 2, Connections: 1}
	g := newGateway(t, newRecorder(t, ok2).addr, Config{Limits: Limits{BodyBytes: 5}}, nil)
	addr := also(t, g, Listener{Limits: &own})
	post := "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd"
	fields := "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n"
	for _, c := range []struct{ addr, raw, want string }{
		{g.addr, post, "200"}, {addr, post, "413"}, {g.addr, fields, "200"}, {addr, fields, "431"},
	} {
		if got := ask(t, c.addr, c.raw); !strings.HasPrefix(got, "HTTP/1.1 "+c.want) {
			t.Errorf("%s at %s: got %q, want %s", c.raw, c.addr, got, c.want)
		}
	}
	until(t, "empty", func() bool { return g.srv.Connections() == 0 })
	held := keepOpen(t, addr)
	if got := ask(t, addr, get); !strings.HasPrefix(got, "HTTP/1.1 503") {
		t.Errorf("beyond the listener's limit: %q", got)
	}
	if got := ask(t, g.addr, get); !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Errorf("the other listener: %q", got)
	}
	_ = held.Close()
	until(t, "served again", func() bool { return strings.HasPrefix(ask(t, addr, get), "HTTP/1.1 200") })
}

func TestConnectionsPerSource(t *testing.T) {
	guard := &telemetry.Guard{}
	g := newGateway(t, newRecorder(t, ok2).addr, Config{Guard: guard, Limits: Limits{ConnectionsPerSource: 2}}, nil)
	one := also(t, g, Listener{Limits: &Limits{ConnectionsPerSource: 1}})
	first := keepOpen(t, one)
	refused := func(addr string) {
		t.Helper()
		if got := ask(t, addr, get); !strings.HasPrefix(got, "HTTP/1.1 503") || !strings.Contains(got, reason.TooManyConnections.String()) {
			t.Errorf("beyond the limit: %q", got)
		}
	}
	refused(one)
	told := dial(t, one) // told, and not gone: it takes nobody's place
	defer told.Close()
	if got, err := bufio.NewReader(told).ReadString(' '); err != nil || got != "HTTP/1.1 " {
		t.Fatalf("got %q, %v", got, err)
	}
	second := keepOpen(t, g.addr)
	refused(g.addr)
	if n := guard.Refusals(telemetry.RefusedSource); n != 3 {
		t.Errorf("%d connections were counted as refused, want 3", n)
	}
	_, _ = first.Close(), second.Close()
	until(t, "served again", func() bool { return strings.HasPrefix(ask(t, one, get), "HTTP/1.1 200") })
	for i := range g.srv.sources.shards {
		h := &g.srv.sources.shards[i]
		until(t, "forgotten", func() bool {
			h.mu.Lock()
			defer h.mu.Unlock()
			return len(h.open) == 0
		})
	}
}

// A trusted proxy stands for many clients.
func TestTrustedProxyIsNoSource(t *testing.T) {
	cfg := Config{Limits: Limits{ConnectionsPerSource: 1}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	g := newGateway(t, newRecorder(t, ok2).addr, cfg, nil)
	for range 3 {
		defer keepOpen(t, g.addr).Close()
	}
}

// Of a crowd beyond the limit only so many are answered; all are counted.
func TestCrowd(t *testing.T) {
	guard := &telemetry.Guard{}
	g := newGateway(t, newRecorder(t, ok2).addr, Config{Guard: guard, Limits: Limits{Connections: 1}}, nil)
	defer keepOpen(t, g.addr).Close()
	const crowd = maxRefusing + 50
	answered, silent, begin := 0, 0, time.Now()
	conns := make([]net.Conn, crowd)
	for i := range conns {
		conns[i] = dial(t, g.addr)
	}
	until(t, "counted", func() bool { return guard.Refusals(telemetry.RefusedConnections) == crowd })
	slow := time.Since(begin)
	for _, nc := range conns {
		var status int
		_, err := fmt.Fscanf(nc, "HTTP/1.1 %d", &status)
		switch {
		case err == nil && status == 503:
			answered++
		default:
			silent++
		}
		_ = nc.Close()
	}
	// Once the first have been let go there is room for more.
	if answered < maxRefusing || silent == 0 && slow < lingerTime {
		t.Errorf("%d were answered and %d were not", answered, silent)
	}
	until(t, "gone", func() bool { return g.srv.Connections() == 1 && g.srv.refusing.Load() == 0 })
}
