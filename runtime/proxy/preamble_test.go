package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

var loopback = Peers{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

const (
	line1 = "PROXY TCP4 192.0.2.9 198.51.100.2 12345 443\r\n"
	head2 = "\r\n\r\n\x00\r\nQUIT\n"
	line2 = head2 + "\x21\x11\x00\x0c\xc0\x00\x02\x09\xc6\x33\x64\x02\x30\x39\x01\xbb"
	local = head2 + "\x20\x00\x00\x00"
)

// The client is who the header names, in forwarded fields and in the record, and no byte
// after the header is lost.
func TestProxyProtocol(t *testing.T) {
	up := newRecorder(t, ok2)
	g := newGateway(t, up.addr, Config{}, nil)
	addr := also(t, g, Listener{ProxyProtocol: &loopback})
	n := 0
	for name, c := range map[string]struct{ header, client string }{
		"v1":      {line1, "192.0.2.9"},
		"v2":      {line2, "192.0.2.9"},
		"local":   {local, "127.0.0.1"},
		"unknown": {"PROXY UNKNOWN\r\n", "127.0.0.1"},
		"long":    {head2 + "\x21\x11\x0b\xb8\xc0\x00\x02\x09\xc6\x33\x64\x02\x30\x39\x01\xbb\x04\x0b\xa9" + strings.Repeat("x", 0xba9), "192.0.2.9"},
	} {
		for _, pieces := range []bool{false, true} {
			raw := c.header + get + "GET /2 HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.1\r\nConnection: close\r\n\r\n"
			nc := dial(t, addr)
			last := 0
			if pieces {
				for _, at := range []int{1, 13, len(c.header) - 1, len(c.header), len(c.header) + 5} {
					_, _ = io.WriteString(nc, raw[last:at])
					time.Sleep(2 * time.Millisecond)
					last = at
				}
			}
			_, _ = io.WriteString(nc, raw[last:])
			b, err := io.ReadAll(nc)
			if got := strings.Count(string(b), "HTTP/1.1 200"); got != 2 || err != nil {
				t.Errorf("%s: %d answers, %v: %q", name, got, err, b)
			}
			for range 2 {
				n++
				if rec := g.records.wait(t, n); rec.Client != c.client {
					t.Errorf("%s: the record's client is %s", name, rec.Client)
				}
			}
			if got := up.header().Values("X-Forwarded-For"); len(got) != 1 || got[0] != c.client {
				t.Errorf("%s: forwarded for %q", name, got)
			}
		}
	}
}

// Who is named is judged as a peer is: it may be a trusted proxy, and is a source.
func TestProxyProtocolPeer(t *testing.T) {
	cfg := Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.9/32")}, Limits: Limits{ConnectionsPerSource: 1}}
	g := newGateway(t, newRecorder(t, ok2).addr, cfg, nil)
	addr := also(t, g, Listener{ProxyProtocol: &loopback})
	ask(t, addr, line2+"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.1\r\n\r\n")
	if rec := g.records.wait(t, 1); rec.Client != "203.0.113.1" {
		t.Errorf("behind a trusted proxy the client is %s", rec.Client)
	}
	header := func(host int) string { return fmt.Sprintf("PROXY TCP4 203.0.113.%d 198.51.100.2 1 2\r\n", host) }
	held := dial(t, addr)
	_, _ = io.WriteString(held, header(1)+get)
	if r, err := http.ReadResponse(bufio.NewReader(held), nil); err != nil || r.StatusCode != 200 {
		t.Fatalf("%+v, %v", r, err)
	}
	for host, want := range map[int]string{1: "503", 2: "200"} {
		if got := ask(t, addr, header(host)+get); !strings.HasPrefix(got, "HTTP/1.1 "+want) {
			t.Errorf("client %d: got %q, want %s", host, got, want)
		}
	}
}

func TestProxyProtocolRefusals(t *testing.T) {
	guard := &telemetry.Guard{}
	up := newRecorder(t, ok2)
	g := newGateway(t, up.addr, Config{Guard: guard, Limits: Limits{HeaderTimeout: span}}, nil)
	addr := also(t, g, Listener{ProxyProtocol: &loopback})
	other := also(t, g, Listener{ProxyProtocol: &Peers{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}})
	want := map[telemetry.Refusal]uint64{}
	for _, c := range []struct {
		addr, raw string
		end       bool
		why       telemetry.Refusal
	}{
		{addr, get, false, telemetry.RefusedHeader},
		{addr, "PROXY TCP4 a b 1 2\r\n" + get, false, telemetry.RefusedHeader},
		{addr, head2 + "\x21\x11\xff\xff", false, telemetry.RefusedHeader},
		{addr, "PROXY ", true, telemetry.RefusedHeader},
		{addr, "PROXY ", false, telemetry.RefusedTimeout},
		{addr, "", false, telemetry.RefusedTimeout},
		{other, line1 + get, false, telemetry.RefusedPeer},
	} {
		nc := dial(t, c.addr)
		_, _ = io.WriteString(nc, c.raw)
		if c.end {
			_ = nc.CloseWrite()
		}
		if b, err := io.ReadAll(nc); len(b) > 0 {
			t.Errorf("%q is answered with %q, %v", c.raw, b, err)
		}
		want[c.why]++
		if got := guard.Refusals(c.why); got != want[c.why] {
			t.Errorf("%q: counted %d times as %v, want %d", c.raw, got, c.why, want[c.why])
		}
	}
	// Who only connects and leaves is a check of a load balancer.
	nc := dial(t, addr)
	_ = nc.CloseWrite()
	_, _ = io.ReadAll(nc)
	if got := guard.Refusals(telemetry.RefusedHeader); got != want[telemetry.RefusedHeader] {
		t.Error("a connection without a byte is counted as malformed")
	}
	if got := up.seen(); len(got) > 0 {
		t.Errorf("the upstream saw %q", got)
	}
}

// A client that sends no header keeps neither others waiting nor a drain.
func TestProxyProtocolSilence(t *testing.T) {
	g := newGateway(t, newRecorder(t, ok2).addr, Config{DrainGrace: time.Millisecond}, nil)
	addr := also(t, g, Listener{ProxyProtocol: &loopback})
	silent := dial(t, addr)
	for range 3 {
		if got := ask(t, addr, line1+get); !strings.HasPrefix(got, "HTTP/1.1 200") {
			t.Fatalf("got %q", got)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := g.srv.Drain(ctx); err != nil {
		t.Error(err)
	}
	if b, err := io.ReadAll(silent); len(b) > 0 {
		t.Errorf("got %q, %v", b, err)
	}
}

// first sends bytes before the first that are written, in one write with them.
type first struct {
	net.Conn
	bytes string
}

func (f *first) Write(p []byte) (int, error) {
	if f.bytes == "" {
		return f.Conn.Write(p)
	}
	n, err := f.Conn.Write(append([]byte(f.bytes), p...))
	n -= len(f.bytes)
	f.bytes = ""
	return n, err
}

func TestProxyProtocolBeforeTLS(t *testing.T) {
	a, err := authority.New("root")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := a.Issue(authority.Request{Names: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	g := newGateway(t, newRecorder(t, ok2).addr, Config{}, nil)
	addr := also(t, g, Listener{ProxyProtocol: &loopback, TLS: &TLS{Config: func() *tls.Config { return config }}})
	for i, header := range []string{line1, line2} {
		nc := tls.Client(&first{dial(t, addr), header}, &tls.Config{RootCAs: a.Pool, ServerName: "a"})
		_, _ = io.WriteString(nc, get)
		if r, err := http.ReadResponse(bufio.NewReader(nc), nil); err != nil || r.StatusCode != 200 {
			t.Fatalf("%q: %+v, %v", header, r, err)
		}
		_ = nc.Close()
		if rec := g.records.wait(t, i+1); rec.Client != "192.0.2.9" || rec.Scheme != "https" {
			t.Errorf("%q: %+v", header, rec)
		}
	}
}
