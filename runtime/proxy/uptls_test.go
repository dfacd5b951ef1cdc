package proxy

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/schemas/route"
)

const getA = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"

// TestUpstreamTLS: requests with bodies small and large go over one connection.
func TestUpstreamTLS(t *testing.T) {
	b := newBehind(t)
	var conns atomic.Int32
	g := b.gateway(t, nil, b.encrypted(t, b.config, func(c *tls.Conn) {
		conns.Add(1)
		echoing(c)
	}))
	large := strings.Repeat("0123456789abcdef", 1<<16)
	nc := dial(t, g.addr)
	_ = nc.SetDeadline(time.Now().Add(time.Minute))
	br := bufio.NewReader(nc)
	for _, body := range []string{"", "small", large, ""} {
		go func() {
			_, _ = fmt.Fprintf(nc, "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		}()
		res, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 || string(got) != body+"ok" {
			t.Fatalf("%d with %d bytes of %d, %v", res.StatusCode, len(got), len(body)+2, err)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections were made", n)
	}
}

// TestUpstreamTLSFails: what the client sees says nothing of why; the log does.
func TestUpstreamTLSFails(t *testing.T) {
	b := newBehind(t)
	stranger, err := authority.New("stranger")
	if err != nil {
		t.Fatal(err)
	}
	wrong := &tls.Config{Certificates: []tls.Certificate{b.issue(t, b.root, authority.Request{Names: []string{"inside.internal"}})}}
	unknown := &tls.Config{Certificates: []tls.Certificate{b.issue(t, stranger, authority.Request{IPs: []net.IP{{127, 0, 0, 1}}})}}
	asking := &tls.Config{Certificates: b.config.Certificates, ClientAuth: tls.RequireAnyClientCert}
	plain := newRecorder(t, ok2)
	for name, test := range map[string]struct{ addr, log string }{
		"name":      {b.encrypted(t, wrong, echoing), "certificate-name"},
		"authority": {b.encrypted(t, unknown, echoing), "certificate-authority"},
		"client":    {b.encrypted(t, asking, echoing), "client-certificate"},
		"plain":     {plain.addr, "closed"},
	} {
		t.Run(name, func(t *testing.T) {
			g := b.gateway(t, nil, test.addr)
			got := ask(t, g.addr, getA)
			if !strings.HasPrefix(got, "HTTP/1.1 502 ") || !strings.Contains(got, `"code":"upstream-tls"`) {
				t.Errorf("answer: %q", got)
			}
			for _, inside := range []string{"certificate", "x509", "internal\"", "stranger", "127.0.0.1"} {
				if strings.Contains(got, inside) {
					t.Errorf("the client sees %q: %q", inside, got)
				}
			}
			if want := "endpoint=" + test.addr + " outcome=" + test.log; !strings.Contains(b.logged(), want) {
				t.Errorf("the log does not say %q:\n%s", want, b.logged())
			}
			if rec := g.records.wait(t, 1); rec.Reason != reason.UpstreamTLS || rec.Endpoint != test.addr {
				t.Errorf("recorded: %+v", rec)
			}
		})
	}
	if len(plain.seen()) != 0 {
		t.Errorf("an endpoint without TLS got %q", plain.seen())
	}
}

// TestUpstreamTLSSecret: without its authority an upstream is not asked, however many
// endpoints there are to try.
func TestUpstreamTLSSecret(t *testing.T) {
	b := newBehind(t)
	b.secrets["ca"].Clear()
	addr := b.encrypted(t, b.config, echoing)
	g := b.gateway(t, func(_ *route.Upstream, r *route.Route) { r.Retry = route.Retry{Attempts: 3, On: []string{"connect"}} }, addr, closedAddr(t))
	if got := ask(t, g.addr, getA); !strings.HasPrefix(got, "HTTP/1.1 503 ") || !strings.Contains(got, "secret-unavailable") {
		t.Errorf("answer: %q", got)
	}
	if rec := g.records.wait(t, 1); rec.Attempts != 1 {
		t.Errorf("%d attempts", rec.Attempts)
	}
	b.secrets["ca"].Set(string(b.root.PEM))
	if got := ask(t, g.addr, getA); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("with the secret: %q", got)
	}
}

// TestUpstreamTLSHole: a handshake that nothing comes of ends within the connect
// timeout, and with the client.
func TestUpstreamTLSHole(t *testing.T) {
	b := newBehind(t)
	hole := listen(t, func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) })
	g := b.gateway(t, func(_ *route.Upstream, r *route.Route) { r.Timeouts.Connect = route.Duration(100 * time.Millisecond) }, hole)
	if got := ask(t, g.addr, getA); !strings.HasPrefix(got, "HTTP/1.1 504 ") || !strings.Contains(got, "connect-timeout") {
		t.Errorf("answer: %q", got)
	}
	g = b.gateway(t, func(_ *route.Upstream, r *route.Route) { r.Timeouts.Request = route.Duration(100 * time.Millisecond) }, hole)
	if got := ask(t, g.addr, getA); !strings.HasPrefix(got, "HTTP/1.1 504 ") || !strings.Contains(got, "request-deadline") {
		t.Errorf("answer: %q", got)
	}
	shaking := make(chan struct{}, 1)
	left := make(chan struct{})
	hole = listen(t, func(nc net.Conn) {
		_, _ = nc.Read(make([]byte, 1))
		shaking <- struct{}{}
		_, _ = io.Copy(io.Discard, nc)
		close(left)
	})
	g = b.gateway(t, nil, hole)
	nc := dial(t, g.addr)
	_, _ = io.WriteString(nc, getA)
	<-shaking
	time.Sleep(200 * time.Millisecond) // a client that leaves at once has half closed
	_ = nc.SetLinger(0)
	_ = nc.Close()
	select {
	case <-left:
	case <-time.After(15 * time.Second):
		t.Fatal("the handshake outlives the client")
	}
	if rec := g.records.wait(t, 1); rec.Reason != reason.ClientClosed {
		t.Errorf("recorded: %v", rec.Reason)
	}
}

// TestUpstreamTLSRetry: a handshake that fails is a connect that fails: another endpoint
// is tried; a pooled connection that is dead is replaced.
func TestUpstreamTLSRetry(t *testing.T) {
	b := newBehind(t)
	bad := newRecorder(t, ok2).addr
	once := b.encrypted(t, b.config, func(c *tls.Conn) {
		br := bufio.NewReader(c)
		if _, err := http.ReadRequest(br); err == nil {
			_, _ = io.WriteString(c, ok2)
			_, _ = http.ReadRequest(br)
		}
		_ = c.NetConn().Close() // without a word, as a crash does
	})
	g := b.gateway(t, func(_ *route.Upstream, r *route.Route) { r.Retry = route.Retry{Attempts: 1, On: []string{"connect"}} }, bad, once)
	for i := range 6 {
		if got := ask(t, g.addr, getA); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
			t.Errorf("request %d: %q", i, got)
		}
	}
}

// TestUpstreamTLSBreaksOff: a body without a length is whole only when TLS says so.
func TestUpstreamTLSBreaksOff(t *testing.T) {
	b := newBehind(t)
	for name, orderly := range map[string]bool{"close_notify": true, "cut": false} {
		t.Run(name, func(t *testing.T) {
			g := b.gateway(t, nil, b.encrypted(t, b.config, func(c *tls.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
					return
				}
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nhalf")
				if orderly {
					_ = c.CloseWrite()
					_, _ = c.Read(make([]byte, 1))
				} else {
					_ = c.NetConn().(*net.TCPConn).CloseWrite()
					_, _ = io.Copy(io.Discard, c.NetConn())
				}
			}))
			nc := dial(t, g.addr)
			_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
			_, _ = io.WriteString(nc, getA)
			res, err := http.ReadResponse(bufio.NewReader(nc), nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(res.Body)
			if (err == nil) != orderly || string(got) != "half" {
				t.Errorf("the client gets %q, %v", got, err)
			}
			want := reason.OK
			if !orderly {
				want = reason.UpstreamAborted
			}
			if rec := g.records.wait(t, 1); rec.Reason != want {
				t.Errorf("recorded: %v, want %v", rec.Reason, want)
			}
		})
	}
}

// TestUpstreamTLSTunnel: an upgraded connection is TLS to the end.
func TestUpstreamTLSTunnel(t *testing.T) {
	b := newBehind(t)
	g := b.gateway(t, nil, b.encrypted(t, b.config, func(c *tls.Conn) {
		br := bufio.NewReader(c)
		if q, err := http.ReadRequest(br); err != nil || q.Header.Get("Upgrade") != "websocket" {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, _ = io.Copy(c, br)
		_ = c.CloseWrite()
	}))
	nc := dial(t, g.addr)
	_ = nc.SetDeadline(time.Now().Add(time.Minute))
	_, _ = io.WriteString(nc, "GET /ws HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
	br := bufio.NewReader(nc)
	if res, err := http.ReadResponse(br, nil); err != nil || res.StatusCode != 101 {
		t.Fatalf("%+v, %v", res, err)
	}
	want := strings.Repeat("0123456789abcdef", 1<<16)
	go func() {
		_, _ = io.WriteString(nc, want)
		_ = nc.CloseWrite()
	}()
	if got, err := io.ReadAll(br); string(got) != want || err != nil {
		t.Errorf("%d bytes of %d came back, %v", len(got), len(want), err)
	}
}

// TestUpstreamProxyProtocol: each request has a connection of its own that tells of its
// client's.
func TestUpstreamProxyProtocol(t *testing.T) {
	b := newBehind(t)
	lines := make(chan string, 8)
	addr := listen(t, func(nc net.Conn) {
		br := bufio.NewReader(nc)
		line, err := br.ReadString('\n')
		if err != nil {
			return
		}
		lines <- line
		for {
			if _, err := http.ReadRequest(br); err != nil {
				return
			}
			_, _ = io.WriteString(nc, ok2)
		}
	})
	g := b.gateway(t, func(u *route.Upstream, _ *route.Route) { u.TLS, u.ProxyProtocol = nil, "v1" }, addr)
	for range 2 {
		nc := dial(t, g.addr)
		br := bufio.NewReader(nc)
		for range 2 {
			_, _ = io.WriteString(nc, strings.Replace(getA, "\r\n\r\n", "\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n", 1))
			if _, err := http.ReadResponse(br, nil); err != nil {
				t.Fatal(err)
			}
			client, gate := nc.LocalAddr().(*net.TCPAddr), nc.RemoteAddr().(*net.TCPAddr)
			if got, want := <-lines, fmt.Sprintf("PROXY TCP4 127.0.0.1 127.0.0.1 %d %d\r\n", client.Port, gate.Port); got != want {
				t.Errorf("the upstream is told %q, want %q", got, want)
			}
			_, _ = br.Discard(br.Buffered())
		}
	}
}

// TestUpstreamTLSStreams: HTTP/2 inside TLS; new secrets make a new connection while the
// former one ends its streams.
func TestUpstreamTLSStreams(t *testing.T) {
	b := newBehind(t)
	var conns atomic.Int32
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	began := make(chan struct{}, 1)
	s := &http.Server{
		TLSConfig: b.config.Clone(),
		ConnState: func(_ net.Conn, st http.ConnState) {
			if st == http.StateNew {
				conns.Add(1)
			}
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				began <- struct{}{}
				<-release
			}
			_, _ = io.WriteString(w, r.Proto+" "+r.TLS.NegotiatedProtocol)
		}),
	}
	go func() { _ = s.ServeTLS(ln, "", "") }()
	t.Cleanup(func() { _ = s.Close() })
	g := b.gateway(t, func(u *route.Upstream, _ *route.Route) { u.HTTP = "2" }, ln.Addr().String())
	const want = "HTTP/2.0 h2"
	for range 3 {
		if got := ask(t, g.addr, getA); !strings.Contains(got, want) {
			t.Fatalf("answer: %q", got)
		}
	}
	slow := make(chan string, 1)
	go func() { slow <- ask(t, g.addr, strings.Replace(getA, "/ ", "/slow ", 1)) }()
	<-began
	other, err := authority.New("other")
	if err != nil {
		t.Fatal(err)
	}
	b.secrets["ca"].Set(string(b.root.PEM) + string(other.PEM))
	for range 2 {
		if got := ask(t, g.addr, getA); !strings.Contains(got, want) {
			t.Errorf("answer: %q", got)
		}
	}
	close(release)
	if got := <-slow; !strings.Contains(got, want) {
		t.Errorf("what was under way: %q", got)
	}
	if n := conns.Load(); n != 2 {
		t.Errorf("%d connections were made, want one for each state of the secrets", n)
	}
	b.secrets["ca"].Set(string(other.PEM))
	if got := ask(t, g.addr, getA); !strings.Contains(got, "upstream-tls") {
		t.Errorf("without its authority: %q", got)
	}
}
