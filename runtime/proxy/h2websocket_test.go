package proxy

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// rawH2 is a client of package h2.
func rawH2(t testing.TB, addr string) *h2.Conn {
	t.Helper()
	conn := h2.NewClient(wire.New(dial(t, addr)), h2.Config{})
	done := make(chan struct{})
	go func() { defer close(done); _ = conn.Run() }()
	t.Cleanup(func() { conn.Interrupt(); <-done })
	return conn
}

// TestH2WebSocket: a WebSocket on a stream is one of HTTP/1.1 for the upstream.
func TestH2WebSocket(t *testing.T) {
	up := origin(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" || r.Header.Get("upgrade") != "websocket" || r.Header.Get("sec-websocket-version") != "13" {
			http.Error(w, "no WebSocket", 400)
			return
		}
		nc, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer nc.Close()
		h := opening{key: r.Header.Get("sec-websocket-key")}
		if r.URL.Path == "/wrong" {
			h.key = "x"
		}
		_, _ = fmt.Fprintf(nc, "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: %s\r\nsec-websocket-protocol: chat\r\n\r\nhello", h.accept())
		_, _ = io.Copy(nc, rw)
	})
	g, _ := newH2(t, up, Config{}, nil)
	conn := rawH2(t, g.addr)
	open := func(path string) (*h2.Stream, *h2.Head) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); !conn.Connect(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("extended CONNECT is not announced")
			}
		}
		s, err := conn.Open()
		if err != nil {
			t.Fatal(err)
		}
		q := &h2.Head{Method: "CONNECT", Protocol: "websocket", Scheme: "http", Authority: "a", Path: path, Length: -1}
		q.Header.Add("sec-websocket-version", "13")
		q.Header.Add("sec-websocket-protocol", "chat")
		if _, err = s.Request(q, nil, false); err != nil {
			t.Fatal(err)
		}
		h, err := s.Await()
		if err != nil {
			t.Fatal(err)
		}
		return s, h
	}
	s, h := open("/")
	if v, _ := h.Header.Get("sec-websocket-protocol"); h.Status != 200 || v != "chat" {
		t.Fatalf("%+v", h)
	}
	if _, ok := h.Header.Get("sec-websocket-accept"); ok {
		t.Error("sec-websocket-accept was passed on")
	}
	b := make([]byte, 5)
	if _, err := io.ReadFull(s, b); err != nil || string(b) != "hello" {
		t.Fatalf("%q %v", b, err)
	}
	for range 3 {
		if _, err := s.Write([]byte("frame")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(s, b); err != nil || string(b) != "frame" {
			t.Fatalf("%q %v", b, err)
		}
	}
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Read(b); n != 0 || err != io.EOF {
		t.Errorf("after the end: %d %v", n, err)
	}
	s.Close()
	if rec := g.records.wait(t, 1); !rec.Upgraded || rec.Status != 200 || rec.BytesIn != 15 || rec.BytesOut != 20 {
		t.Errorf("the record is %+v", rec)
	}
	s, h = open("/wrong")
	if h.Status != 502 {
		t.Errorf("an upstream that did not read the key: %d", h.Status)
	}
	s.Close()
}
