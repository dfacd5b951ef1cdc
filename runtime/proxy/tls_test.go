package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// secured is an engine with a TLS listener beside its plain one.
type secured struct {
	*gateway
	root  *authority.Authority
	ends  *telemetry.Handshakes
	https string
}

// secure starts a TLS listener for the name a.example; edit may change its config.
func secure(t testing.TB, up string, cfg Config, timeout time.Duration, edit func(*authority.Authority, *tls.Config)) *secured {
	t.Helper()
	return secureTable(t, newTable(t, up, nil), cfg, timeout, edit)
}

func secureTable(t testing.TB, tab *table.Table, cfg Config, timeout time.Duration, edit func(*authority.Authority, *tls.Config)) *secured {
	t.Helper()
	root, err := authority.New("root")
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{issue(t, root, authority.Request{Names: []string{"a.example"}})}, NextProtos: []string{"http/1.1"}}
	if edit != nil {
		edit(root, config)
	}
	ends := &telemetry.Handshakes{}
	cfg.Handshakes = ends
	g := serve(t, tab, cfg)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		done <- g.srv.ServeTLS(ctx, ln, TLS{Config: func() *tls.Config { return config }, HandshakeTimeout: timeout})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("ServeTLS: %v", err)
		}
	})
	return &secured{g, root, ends, ln.Addr().String()}
}

func issue(t testing.TB, a *authority.Authority, r authority.Request) tls.Certificate {
	t.Helper()
	p, err := a.Issue(r)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.TLS()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *secured) client(certs ...tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: s.root.Pool, ServerName: "a.example", Certificates: certs}
}

// dial connects and makes the handshake.
func (s *secured) dial(t testing.TB, c *tls.Config) *tls.Conn {
	t.Helper()
	nc := tls.Client(dial(t, s.https), c)
	if err := nc.Handshake(); err != nil {
		t.Fatal(err)
	}
	return nc
}

// until waits for a number of handshakes that ended so.
func (s *secured) until(t testing.TB, end telemetry.Handshake, n uint64) {
	t.Helper()
	for late := time.Now().Add(5 * time.Second); s.ends.Count(end) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("%d handshakes ended %s, want %d", s.ends.Count(end), end, n)
		}
	}
}

// TestTLSRequests sends requests that come together, and looks at what the upstream,
// the log and the client see.
func TestTLSRequests(t *testing.T) {
	up := newRecorder(t, ok2)
	g := secure(t, up.addr, Config{}, 0, nil)
	nc := g.dial(t, g.client())
	if p := nc.ConnectionState().NegotiatedProtocol; p != "" {
		t.Errorf("protocol %q for a client that offers none", p)
	}
	one := "GET /%d HTTP/1.1\r\nHost: a.example\r\nX-Client-Cert-Subject: root\r\nX-CLIENT-CERT-OTHER: 1\r\n\r\n"
	many := ""
	for i := range 40 {
		many += fmt.Sprintf(one, i)
	}
	// Records end anywhere, also inside a head.
	for rest := many; rest != ""; {
		n := min(len(rest), 333)
		if _, err := io.WriteString(nc, rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	r := bufio.NewReader(nc)
	for i := range 40 {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("response %d: %v", i, err)
		}
		if b, err := io.ReadAll(resp.Body); string(b) != "ok" || err != nil {
			t.Fatalf("response %d: %q, %v", i, b, err)
		}
	}
	for i, got := range up.seen() {
		if !strings.HasPrefix(got, fmt.Sprintf("GET /%d ", i)) {
			t.Errorf("request %d is %s", i, got)
		}
	}
	h := up.header()
	if h.Get("X-Forwarded-Proto") != "https" || h.Get("X-Client-Cert-Subject") != "" || h.Get("X-Client-Cert-Other") != "" {
		t.Errorf("the upstream sees %v", h)
	}
	if rec := g.records.wait(t, 40); rec.Scheme != "https" {
		t.Errorf("the record says %q", rec.Scheme)
	}
	_ = nc.Close()
	if g.ends.Count(telemetry.HandshakeFull) != 1 {
		t.Error("the handshake is not counted")
	}
}

// TestTLSScheme: filters see https, and a trusted proxy's word on what it received.
func TestTLSScheme(t *testing.T) {
	say := spec("say", 1, hook{request: func(x *filter.Exchange) filter.Verdict {
		x.Answer(200, "text/plain", []byte(x.Scheme))
		return filter.Stop
	}})
	tab := buildTable(t, []string{closedAddr(t)}, []filter.Spec{say}, nil)
	g := secureTable(t, tab, Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, 0, nil)
	for field, want := range map[string]string{"": "https", "X-Forwarded-Proto: http\r\n": "http"} {
		nc := g.dial(t, g.client())
		_, _ = io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n"+field+"\r\n")
		if b, err := io.ReadAll(nc); !strings.HasSuffix(string(b), "\r\n\r\n"+want) || err != nil {
			t.Errorf("%q: %q, %v; want %s", field, b, err, want)
		}
	}
	if got := ask(t, g.addr, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"); !strings.HasSuffix(got, "\r\n\r\nhttp") {
		t.Errorf("plain: %q", got)
	}
}

// TestTLSHalfClose: a client that ends its side after the request gets the answer, and
// the end as TLS says it.
func TestTLSHalfClose(t *testing.T) {
	g := secure(t, newRecorder(t, ok2).addr, Config{}, 0, nil)
	nc := g.dial(t, g.client())
	_, _ = io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
	_ = nc.CloseWrite()
	b, err := io.ReadAll(nc)
	if !strings.HasSuffix(string(b), "\r\n\r\nok") || err != nil {
		t.Errorf("got %q, %v", b, err)
	}
}

// TestTLSPlainFieldsToo: on a plain listener nobody can be a client with a certificate
// either, whether by a field, from a trusted proxy, or by a trailer.
func TestTLSPlainFieldsToo(t *testing.T) {
	up := newRecorder(t, ok2)
	g := newGateway(t, up.addr, Config{}, nil)
	ask(t, g.addr, "POST / HTTP/1.1\r\nHost: a.example\r\nx-client-cert-sha256: 00\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Client-Cert-Subject: root\r\nX-Other: kept\r\n\r\n")
	if h := up.header(); h.Get("X-Client-Cert-Sha256") != "" {
		t.Errorf("the upstream sees %v", h)
	}
	if got := strings.Join(up.seen(), "\n"); strings.Contains(got, "X-Client-Cert") || !strings.Contains(got, "X-Other:[kept]") {
		t.Errorf("the upstream sees %s", got)
	}
}

// TestTLSLargeBodies: 8 MiB up and down without loss.
func TestTLSLargeBodies(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.Header().Set("content-length", fmt.Sprint(len(b)))
		_, _ = w.Write(b)
	}))
	defer up.Close()
	// The upstream answers once it has all, which may take it a while.
	tab := newTable(t, strings.TrimPrefix(up.URL, "http://"), func(r *route.Route) { r.Timeouts.Read = route.Duration(time.Minute) })
	g := secureTable(t, tab, Config{}, 0, nil)
	want := make([]byte, 8<<20)
	for i := range want {
		want[i] = byte(i * 31 >> 9)
	}
	for name, length := range map[string]int64{"with a length": int64(len(want)), "chunked": -1} {
		c := &http.Client{Transport: &http.Transport{TLSClientConfig: g.client(), DisableKeepAlives: true}, Timeout: time.Minute}
		req, err := http.NewRequest("POST", "https://"+g.https+"/", struct{ io.Reader }{bytes.NewReader(want)})
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = length
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || !bytes.Equal(b, want) {
			t.Errorf("%s: %d bytes of %d came back (%.100q), %v", name, len(b), len(want), b, err)
		}
	}
}

func TestTLSWebSocket(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		for {
			kind, b, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, b) != nil {
				return
			}
		}
	}))
	defer up.Close()
	g := secure(t, strings.TrimPrefix(up.URL, "http://"), Config{}, 0, nil)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "wss://"+g.https+"/ws", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: &http.Transport{TLSClientConfig: g.client()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseNow() }()
	for _, m := range []string{"hello", strings.Repeat("x", 30_000)} {
		if err := c.Write(ctx, websocket.MessageText, []byte(m)); err != nil {
			t.Fatal(err)
		}
		if _, b, err := c.Read(ctx); err != nil || string(b) != m {
			t.Fatalf("echo of %d bytes is %d bytes, %v", len(m), len(b), err)
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("close: %v", err)
	}
}

// TestTLSDrain: an idle connection and one without a handshake end in order.
func TestTLSDrain(t *testing.T) {
	g := secure(t, newRecorder(t, ok2).addr, Config{DrainGrace: 20 * time.Millisecond}, 10*time.Second, nil)
	silent := dial(t, g.https)
	nc := g.dial(t, g.client())
	_, _ = io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
	r := bufio.NewReader(nc)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := g.srv.Drain(ctx); err != nil {
		t.Errorf("drain: %v", err)
	}
	if b, err := io.ReadAll(r); len(b) != 0 || err != nil {
		t.Errorf("after the drain the client reads %q, %v", b, err)
	}
	if _, err := io.Copy(io.Discard, silent); err != nil {
		t.Errorf("a client without a handshake: %v", err)
	}
}

// TestTLSTruncated: a response whose upstream breaks off has no orderly end.
func TestTLSTruncated(t *testing.T) {
	up := listen(t, func(nc net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(nc))
		_, _ = io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
	})
	g := secure(t, up, Config{}, 0, nil)
	nc := g.dial(t, g.client())
	_, _ = io.WriteString(nc, "GET / HTTP/1.0\r\nHost: a.example\r\n\r\n")
	if b, err := io.ReadAll(nc); err == nil {
		t.Errorf("a broken response %q ends in order", b)
	}
}

// TestDropIdentity holds that nothing that an upstream might take for the gateway's word
// on a client gets past.
func TestDropIdentity(t *testing.T) {
	var h filter.Header
	for _, name := range []string{"x-client-cert-subject", "X-Client-Cert-Sha256", "x_client_cert_subject", "X-Client_Cert-any", "x-client-cert", "x-client-certificate", "x-client"} {
		h.Add(name, "root")
	}
	dropIdentity(&h)
	var left []string
	for _, f := range h.Fields() {
		left = append(left, f.Name)
	}
	if d := cmp.Diff([]string{"x-client-cert", "x-client-certificate", "x-client"}, left); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
