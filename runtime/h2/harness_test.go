package h2

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// patience bounds what must happen; the machine may be slow.
const patience = 30 * time.Second

// listen gives a listener on the loopback that ends with the test.
func listen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

// server serves every connection of a listener until the test ends.
type server struct {
	addr string
	mu   sync.Mutex
	all  []*Conn
	errs chan error // how each connection ended
}

func serve(t testing.TB, cfg Config, secure *tls.Config, handle func(*Stream)) *server {
	t.Helper()
	ln := listen(t)
	srv := &server{addr: ln.Addr().String(), errs: make(chan error, 1024)}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { srv.one(nc, cfg, secure, handle) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		srv.each((*Conn).Interrupt)
		done := make(chan bool)
		go func() { all.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(patience):
			buf := make([]byte, 1<<20)
			t.Errorf("connections of the server do not end:\n%s", buf[:runtime.Stack(buf, true)])
		}
	})
	return srv
}

func (srv *server) one(nc net.Conn, cfg Config, secure *tls.Config, handle func(*Stream)) {
	wc := wire.New(nc)
	if secure != nil {
		wc = wire.NewTLS(nc, secure)
		if _, err := wc.Handshake(); err != nil {
			wc.Close()
			return
		}
	}
	c := NewServer(wc, cfg)
	srv.mu.Lock()
	srv.all = append(srv.all, c)
	srv.mu.Unlock()
	err := c.Serve(nil, handle)
	wc.Close()
	select {
	case srv.errs <- err:
	default:
	}
}

func (srv *server) each(f func(*Conn)) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for _, c := range srv.all {
		f(c)
	}
}

// ended gives how the next connection ended.
func (srv *server) ended(t testing.TB) error {
	t.Helper()
	select {
	case err := <-srv.errs:
		return err
	case <-time.After(patience):
		buf := make([]byte, 1<<20)
		t.Fatalf("the connection does not end:\n%s", buf[:runtime.Stack(buf, true)])
		return nil
	}
}

// certificates makes the TLS of a server and of its clients.
func certificates(t testing.TB) (srv, cli *tls.Config) {
	t.Helper()
	forServer, forClient, err := authority.ServerAndClient("a.example")
	if err != nil {
		t.Fatal(err)
	}
	forServer.NextProtos, forClient.NextProtos = []string{"h2"}, []string{"h2"}
	return forServer, forClient
}

// transport is net/http's client of a server.
func transport(t testing.TB, addr string, secure *tls.Config) *http.Transport {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	}
	tr := &http.Transport{DialContext: dial, TLSClientConfig: secure, Protocols: new(http.Protocols)}
	if tr.Protocols.SetHTTP2(true); secure == nil {
		tr.Protocols = new(http.Protocols)
		tr.Protocols.SetUnencryptedHTTP2(true)
	}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// origin is what the URLs of a server begin with.
func origin(secure *tls.Config) string {
	if secure != nil {
		return "https://a.example"
	}
	return "http://a.example"
}

func get(t testing.TB, tr http.RoundTripper, method, url string, body io.Reader, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

// respond sends a whole response.
func respond(s *Stream, status int, body string, fields ...string) {
	var h filter.Header
	for i := 0; i+1 < len(fields); i += 2 {
		h.Add(fields[i], fields[i+1])
	}
	n, err := s.Respond(status, &h, int64(len(body)), []byte(body), true)
	if err == nil && n < len(body) {
		_, _ = s.Finish([]byte(body)[n:])
	}
}

// readAll reads a stream's content to its end.
func readAll(s *Stream) ([]byte, error) {
	var all []byte
	buf := make([]byte, 4096)
	for {
		n, err := s.Read(buf)
		all = append(all, buf[:n]...)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%s does not come to be:\n%s", what, buf[:runtime.Stack(buf, true)])
		}
	}
}
