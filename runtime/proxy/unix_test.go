package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// onUnix opens a Unix socket of the engine and returns a way to connect to it.
func onUnix(t *testing.T, g *gateway, l Listener) func() *net.UnixConn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	accept(t, g, ln, l)
	return func() *net.UnixConn {
		t.Helper()
		nc, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
		return nc.(*net.UnixConn)
	}
}

// TestUnix: requests over a Unix socket, kept alive and with a body that is streamed.
// The client has no address, which no field claims.
func TestUnix(t *testing.T) {
	up := newRecorder(t, ok2)
	g := newGateway(t, up.addr, Config{Limits: Limits{ConnectionsPerSource: 1}}, nil)
	dial := onUnix(t, g, Listener{})
	keep := dial()
	for i, nc := range []*net.UnixConn{keep, keep, dial()} {
		_, _ = io.WriteString(nc, "POST /1 HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
		time.Sleep(5 * time.Millisecond)
		_, _ = io.WriteString(nc, "0\r\n\r\n")
		if r, err := http.ReadResponse(bufio.NewReader(nc), nil); err != nil || r.StatusCode != 200 {
			t.Fatalf("%+v, %v", r, err)
		}
		if rec := g.records.wait(t, i+1); rec.Client != "unix" || rec.BytesIn != 3 {
			t.Errorf("record is %+v", rec)
		}
	}
	if got, there := up.header()["X-Forwarded-For"]; there {
		t.Errorf("forwarded for %q", got)
	}
	if got := up.header().Get("X-Forwarded-Proto"); got != "http" {
		t.Errorf("forwarded as %q", got)
	}
	if keep.CloseWrite() != nil {
		t.Error("cannot half close")
	}
	if b, err := io.ReadAll(keep); len(b) > 0 || err != nil {
		t.Errorf("the end brings %q, %v", b, err)
	}
}

// Who is trusted on a Unix socket says who the client is.
func TestUnixTrusted(t *testing.T) {
	up := newRecorder(t, ok2)
	g := newGateway(t, up.addr, Config{TrustUnix: true}, nil)
	dial := onUnix(t, g, Listener{})
	for i, c := range []struct{ sent, passed, client string }{
		{"X-Forwarded-For: 198.51.100.1, 203.0.113.1\r\n", "198.51.100.1, 203.0.113.1", "203.0.113.1"},
		{"", "", "unix"},
	} {
		nc := dial()
		_, _ = io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\n"+c.sent+"\r\n")
		if r, err := http.ReadResponse(bufio.NewReader(nc), nil); err != nil || r.StatusCode != 200 {
			t.Fatalf("%+v, %v", r, err)
		}
		if rec := g.records.wait(t, i+1); rec.Client != c.client {
			t.Errorf("%q: the record's client is %s", c.sent, rec.Client)
		}
		if got := up.header().Get("X-Forwarded-For"); got != c.passed {
			t.Errorf("%q: forwarded for %q", c.sent, got)
		}
	}
}

// The PROXY protocol works there too, where Unix sockets may send it.
func TestUnixProxyProtocol(t *testing.T) {
	g := newGateway(t, newRecorder(t, ok2).addr, Config{}, nil)
	for unix, want := range map[bool]string{true: "HTTP/1.1 200", false: ""} {
		nc := onUnix(t, g, Listener{ProxyProtocol: &Peers{Unix: unix}})()
		_, _ = io.WriteString(nc, line1+"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if b, _ := io.ReadAll(nc); !strings.HasPrefix(string(b), want) || want == "" && len(b) > 0 {
			t.Errorf("may send: %v; got %q", unix, b)
		}
	}
	if rec := g.records.wait(t, 1); rec.Client != "192.0.2.9" {
		t.Errorf("the client is %s", rec.Client)
	}
}

// A client that leaves, and an upgraded connection, are as over TCP.
func TestUnixEnds(t *testing.T) {
	silent := make(chan bool)
	defer close(silent)
	g := newGateway(t, listen(t, func(net.Conn) { <-silent }), Config{}, func(r *route.Route) { r.Timeouts.Read = route.Duration(time.Minute) })
	nc := onUnix(t, g, Listener{})()
	_, _ = io.WriteString(nc, get)
	time.Sleep(200 * time.Millisecond)
	_ = nc.Close()
	if rec := g.records.wait(t, 1); rec.Status != 499 {
		t.Errorf("record is %+v", rec)
	}
	g = newGateway(t, upgraded(t, echo), Config{}, nil)
	nc = onUnix(t, g, Listener{})()
	br := bufio.NewReader(nc)
	_, _ = io.WriteString(nc, upgrade+"hello")
	if r, err := http.ReadResponse(br, nil); err != nil || r.StatusCode != 101 {
		t.Fatalf("%+v, %v", r, err)
	}
	_ = nc.CloseWrite()
	if b, err := io.ReadAll(br); string(b) != "hello" || err != nil {
		t.Errorf("got %q, %v", b, err)
	}
}
