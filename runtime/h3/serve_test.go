package h3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"

	"github.com/lintel-gateway/lintel/runtime/proxy"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

// sums answers with the request in words, and with its content; the trailer has the sum of
// that.
func sums(w http.ResponseWriter, r *http.Request) {
	announced := fmt.Sprint(slices.Sorted(maps.Keys(r.Trailer)))
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.Header().Set("trailer", "x-sum")
	w.Header().Set("x-seen", fmt.Sprintf("%s %s %s %d %v", r.Proto, r.Method, r.RequestURI, r.ContentLength, r.Trailer))
	w.Header().Set("x-announced", announced)
	w.Header().Set("x-via", r.Header.Get("via")+" "+r.Header.Get("x-forwarded-proto"))
	_, _ = w.Write(b)
	w.Header().Set("x-sum", fmt.Sprintf("%x", sha256.Sum256(b)))
}

// TestExchange: requests without content and with some, small and large, come up and their
// answers down, in order with their trailers, over one connection.
func TestExchange(t *testing.T) {
	g := start(t, sums, proxy.Limits{}, nil)
	c := g.client(t, nil)
	r, _ := g.get(t, c, "/a?b=c")
	if r.Proto != "HTTP/3.0" || r.StatusCode != 200 || r.Header.Get("x-seen") != "HTTP/1.1 GET /a?b=c 0 map[]" || r.Header.Get("x-via") != "3 lintel https" {
		t.Errorf("%s %d %v", r.Proto, r.StatusCode, r.Header)
	}
	if rec := g.record(t, 1); rec.Protocol != "HTTP/3" || rec.Status != 200 || rec.Client != "127.0.0.1" {
		t.Errorf("record %+v", rec)
	}
	big := make([]byte, 3<<20)
	for i := range big {
		big[i] = byte(rand.Uint32())
	}
	for i, body := range [][]byte{[]byte("small"), big} {
		for _, known := range []bool{true, false} {
			q, _ := http.NewRequest("POST", "https://"+g.addr+"/", io.MultiReader(bytes.NewReader(body)))
			if q.ContentLength = -1; known {
				q.ContentLength = int64(len(body))
			} else {
				q.Trailer = http.Header{"X-Late": {"yes"}}
			}
			r, err := c.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r.Body)
			if err != nil || !bytes.Equal(got, body) || r.Trailer.Get("x-sum") != fmt.Sprintf("%x", sha256.Sum256(body)) {
				t.Errorf("%d, known %v: %d bytes, trailer %v, %v", i, known, len(got), r.Trailer, err)
			}
			late, announced := strings.Contains(r.Header.Get("x-seen"), "map[X-Late:[yes]]"), r.Header.Get("x-announced") == "[X-Late]"
			if late == known || announced == known {
				t.Errorf("%d, known %v: upstream saw %s, announced %s", i, known, r.Header.Get("x-seen"), r.Header.Get("x-announced"))
			}
			_ = r.Body.Close()
		}
	}
	if n := g.marks.Count(telemetry.HandshakeFull); n != 1 {
		t.Errorf("%d handshakes", n)
	}
	if n := g.engine.Connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestMany: many requests at once, each gets its own answer.
func TestMany(t *testing.T) {
	g := start(t, sums, proxy.Limits{Streams: 8}, nil)
	c := g.client(t, nil)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			body := strings.Repeat(fmt.Sprint(i, " "), 1000)
			r, err := c.Post("https://"+g.addr+"/", "text/plain", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Body.Close()
			if got, err := io.ReadAll(r.Body); err != nil || string(got) != body {
				t.Errorf("%d: %d bytes, %v", i, len(got), err)
			}
		})
	}
	all.Wait()
}

// TestInterim: a response that comes before the response reaches the client.
func TestInterim(t *testing.T) {
	g := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("link")
		_, _ = w.Write([]byte("whole"))
	}, proxy.Limits{}, nil)
	type interim struct {
		code int
		link string
	}
	var got []interim
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		got = append(got, interim{code, h.Get("link")})
		return nil
	}}
	q, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), "GET", "https://"+g.addr+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := g.client(t, nil).Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || string(b) != "whole" || r.StatusCode != 200 || r.Header.Get("link") != "" {
		t.Errorf("%d %q %v, %v", r.StatusCode, b, r.Header, err)
	}
	if want := []interim{{103, "</style.css>; rel=preload"}}; !slices.Equal(got, want) {
		t.Errorf("interim responses %v, want %v", got, want)
	}
}

// TestSlowReader: an upstream is read no faster than the client reads, and a client that
// rests gets all of it in the end.
func TestSlowReader(t *testing.T) {
	const size, piece = 64 << 20, 64 << 10
	var sent atomic.Int64
	g := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("content-length", strconv.Itoa(size))
		block := make([]byte, piece)
		for range size / piece {
			n, err := w.Write(block)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}, proxy.Limits{}, nil)
	r, err := g.client(t, nil).Get("https://" + g.addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.ReadFull(r.Body, make([]byte, piece)); err != nil {
		t.Fatal(err)
	}
	// What windows and sockets hold, and no more.
	stands := int64(-1)
	eventually(t, "the upstream is not read on", func() bool {
		before := stands
		stands = sent.Load()
		time.Sleep(200 * time.Millisecond)
		return before == stands
	})
	if stands > size/2 {
		t.Errorf("the upstream has sent %d bytes while the client rests", stands)
	}
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil || n != size-piece {
		t.Errorf("%d bytes after the rest, %v", n, err)
	}
}

// TestLimits: what is too much is refused, and the connection serves on.
func TestLimits(t *testing.T) {
	g := start(t, sums, proxy.Limits{HeadBytes: 4096, Fields: 20, BodyBytes: 1000}, nil)
	c := g.client(t, nil)
	for i, one := range []struct {
		edit func(*http.Request)
		want int
	}{
		{func(q *http.Request) { q.Header.Set("x-long", strings.Repeat("a", 4096)) }, 431},
		{func(q *http.Request) {
			for i := range 21 {
				q.Header.Set(fmt.Sprint("x-", i), "1")
			}
		}, 431},
		{func(q *http.Request) { q.ContentLength = 1001 }, 413},
		{func(q *http.Request) { q.ContentLength = -1 }, 413},
		{func(q *http.Request) {
			// Without a body: whether it or the path is judged first is a matter of time.
			q.Body, q.ContentLength, q.URL.Opaque = nil, 0, "//"+g.addr+"/../a"
		}, 400},
		{func(q *http.Request) { q.Body, q.ContentLength = nil, 0 }, 200},
	} {
		q, _ := http.NewRequest("POST", "https://"+g.addr+"/", io.MultiReader(strings.NewReader(strings.Repeat("b", 1001))))
		one.edit(q)
		r, err := c.Do(q)
		if err != nil {
			t.Errorf("%d: %v", i, err)
			continue
		}
		_ = r.Body.Close()
		if r.StatusCode != one.want {
			t.Errorf("%d: %d, want %d", i, r.StatusCode, one.want)
		}
	}
	if n := g.marks.Count(telemetry.HandshakeFull); n != 1 {
		t.Errorf("%d connections were needed", n)
	}
}

// TestConnections: a connection over the limit, of all or of a source, is refused before
// its handshake and counted.
func TestConnections(t *testing.T) {
	for _, lim := range []proxy.Limits{{Connections: 1}, {ConnectionsPerSource: 1}} {
		g := start(t, sums, lim, nil)
		g.get(t, g.client(t, nil), "/")
		if _, err := g.client(t, nil).Get("https://" + g.addr + "/"); err == nil {
			t.Errorf("%+v: a second connection is served", lim)
		}
		why := telemetry.RefusedConnections
		if lim.ConnectionsPerSource > 0 {
			why = telemetry.RefusedSource
		}
		if g.guard.Refusals(why) == 0 {
			t.Errorf("%+v: the refusal is not counted", lim)
		}
	}
}

// TestGone: a client that gives a request up takes the upstream's with it, and its
// connection serves on.
func TestGone(t *testing.T) {
	in, gone := make(chan struct{}, 2), make(chan struct{}, 2)
	g := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			return
		}
		in <- struct{}{}
		if r.URL.Path == "/begun" {
			w.WriteHeader(200)
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
		gone <- struct{}{}
	}, proxy.Limits{}, nil)
	c := g.client(t, nil)
	for i, path := range []string{"/begun", "/silent"} {
		ctx, cancel := context.WithCancel(t.Context())
		q, _ := http.NewRequestWithContext(ctx, "GET", "https://"+g.addr+path, nil)
		go func() {
			<-in
			time.Sleep(100 * time.Millisecond) // a head may be on its way
			cancel()
		}()
		r, err := c.Do(q)
		if err == nil {
			_, err = io.ReadAll(r.Body)
			_ = r.Body.Close()
		}
		if err == nil || ctx.Err() == nil {
			t.Fatalf("%s: answered, %v", path, err)
		}
		select {
		case <-gone:
		case <-time.After(patience):
			t.Fatalf("%s: the upstream goes on", path)
		}
		if rec := g.record(t, i+1); rec.Reason != reason.ClientClosed {
			t.Errorf("%s: %+v", path, rec)
		}
	}
	g.get(t, c, "/")
	if n := g.marks.Count(telemetry.HandshakeFull); n != 1 {
		t.Errorf("%d connections were needed", n)
	}
}

// TestBroken: a response that breaks off upstream is no whole one for the client.
func TestBroken(t *testing.T) {
	g := start(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("part"))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}, proxy.Limits{}, nil)
	r, err := g.client(t, nil).Get("https://" + g.addr + "/")
	if err != nil {
		return // the reset may overtake the head
	}
	defer r.Body.Close()
	if b, err := io.ReadAll(r.Body); err == nil {
		t.Errorf("%q passes for a whole response", b)
	}
}

// TestDrain: a request in flight ends well, its client is told to open no more, and one
// that keeps its connection does not hold the gateway up.
func TestDrain(t *testing.T) {
	in, out := make(chan struct{}), make(chan struct{})
	g := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			return
		}
		close(in)
		<-out
		_, _ = w.Write([]byte("done"))
	}, proxy.Limits{}, nil)
	answer := make(chan string, 1)
	c := g.client(t, nil)
	go func() {
		r, err := c.Get("https://" + g.addr + "/")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		answer <- fmt.Sprint(string(b), err)
	}()
	<-in
	drained := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		drained <- g.engine.Drain(ctx)
	}()
	eventually(t, "no new connection is served", func() bool {
		r, err := g.client(t, nil).Get("https://" + g.addr + "/new")
		if err == nil {
			_ = r.Body.Close()
		}
		return err != nil
	})
	close(out)
	if got := <-answer; got != "done<nil>" {
		t.Errorf("the request in flight: %s", got)
	}
	if err := <-drained; err != nil {
		t.Errorf("drain: %v", err)
	}
}

// TestCertificates: new connections get the certificate of the moment; a client's own goes
// up with its requests, and without one there is no handshake.
func TestCertificates(t *testing.T) {
	g := start(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("x-client-cert-subject"))
	}, proxy.Limits{}, nil)
	named := func(name string) func(*tls.Config) { return func(c *tls.Config) { c.ServerName = name } }
	old := g.client(t, nil)
	g.get(t, old, "/")
	g.use(t, "b.example", nil)
	g.get(t, g.client(t, named("b.example")), "/")
	g.get(t, old, "/")
	g.use(t, "a.example", func(c *tls.Config) { c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, g.root.Pool })
	if _, err := g.client(t, nil).Get("https://" + g.addr + "/"); err == nil {
		t.Error("a client without a certificate is served")
	}
	// A client that learns of it after its own part of the handshake tries once more.
	eventually(t, "the handshake is counted", func() bool { return g.marks.Count(telemetry.HandshakeClientCertificate) >= 1 })
	who := g.issue(t, "me.example")
	_, body := g.get(t, g.client(t, func(c *tls.Config) { c.Certificates = []tls.Certificate{who} }), "/")
	if body != "CN=me.example" {
		t.Errorf("upstream saw %q", body)
	}
}

// tickets counts what it keeps.
type tickets struct {
	tls.ClientSessionCache
	put atomic.Int64
}

func (c *tickets) Put(key string, s *tls.ClientSessionState) {
	c.ClientSessionCache.Put(key, s)
	if s != nil {
		c.put.Add(1)
	}
}

// TestResumed: a session is resumed, and never with data before the handshake is done.
func TestResumed(t *testing.T) {
	g := start(t, sums, proxy.Limits{}, nil)
	cache := &tickets{ClientSessionCache: tls.NewLRUClientSessionCache(8)}
	for range 2 {
		had := cache.put.Load()
		c := g.client(t, func(c *tls.Config) { c.ClientSessionCache = cache })
		g.get(t, c, "/")
		eventually(t, "the ticket comes", func() bool { return cache.put.Load() > had })
		_ = c.Transport.(*http3.Transport).Close()
	}
	if n := g.marks.Count(telemetry.HandshakeResumed); n != 1 {
		t.Errorf("%d sessions were resumed", n)
	}
}

// TestIdle: a connection without requests ends.
func TestIdle(t *testing.T) {
	g := start(t, sums, proxy.Limits{IdleTimeout: 3 * time.Second}, nil)
	g.get(t, g.client(t, nil), "/")
	eventually(t, "the connection ends", func() bool { return g.engine.Connections() == 0 })
}
