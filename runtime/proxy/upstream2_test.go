package proxy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/wire"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// origin2 is an upstream that speaks HTTP/2 alone.
func origin2(t testing.TB, h http.HandlerFunc) (addr string, conns *atomic.Int64) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	p := &http.Protocols{}
	p.SetUnencryptedHTTP2(true)
	s.Config.Protocols = p
	conns = &atomic.Int64{}
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), conns
}

// http2Upstream makes an upstream one of HTTP/2.
func http2Upstream(u *route.Upstream) { u.HTTP = "2" }

// toH2 is an engine with an upstream of HTTP/2, whose clients may speak both versions.
func toH2(t testing.TB, up string, edit func(*route.Route)) *gateway {
	t.Helper()
	return serveOn(t, buildTableOf(t, []string{up}, nil, edit, http2Upstream), Config{}, Listener{HTTP2: true})
}

// clients are one of each version.
func clients(t testing.TB) map[string]*http.Client {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return map[string]*http.Client{"HTTP/1.1": {Transport: tr, Timeout: 20 * time.Second}, "HTTP/2": h2Client(t)}
}

func TestUpstreamH2Bodies(t *testing.T) {
	up, conns := origin2(t, sums)
	g := toH2(t, up, nil)
	for version, c := range clients(t) {
		for _, n := range []int{0, 1, 1000, 40_000, 3_000_000} {
			data := bytes.Repeat([]byte("lintel"), n/6+1)[:n]
			sum := fmt.Sprintf("%x", sha256.Sum256(data))
			for name, body := range map[string]io.Reader{"sized": bytes.NewReader(data), "unsized": unsized{bytes.NewReader(data)}} {
				resp, err := c.Do(request(t, "PUT", "http://"+g.addr+"/a?q=1", body))
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err != nil || resp.StatusCode != 200 || string(text) != fmt.Sprint(n) || resp.Trailer.Get("x-sum") != sum {
					t.Errorf("%s, %s body of %d: %d %q %v %v", version, name, n, resp.StatusCode, text, resp.Trailer, err)
				}
				if seen := resp.Header.Get("x-seen"); !strings.HasPrefix(seen, "HTTP/2.0 PUT /a?q=1 ") {
					t.Errorf("the upstream saw %q", seen)
				}
			}
		}
		r := request(t, "POST", "http://"+g.addr+"/", unsized{strings.NewReader("abc")})
		r.Trailer = http.Header{"X-Sum": {"7"}}
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if seen := resp.Header.Get("x-seen"); !strings.HasSuffix(seen, "map[X-Sum:[7]]") {
			t.Errorf("%s: the upstream saw %q", version, seen)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("there were %d connections for requests one after the other", n)
	}
}

func TestUpstreamH2Responses(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 100_000)
	up, _ := origin2(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/empty":
			w.WriteHeader(204)
		case "/hints":
			w.Header().Set("link", "</style.css>")
			w.WriteHeader(103)
			_, _ = io.WriteString(w, "late")
		case "/big":
			_, _ = io.WriteString(w, big)
		case "/sized":
			w.Header().Set("content-length", "4")
			_, _ = io.WriteString(w, "size")
		case "/abort":
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case "/never":
			panic(http.ErrAbortHandler)
		case "/slow":
			<-r.Context().Done()
		}
	})
	g := toH2(t, up, func(r *route.Route) { r.Timeouts.Read = route.Duration(10 * span) })
	for version, c := range clients(t) {
		for path, want := range map[string]struct {
			status int
			body   string
		}{
			"/empty": {204, ""}, "/hints": {200, "late"}, "/big": {200, big}, "/sized": {200, "size"},
			"/never": {502, "upstream-reset"}, "/slow": {504, "upstream-timeout"},
		} {
			resp, err := c.Get("http://" + g.addr + path)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil || resp.StatusCode != want.status || !strings.Contains(string(b), want.body) || want.status == 200 && string(b) != want.body {
				t.Errorf("%s %s: %d and %d bytes, %v", version, path, resp.StatusCode, len(b), err)
			}
		}
		resp, err := c.Get("http://" + g.addr + "/abort")
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		if err == nil {
			t.Errorf("%s: a response that broke off passes for whole", version)
		}
		if resp, err = c.Head("http://" + g.addr + "/big"); err != nil || resp.StatusCode != 200 {
			t.Errorf("%s HEAD: %v %v", version, resp, err)
		}
	}
}

// TestUpstreamH2Streams: requests of many clients share a connection.
func TestUpstreamH2Streams(t *testing.T) {
	up, conns := origin2(t, sums)
	g := toH2(t, up, nil)
	var wg sync.WaitGroup
	for version, c := range clients(t) {
		for i := range 30 {
			wg.Go(func() {
				for j := range 5 {
					body := strings.Repeat("x", i*j*300)
					resp, err := c.Post("http://"+g.addr+"/", "text/plain", strings.NewReader(body))
					if err != nil {
						t.Error(version, err)
						return
					}
					b, err := io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					if err != nil || string(b) != fmt.Sprint(len(body)) {
						t.Errorf("%s: %q %v", version, b, err)
					}
				}
			})
		}
	}
	wg.Wait()
	if n := conns.Load(); n > 3 {
		t.Errorf("60 clients made %d connections to the upstream", n)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		n := g.holder.Current().Table.Upstreams()[0].State()[0].Inflight
		if n == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("after all requests %d are in flight", n)
		}
	}
}

// TestUpstreamH2Leaves: a client that leaves resets the stream, and the connection goes on.
func TestUpstreamH2Leaves(t *testing.T) {
	began, ended := make(chan struct{}, 2), make(chan struct{}, 2)
	up, conns := origin2(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			began <- struct{}{}
			<-r.Context().Done()
			ended <- struct{}{}
		}
	})
	g := toH2(t, up, func(r *route.Route) { r.Timeouts.Read = 0 })
	for version, c := range clients(t) {
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			defer cancel()
			if <-began; version == "HTTP/1.1" {
				g.looked(t) // before that it would be a half close
			}
		}()
		if _, err := c.Do(request(t, "GET", "http://"+g.addr+"/wait", nil).WithContext(ctx)); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: the upstream still works for a client that has left", version)
		}
		if resp, err := c.Get("http://" + g.addr + "/"); err != nil || resp.StatusCode != 200 {
			t.Errorf("%s: %v %v", version, resp, err)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("a client that leaves cost a connection: %d", n)
	}
	left := 0
	for i := range 4 {
		if g.records.wait(t, i+1).Reason == reason.ClientClosed {
			left++
		}
	}
	if left != 2 {
		t.Errorf("%d records say that the client left, want 2", left)
	}
}

// TestUpstreamH2GoAway: an upstream that goes is replaced, and no request is lost.
func TestUpstreamH2GoAway(t *testing.T) {
	var taken atomic.Int64
	up := listen(t, func(nc net.Conn) {
		conn := h2.NewServer(wire.New(nc), h2.Config{})
		n := 0
		_ = conn.Serve(nil, func(s *h2.Stream) {
			if n++; n == 2 {
				conn.GoAway()
			}
			taken.Add(1)
			_, _ = s.Respond(200, nil, 0, nil, true)
		})
	})
	g := toH2(t, up, nil)
	c := h2Client(t)
	for range 20 {
		if resp, err := c.Get("http://" + g.addr + "/"); err != nil || resp.StatusCode != 200 {
			t.Fatalf("%v %v", resp, err)
		}
	}
	if taken.Load() != 20 {
		t.Errorf("the upstream took %d requests", taken.Load())
	}
}

// TestUpstreamH2NotSpoken: an upstream that does not speak HTTP/2, or is not there.
func TestUpstreamH2NotSpoken(t *testing.T) {
	g := toH2(t, origin(t, sums), nil)
	resp, err := h2Client(t).Get("http://" + g.addr + "/")
	if err != nil || resp.StatusCode != 502 {
		t.Errorf("an upstream that speaks HTTP/1.1: %v %v", resp, err)
	}
	g = toH2(t, closedAddr(t), nil)
	if resp, err = h2Client(t).Get("http://" + g.addr + "/"); err != nil || resp.StatusCode != 502 {
		t.Errorf("an upstream that is not there: %v %v", resp, err)
	}
	if rec := g.records.wait(t, 1); rec.Reason != reason.ConnectFailed {
		t.Errorf("the record says %q", rec.Reason)
	}
}

// TestUpstreamH2WebSocket: whatever version the client speaks, an upstream of HTTP/2 is
// asked by extended CONNECT.
func TestUpstreamH2WebSocket(t *testing.T) {
	up := listen(t, func(nc net.Conn) {
		_ = h2.NewServer(wire.New(nc), h2.Config{Connect: true}).Serve(nil, func(s *h2.Stream) {
			h := s.Head()
			_, keyed := h.Header.Get("sec-websocket-key")
			if h.Method != "CONNECT" || h.Protocol != "websocket" || keyed {
				_, _ = s.Respond(400, nil, 0, nil, true)
				return
			}
			_, _ = s.Respond(200, nil, -1, []byte("hello"), false)
			_, _ = io.Copy(s, s)
			_ = s.CloseWrite()
		})
	})
	g := toH2(t, up, nil)
	nc := dial(t, g.addr)
	_, _ = io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	b := make([]byte, 4096)
	n, text := 0, ""
	for !strings.HasSuffix(text, "\r\n\r\nhello") {
		k, err := nc.Read(b[n:])
		if err != nil {
			t.Fatalf("%q %v", text, err)
		}
		n += k
		text = string(b[:n])
	}
	if !strings.HasPrefix(text, "HTTP/1.1 101 ") || !strings.Contains(text, "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") {
		t.Fatalf("%q", text)
	}
	for range 3 {
		_, _ = io.WriteString(nc, "frame")
		if _, err := io.ReadFull(nc, b[:5]); err != nil || string(b[:5]) != "frame" {
			t.Fatalf("%q %v", b[:5], err)
		}
	}
	_ = nc.CloseWrite()
	if rest, err := io.ReadAll(nc); err != nil || len(rest) > 0 {
		t.Errorf("after the end: %q %v", rest, err)
	}
}
