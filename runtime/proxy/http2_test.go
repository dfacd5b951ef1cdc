package proxy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// newH2 is an engine whose clients may speak HTTP/2, and one of them.
func newH2(t testing.TB, up string, cfg Config, edit func(*route.Route), specs ...filter.Spec) (*gateway, *http.Client) {
	t.Helper()
	g := serveOn(t, buildTable(t, []string{up}, specs, edit), cfg, Listener{HTTP2: true})
	return g, h2Client(t)
}

// h2Client speaks HTTP/2 without TLS.
func h2Client(t testing.TB) *http.Client {
	p := &http.Protocols{}
	p.SetUnencryptedHTTP2(true)
	tr := &http.Transport{Protocols: p}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

// origin is an upstream of net/http.
func origin(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// sums answers with the request in words, and the sum of its body.
func sums(w http.ResponseWriter, r *http.Request) {
	h := sha256.New()
	n, err := io.Copy(h, r.Body)
	if err != nil {
		return
	}
	w.Header().Set("trailer", "x-sum")
	w.Header().Set("x-seen", fmt.Sprintf("%s %s %s %d %v", r.Proto, r.Method, r.RequestURI, r.ContentLength, r.Trailer))
	fmt.Fprintf(w, "%d", n)
	w.Header().Set("x-sum", fmt.Sprintf("%x", h.Sum(nil)))
}

func do(t testing.TB, c *http.Client, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.ProtoMajor != 2 {
		t.Errorf("the answer came by %s", resp.Proto)
	}
	return resp, string(b)
}

// unsized is a body whose length nobody knows.
type unsized struct{ io.Reader }

func request(t testing.TB, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestH2Bodies(t *testing.T) {
	g, c := newH2(t, origin(t, sums), Config{}, nil)
	for _, n := range []int{0, 1, 1000, 40_000, 3_000_000} {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(rand.Uint32())
		}
		sum := fmt.Sprintf("%x", sha256.Sum256(data))
		for name, body := range map[string]io.Reader{"sized": bytes.NewReader(data), "unsized": unsized{bytes.NewReader(data)}} {
			r := request(t, "POST", "http://"+g.addr+"/a/../b?q=1", body)
			resp, text := do(t, c, r)
			if resp.StatusCode != 200 || text != fmt.Sprint(n) || resp.Trailer.Get("x-sum") != sum {
				t.Errorf("%s body of %d: %d %q %v", name, n, resp.StatusCode, text, resp.Trailer)
			}
			if seen := resp.Header.Get("x-seen"); !strings.HasPrefix(seen, "HTTP/1.1 POST /b?q=1 ") {
				t.Errorf("the upstream saw %q", seen)
			}
		}
	}
	// A trailer of the client goes up.
	r := request(t, "POST", "http://"+g.addr+"/", unsized{strings.NewReader("abc")})
	r.Trailer = http.Header{"X-Sum": {"7"}, "X-Client-Cert-Subject": {"somebody"}}
	resp, _ := do(t, c, r)
	if seen := resp.Header.Get("x-seen"); !strings.HasSuffix(seen, "map[X-Client-Cert-Subject:[] X-Sum:[7]]") {
		t.Errorf("the upstream saw %q", seen)
	}
}

func TestH2Responses(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 100_000)
	up := origin(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/empty":
			w.WriteHeader(204)
		case "/same":
			w.Header().Set("etag", `"1"`)
			w.WriteHeader(304)
		case "/hints":
			w.Header().Set("link", "</style.css>")
			w.WriteHeader(103)
			_, _ = io.WriteString(w, "late")
		case "/big":
			_, _ = io.WriteString(w, big)
		case "/fields":
			w.Header().Set("connection", "x-own")
			w.Header().Set("x-own", "1")
			w.Header().Set("keep-alive", "timeout=5")
			w.Header()["X-Upper"] = []string{"a", "b"}
			_, _ = fmt.Fprintf(w, "%s|%s|%s|%s|%s|%s", r.Host, r.Header.Get("x-forwarded-proto"), r.Header.Get("x-forwarded-host"), r.Header.Get("via"), r.Header.Get("cookie"), r.Header.Get("x-forwarded-for"))
		}
	})
	g, c := newH2(t, up, Config{}, nil)
	for path, want := range map[string]struct {
		status int
		body   string
	}{"/empty": {204, ""}, "/same": {304, ""}, "/hints": {200, "late"}, "/big": {200, big}} {
		resp, text := do(t, c, request(t, "GET", "http://"+g.addr+path, nil))
		if resp.StatusCode != want.status || text != want.body {
			t.Errorf("%s: %d and %d bytes", path, resp.StatusCode, len(text))
		}
		if resp.Header.Get("date") == "" {
			t.Errorf("%s: no date", path)
		}
	}
	resp, text := do(t, c, request(t, "HEAD", "http://"+g.addr+"/big", nil))
	if resp.StatusCode != 200 || text != "" {
		t.Errorf("HEAD: %d %q", resp.StatusCode, text)
	}
	r := request(t, "GET", "http://"+g.addr+"/fields", nil)
	r.Host = "shop.example:8080"
	r.Header["Cookie"] = []string{"a=1; b=2"}
	r.Header.Set("x-forwarded-for", "1.2.3.4")
	resp, text = do(t, c, r)
	if want := "shop.example:8080|http|shop.example:8080|2 lintel|a=1; b=2|127.0.0.1"; text != want {
		t.Errorf("the upstream saw %q, want %q", text, want)
	}
	for _, name := range []string{"connection", "keep-alive", "x-own", "transfer-encoding"} {
		if v := resp.Header.Get(name); v != "" {
			t.Errorf("%s: %s was passed on", name, v)
		}
	}
	if v := resp.Header["X-Upper"]; len(v) != 2 {
		t.Errorf("x-upper is %q", v)
	}
	for i := range 6 {
		if rec := g.records.wait(t, i+1); rec.Protocol != "HTTP/2" || rec.Scheme != "http" || rec.Path == "/fields" && rec.BytesOut == 0 {
			t.Errorf("the record is %+v", rec)
		}
	}
}

func TestH2Faults(t *testing.T) {
	up := listen(t, func(nc net.Conn) {
		b := make([]byte, 1024)
		n, _ := nc.Read(b)
		if strings.Contains(string(b[:n]), "/half") {
			_, _ = io.WriteString(nc, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
		} else if strings.Contains(string(b[:n]), "/chunk") {
			_, _ = io.WriteString(nc, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n")
		}
	})
	g, c := newH2(t, up, Config{}, nil)
	for _, path := range []string{"/half", "/chunk"} {
		resp, err := c.Get("http://" + g.addr + path)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		if err == nil {
			t.Errorf("%s: a response that broke off passes for whole", path)
		}
	}
	resp, text := do(t, c, request(t, "GET", "http://"+g.addr+"/", nil))
	if resp.StatusCode != 502 || !strings.Contains(text, `"upstream-reset"`) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	r := request(t, "POST", "http://"+g.addr+"/pkg.Service/Do", strings.NewReader("\x00\x00\x00\x00\x00"))
	r.Header.Set("content-type", "application/grpc+proto")
	resp, text = do(t, c, r)
	if resp.StatusCode != 200 || text != "" || resp.Header.Get("grpc-status") != "14" || resp.Header.Get("grpc-message") != "upstream-reset" {
		t.Errorf("a call: %d %q %v", resp.StatusCode, text, resp.Header)
	}
}

// TestH2EarlyAnswer: an upstream answers and closes while the body still comes.
func TestH2EarlyAnswer(t *testing.T) {
	up := listen(t, func(nc net.Conn) {
		b := make([]byte, 64<<10)
		_, _ = nc.Read(b)
		_, _ = io.WriteString(nc, "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno")
		time.Sleep(50 * time.Millisecond)
	})
	g, c := newH2(t, up, Config{}, nil)
	pr, pw := io.Pipe()
	defer pw.Close()
	go func() {
		for {
			if _, err := pw.Write(make([]byte, 10_000)); err != nil {
				return
			}
		}
	}()
	resp, text := do(t, c, request(t, "POST", "http://"+g.addr+"/", pr))
	if resp.StatusCode != 403 || text != "no" {
		t.Errorf("%d %q", resp.StatusCode, text)
	}
}

// TestH2Streams: many streams of one connection run at once, and one that stands still
// holds up no other.
func TestH2Streams(t *testing.T) {
	hold := make(chan struct{})
	up := origin(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-hold
		}
		sums(w, r)
	})
	g, c := newH2(t, up, Config{}, nil)
	slow := make(chan error, 1)
	go func() {
		resp, err := c.Get("http://" + g.addr + "/slow")
		if err == nil {
			_ = resp.Body.Close()
		}
		slow <- err
	}()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			for j := range 4 {
				body := strings.Repeat("x", i*j*500)
				resp, err := c.Post("http://"+g.addr+"/", "text/plain", strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				b, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err != nil || string(b) != fmt.Sprint(len(body)) {
					t.Errorf("%q %v", b, err)
				}
			}
		})
	}
	wg.Wait()
	close(hold)
	if err := <-slow; err != nil {
		t.Error(err)
	}
}

// TestH2ClientLeaves: a client that resets its stream ends the upstream's work.
func TestH2ClientLeaves(t *testing.T) {
	began, ended := make(chan struct{}), make(chan struct{})
	up := origin(t, func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		close(ended)
	})
	g, c := newH2(t, up, Config{}, func(r *route.Route) { r.Timeouts.Read = 0 })
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-began; cancel() }()
	if _, err := c.Do(request(t, "GET", "http://"+g.addr+"/", nil).WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the upstream still works for a client that has left")
	}
	if rec := g.records.wait(t, 1); rec.Reason != reason.ClientClosed {
		t.Errorf("the record says %q", rec.Reason)
	}
}

func TestH2Refusals(t *testing.T) {
	f := newRecorder(t, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
	g, c := newH2(t, f.addr, Config{Limits: Limits{BodyBytes: 10_000, HeadBytes: 4096}}, nil)
	for name, k := range map[string]struct {
		edit   func(*http.Request)
		status int
		code   string
	}{
		"path":   {func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/%00", "/%2500" }, 200, ""},
		"climbs": {func(r *http.Request) { r.URL.Opaque = "/../../x" }, 400, "bad-request"},
		"body": {func(r *http.Request) {
			r.Method, r.Body, r.ContentLength = "POST", io.NopCloser(bytes.NewReader(make([]byte, 20_000))), 20_000
		}, 413, "body-too-large"},
		"long body": {func(r *http.Request) { r.Method, r.Body = "POST", io.NopCloser(bytes.NewReader(make([]byte, 200_000))) }, 413, "body-too-large"},
		"options":   {func(r *http.Request) { r.Method, r.URL.Opaque = "OPTIONS", "*" }, 204, ""},
	} {
		r := request(t, "GET", "http://"+g.addr+"/", nil)
		k.edit(r)
		resp, err := c.Do(r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != k.status || !strings.Contains(string(b), k.code) {
			t.Errorf("%s: %d %s", name, resp.StatusCode, b)
		}
	}
	s, err := rawH2(t, g.addr).Open()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	q := &h2.Head{Method: "GET", Scheme: "http", Authority: "a", Path: "/", Length: -1}
	q.Header.Add("x-large", strings.Repeat("x", 5000))
	if _, err = s.Request(q, nil, true); err != nil {
		t.Fatal(err)
	}
	if h, err := s.Await(); err != nil || h.Status != 431 {
		t.Errorf("a head that is too large: %+v, %v", h, err)
	}
}

// TestH2Drain: a drain lets the streams that are open end, and no new ones begin.
func TestH2Drain(t *testing.T) {
	began, hold := make(chan struct{}), make(chan struct{})
	up := origin(t, func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-hold
		_, _ = io.WriteString(w, "whole")
	})
	g, c := newH2(t, up, Config{}, func(r *route.Route) { r.Timeouts.Read = 0 })
	answer := make(chan string, 1)
	go func() {
		resp, err := c.Get("http://" + g.addr + "/")
		if err != nil {
			answer <- err.Error()
			return
		}
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		answer <- fmt.Sprint(string(b), err)
	}()
	<-began
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		done <- g.srv.Drain(ctx)
	}()
	select {
	case err := <-done:
		t.Fatalf("the drain did not wait for the stream: %v", err)
	case <-time.After(span):
	}
	close(hold)
	if got := <-answer; got != "whole<nil>" {
		t.Errorf("the answer during the drain is %q", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestH2Idle: a connection without streams ends after its time.
func TestH2Idle(t *testing.T) {
	f := newRecorder(t, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
	g, c := newH2(t, f.addr, Config{Limits: Limits{IdleTimeout: span}}, nil)
	do(t, c, request(t, "GET", "http://"+g.addr+"/", nil))
	for end := time.Now().Add(20 * time.Second); g.srv.Connections() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("an idle connection stays")
		}
	}
}
