package h2

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// client runs a connection to an address until the test ends.
type client struct {
	*Conn
	wc   *wire.Conn
	done chan struct{}
	err  error
}

func connect(t testing.TB, addr string, cfg Config) *client {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return runClient(t, nc, cfg)
}

func runClient(t testing.TB, nc net.Conn, cfg Config) *client {
	wc := wire.New(nc)
	c := &client{Conn: NewClient(wc, cfg), wc: wc, done: make(chan struct{})}
	go func() {
		c.err = c.Run()
		wc.Close()
		close(c.done)
	}()
	t.Cleanup(func() {
		c.Interrupt()
		c.wait(t)
	})
	return c
}

func (c *client) wait(t testing.TB) error {
	t.Helper()
	select {
	case <-c.done:
		return c.err
	case <-time.After(patience):
		t.Fatal("the client does not end")
		return nil
	}
}

// start begins a stream, and waits while the peer allows none.
func (c *client) start(t testing.TB) *Stream {
	t.Helper()
	var s *Stream
	eventually(t, "a stream", func() bool {
		var err error
		if s, err = c.Open(); err != nil && err != ErrFull {
			t.Error(err)
			return true
		}
		return err == nil
	})
	return s
}

func ask(method, path string, length int64, pairs ...string) *Head {
	q := &Head{Method: method, Scheme: "http", Authority: "a.example", Path: path, Length: length}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Header.Add(pairs[i], pairs[i+1])
	}
	return q
}

// netServer serves a handler with net/http's server.
func netServer(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	ln := listen(t)
	srv := &http.Server{Handler: h, Protocols: new(http.Protocols), ErrorLog: log.New(io.Discard, "", 0)}
	srv.Protocols.SetUnencryptedHTTP2(true)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return ln.Addr().String()
}

func TestClientAgainstNet(t *testing.T) {
	addr := netServer(t, func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/echo":
			w.Header().Set("x-host", q.Host)
			w.Header().Set("x-some", q.Header.Get("x-some"))
			w.Header().Set("Trailer", "x-end")
			_, _ = io.Copy(w, q.Body)
			w.Header().Set("x-end", q.Trailer.Get("x-sum"))
		case "/interim":
			w.Header().Set("link", "</a>; rel=preload")
			w.WriteHeader(103)
			w.WriteHeader(103)
			_, _ = io.WriteString(w, "final")
		case "/none":
			w.WriteHeader(204)
		case "/panic":
			_, _ = io.WriteString(w, "part")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		default:
			_, _ = io.WriteString(w, q.Method)
		}
	})
	c := connect(t, addr, Config{})
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Run("bodies", func(t *testing.T) {
		for _, size := range []int{0, 1, 70000, 2 << 20} {
			testEcho(t, c, size)
		}
	})
	t.Run("interim", func(t *testing.T) {
		s := c.start(t)
		defer s.Close()
		_, _ = s.Request(ask("GET", "/interim", -1), nil, true)
		for _, want := range []int{103, 103, 200} {
			h, err := s.Await()
			if err != nil || h.Status != want {
				t.Fatalf("got %v, %v; want %d", h, err, want)
			}
			if v, _ := h.Header.Get("Link"); v == "" {
				t.Errorf("%d has no link", h.Status)
			}
		}
		if b, err := readAll(s); string(b) != "final" || err != nil {
			t.Errorf("got %q, %v", b, err)
		}
		if _, err := s.Await(); err != io.EOF {
			t.Errorf("after the final head: %v", err)
		}
	})
	t.Run("HEAD and 204", func(t *testing.T) {
		for _, q := range []*Head{ask("HEAD", "/", -1), ask("GET", "/none", -1)} {
			s := c.start(t)
			_, _ = s.Request(q, nil, true)
			h, err := s.Await()
			if err != nil || h.Status/100 != 2 {
				t.Fatalf("got %v, %v", h, err)
			}
			if b, err := readAll(s); len(b) > 0 || err != nil {
				t.Errorf("got %q, %v", b, err)
			}
			if q.Method == "HEAD" && h.Length != 4 {
				t.Errorf("length %d, want 4", h.Length)
			}
			s.Close()
		}
	})
	t.Run("reset", func(t *testing.T) {
		s := c.start(t)
		defer s.Close()
		gone := make(chan bool)
		s.Gone(func() { close(gone) })
		_, _ = s.Request(ask("GET", "/panic", -1), nil, true)
		if _, err := s.Await(); err != nil {
			t.Fatal(err)
		}
		<-gone
		if _, err := readAll(s); err != (ErrReset{Code: InternalError}) {
			t.Errorf("got %v", err)
		}
	})
	eventually(t, "no stream", func() bool { return c.Streams() == 0 })
}

func testEcho(t *testing.T, c *client, size int) {
	t.Helper()
	s := c.start(t)
	defer s.Close()
	want := big(size)
	q := ask("POST", "/echo", -1, "X-Some", "v", "Connection", "close", "X-Bad", "a\nb")
	q.Header.Add("trailer", "x-sum")
	n, err := s.Request(q, want, false)
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := s.Write(want[n:])
		var h filter.Header
		h.Add("X-Sum", "42")
		if err == nil {
			err = s.End(&h)
		}
		sent <- err
	}()
	h, err := s.Await()
	if err != nil {
		t.Fatal(err)
	}
	host, _ := h.Header.Get("x-host")
	some, _ := h.Header.Get("x-some")
	if h.Status != 200 || host != "a.example" || some != "v" {
		t.Errorf("got %+v", h)
	}
	got, err := readAll(s)
	if string(got) != string(want) || err != nil {
		t.Errorf("%d bytes came back as %d, %v", size, len(got), err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	if s.Trailer() == nil {
		t.Error("no trailer")
	} else if v, _ := s.Trailer().Get("x-end"); v != "42" {
		t.Errorf("trailer %v", s.Trailer().Fields())
	}
}

// ours runs a test with our client and our server, over plain TCP and over TLS.
func ours(t *testing.T, cfg Config, handle func(*Stream), test func(t *testing.T, c *client)) {
	both(t, func(t *testing.T, sc, cc *tls.Config) {
		srv := serve(t, cfg, sc, handle)
		nc, err := net.Dial("tcp", srv.addr)
		if err != nil {
			t.Fatal(err)
		}
		if cc != nil {
			nc = tls.Client(nc, cc)
		}
		test(t, runClient(t, nc, Config{StreamWindow: cfg.StreamWindow}))
	})
}

func TestOursConcurrent(t *testing.T) {
	ours(t, Config{MaxStreams: 10, StreamWindow: 5000}, echo, func(t *testing.T, c *client) {
		if err := c.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range 30 {
			all.Go(func() {
				for j := range 5 {
					s := c.start(t)
					want := strings.Repeat(fmt.Sprintf("%d-%d ", i, j), 3000)
					n, err := s.Request(ask("POST", "/", int64(len(want))), []byte(want), true)
					if err != nil {
						t.Error(err)
					}
					sent := make(chan bool)
					go func() {
						defer close(sent)
						if n < len(want) {
							if _, err := s.Finish([]byte(want)[n:]); err != nil {
								t.Error(err)
							}
						}
					}()
					if h, err := s.Await(); err != nil || h.Status != 200 {
						t.Errorf("got %v, %v", h, err)
					}
					if got, err := readAll(s); string(got) != want || err != nil {
						t.Errorf("%d bytes came back as %d, %v", len(want), len(got), err)
					}
					<-sent
					s.Close()
				}
			})
		}
		all.Wait()
	})
}

// TestExtendedConnect: bytes pass both ways on one stream (RFC 8441).
func TestExtendedConnect(t *testing.T) {
	tunnel := func(s *Stream) {
		if s.Head().Protocol != "websocket" || s.Head().Path != "/ws" {
			respond(s, 400, "")
			return
		}
		echo(s)
	}
	ours(t, Config{Connect: true}, tunnel, func(t *testing.T, c *client) {
		if err := c.Ping(t.Context()); err != nil || !c.Connect() {
			t.Fatalf("extended CONNECT is not announced; %v", err)
		}
		s := c.start(t)
		defer s.Close()
		q := ask("CONNECT", "/ws", -1)
		q.Protocol = "websocket"
		if _, err := s.Request(q, nil, false); err != nil {
			t.Fatal(err)
		}
		if h, err := s.Await(); err != nil || h.Status != 200 {
			t.Fatalf("got %v, %v", h, err)
		}
		buf := make([]byte, 100)
		for i := range 20 {
			_, _ = fmt.Fprintf(writer{s}, "message %d", i)
			n, err := s.Read(buf)
			if want := fmt.Sprintf("message %d", i); string(buf[:n]) != want || err != nil {
				t.Fatalf("got %q, %v", buf[:n], err)
			}
		}
		_ = s.CloseWrite()
		if _, err := s.Read(buf); err != io.EOF {
			t.Error(err)
		}
	})
	ours(t, Config{}, tunnel, func(t *testing.T, c *client) {
		_ = c.Ping(t.Context())
		s := c.start(t)
		defer s.Close()
		q := ask("CONNECT", "/ws", -1)
		q.Protocol = "websocket"
		if _, err := s.Request(q, nil, false); err != ErrNoConnect {
			t.Errorf("got %v, want ErrNoConnect", err)
		}
	})
}

// writer writes a stream.
type writer struct{ s *Stream }

func (w writer) Write(p []byte) (int, error) { return w.s.Write(p) }

func TestPingEnds(t *testing.T) {
	ln := listen(t)
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			defer nc.Close() // it never answers
		}
	}()
	c := connect(t, ln.Addr().String(), Config{})
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if err := c.Ping(ctx); err != context.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
	go func() { time.Sleep(20 * time.Millisecond); c.Interrupt() }()
	if err := c.Ping(t.Context()); err != ErrGone {
		t.Errorf("got %v", err)
	}
	if err := c.wait(t); err != wire.ErrInterrupted {
		t.Errorf("Run: %v", err)
	}
}
