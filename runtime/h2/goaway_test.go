package h2

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// TestGoAwayServer: the end is announced; requests that are on their way are served;
// then the last stream is named, and the connection ends with it.
func TestGoAwayServer(t *testing.T) {
	release := make(chan bool)
	srv := serve(t, Config{}, nil, func(s *Stream) {
		<-release
		respond(s, 200, s.Head().Path)
	})
	r := dialRaw(t, srv.addr)
	r.ask(1, true, request())
	r.silence()
	srv.each((*Conn).GoAway)
	srv.each((*Conn).GoAway) // does nothing
	a := r.until(func(a *answer) bool { return a.goAway != nil })
	if *a.goAway != NoError || a.last != maxStreamID {
		t.Fatalf("got %+v", a)
	}
	r.ask(3, true, request()) // crosses it
	f, err := r.ReadFrame()
	p, ok := f.(*http2.PingFrame)
	if err != nil || !ok {
		t.Fatalf("got %v, %v, want a PING", f, err)
	}
	_ = r.WritePing(true, p.Data)
	a = r.until(func(a *answer) bool { return a.goAway != nil })
	if *a.goAway != NoError || a.last != 3 {
		t.Fatalf("got %+v", a)
	}
	r.ask(5, true, request()) // not taken, and nothing is said of it
	r.silence()
	close(release)
	a = r.until(func(*answer) bool { return false })
	if len(a.ended) != 2 || len(a.resets) > 0 || !a.eof {
		t.Errorf("got %+v", a)
	}
	if err := srv.ended(t); err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// TestGoAwayWithoutAnswer: a client that does not answer the PING holds nothing up.
func TestGoAwayWithoutAnswer(t *testing.T) {
	srv := serve(t, Config{}, nil, hold)
	r := dialRaw(t, srv.addr)
	r.silence()
	start := time.Now()
	srv.each((*Conn).GoAway)
	if err := srv.ended(t); err != nil || time.Since(start) < awayWait/2 {
		t.Errorf("Serve: %v after %v", err, time.Since(start))
	}
}

// TestGoAwayUnderLoad: net/http's client loses no request to connections that are told to
// end again and again.
func TestGoAwayUnderLoad(t *testing.T) {
	srv := serve(t, Config{}, nil, echo)
	tr := transport(t, srv.addr, nil)
	var stop atomic.Bool
	ended := make(chan bool)
	go func() {
		defer close(ended)
		for !stop.Load() {
			time.Sleep(10 * time.Millisecond)
			srv.each((*Conn).GoAway)
		}
	}()
	for range 300 {
		req, _ := http.NewRequest("POST", origin(nil)+"/", strings.NewReader("body"))
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if string(b) != "body" || err != nil {
			t.Fatalf("got %q, %v", b, err)
		}
	}
	stop.Store(true)
	<-ended
}

// TestEndThatWakesNobody: an end of stream that comes with the last bytes is seen.
func TestEndThatWakesNobody(t *testing.T) {
	srv := serve(t, Config{}, nil, echo)
	for range 20 {
		r := dialRaw(t, srv.addr)
		r.ask(1, true, request())
		r.until(func(a *answer) bool { return len(a.ended) > 0 })
		r.ask(3, true, request())
		_ = r.nc.Close()
		if err := srv.ended(t); err != nil {
			t.Logf("Serve: %v", err) // a reset, when our response crossed the close
		}
	}
}

// TestIdleGivesBack: a connection without streams keeps no goroutine but its reader's,
// and no buffer.
func TestIdleGivesBack(t *testing.T) {
	srv := serve(t, Config{}, nil, echo)
	r := dialRaw(t, srv.addr)
	for i := range 20 {
		r.ask(uint32(2*i+1), true, request())
	}
	r.until(func(a *answer) bool { return len(a.ended) == 20 })
	srv.each(func(c *Conn) {
		eventually(t, "an idle connection", func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return len(c.idle) == 0 && c.free == nil && c.out == nil && !c.looking
		})
	})
	r.ask(41, true, request()) // and goes on
	r.until(func(a *answer) bool { return len(a.ended) == 1 })
}
