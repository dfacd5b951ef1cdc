package h2

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// TestLargeHead: a head that is too long for one frame goes on in CONTINUATION, both ways.
func TestLargeHead(t *testing.T) {
	ours(t, Config{HeadBytes: 256 << 10}, echo, func(t *testing.T, c *client) {
		for _, n := range []int{16380, 16384, 20000, 40000, 60000} {
			s := c.start(t)
			want := string(big(n))
			if _, err := s.Request(ask("GET", "/", -1, "large", want), nil, true); err != nil {
				t.Fatal(err)
			}
			h, err := s.Await()
			if err != nil {
				t.Fatal(err)
			}
			if v, _ := h.Header.Get("x-got-large"); v != want {
				t.Errorf("%d bytes came back as %d", n, len(v))
			}
			s.Close()
		}
	})
}

// TestResponseTooLarge: the client is told of a head that is over its limits.
func TestResponseTooLarge(t *testing.T) {
	ours(t, Config{}, func(s *Stream) { respond(s, 200, "", "large", string(big(70000))) }, func(t *testing.T, c *client) {
		s := c.start(t)
		defer s.Close()
		_, _ = s.Request(ask("GET", "/", -1), nil, true)
		if h, err := s.Await(); err != nil || !h.TooLarge {
			t.Errorf("got %v, %v", h, err)
		}
	})
}

// TestFirst: what was read before Serve is the beginning, also when it is long and ends
// anywhere.
func TestFirst(t *testing.T) {
	var in []byte
	in = appendFrameHead(append(in, Preface...), 0, frameSettings, 0, 0)
	in = append(appendFrameHead(in, len(request()), frameHeaders, flagHeadEnd, 1), request()...)
	want := big(60000)
	for rest := want; len(rest) > 0; {
		n := min(len(rest), 10000)
		end := uint8(0)
		if n == len(rest) {
			end = flagEnd
		}
		in = append(appendFrameHead(in, n, frameData, end, 1), rest[:n]...)
		rest = rest[n:]
	}
	for _, cut := range []int{0, 1, 24, 40, 50000, len(in)} {
		ln := listen(t)
		nc, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		peer, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		wc := wire.New(peer)
		done := make(chan error)
		got := make(chan string, 1)
		go func() {
			c := NewServer(wc, Config{})
			done <- c.Serve(in[:cut], func(s *Stream) {
				b, _ := readAll(s)
				got <- string(b)
			})
		}()
		_, _ = nc.Write(in[cut:])
		if s := <-got; s != string(want) {
			t.Errorf("cut at %d: %d bytes came", cut, len(s))
		}
		_ = nc.Close()
		// What we give back of the windows may cross the close.
		if err := <-done; err != nil && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
			t.Errorf("cut at %d: %v", cut, err)
		}
		wc.Close()
	}
}

// TestStates: what a stream refuses in the state that it is in.
func TestStates(t *testing.T) {
	failed := make(chan string, 100)
	want := func(what string, err, want error) {
		if err != want {
			failed <- what + " gives another error"
		}
	}
	srv := serve(t, Config{}, nil, func(s *Stream) {
		_, err := s.Write([]byte("x"))
		want("content before a head", err, ErrEnded)
		want("an end before a head", s.End(nil), ErrEnded)
		_, err = s.Respond(101, nil, -1, nil, false)
		want("status 101", err, ErrEnded)
		_, err = s.Request(ask("GET", "/", -1), nil, true)
		want("a request", err, ErrEnded)
		_, err = s.Respond(103, nil, 5, nil, true)
		want("an interim head", err, nil)
		_, err = s.Respond(200, nil, -1, []byte("x"), false)
		want("a head", err, nil)
		_, err = s.Respond(200, nil, -1, nil, false)
		want("another head", err, ErrEnded)
		var dropped filter.Header
		dropped.Add("connection", "close")
		want("an end with a trailer of which nothing is sent", s.End(&dropped), nil)
		want("another end", s.End(nil), ErrEnded)
		_, err = s.Finish([]byte("x"))
		want("content after the end", err, ErrEnded)
		s.Reset(Cancel) // does nothing: both sides have ended
		s.Close()
		s.Close()
		close(failed)
	})
	r := dialRaw(t, srv.addr)
	r.ask(1, true, request())
	a := r.until(func(a *answer) bool { return len(a.ended) > 0 })
	for what := range failed {
		t.Error(what)
	}
	if h := a.heads[1]; len(h) != 2 || h[0].Value != "103" || h[1].Value != "200" {
		t.Errorf("heads are %v", h)
	}
	if got := r.verdict(); got != taken {
		t.Errorf("got %q", got)
	}
}

// TestCloseResets: what a handler leaves open is reset, by what it has sent.
func TestCloseResets(t *testing.T) {
	srv := serve(t, Config{}, nil, func(s *Stream) {
		switch v, _ := s.Head().Header.Get("how"); v {
		case "whole":
			respond(s, 200, "x")
		case "part":
			_, _ = s.Respond(200, nil, 10, []byte("x"), false)
		case "reset":
			s.Reset(EnhanceYourCalm)
			if _, err := s.Read(make([]byte, 1)); err != (ErrReset{EnhanceYourCalm, true}) {
				t.Errorf("Read: %v", err)
			}
		}
	})
	for how, code := range map[string]uint32{"whole": NoError, "part": InternalError, "nothing": InternalError, "reset": EnhanceYourCalm} {
		r := dialRaw(t, srv.addr)
		r.ask(1, false, request("how", how))
		_ = r.WriteData(1, false, big(10)) // what nobody reads does not use the window up
		a := r.until(func(a *answer) bool { return len(a.resets) > 0 })
		if got := a.resets[1]; got != code {
			t.Errorf("%s: %s, want %s", how, codeName(got), codeName(code))
		}
	}
}

// TestGone: it is called once for a reset and for the connection's end, at once when that
// was before, and not after it was taken back.
func TestGone(t *testing.T) {
	calls := make(chan string, 10)
	next := make(chan bool)
	srv := serve(t, Config{}, nil, func(s *Stream) {
		s.Gone(func() { calls <- "taken back" })
		s.Gone(nil)
		s.Gone(func() { calls <- "called" })
		next <- true
		<-next
		if _, err := s.Read(make([]byte, 1)); err != (ErrReset{Code: Cancel}) && err != ErrGone {
			t.Errorf("Read: %v", err)
		}
		s.Gone(func() { calls <- "at once" })
		s.Gone(nil)
		next <- true
	})
	for _, end := range []func(r *raw){
		func(r *raw) { _ = r.WriteRSTStream(1, 8) },
		func(r *raw) { _ = r.nc.Close() },
		func(r *raw) { r.write(appendFrameHead(nil, 0, frameData, 0, 0)) },
	} {
		r := dialRaw(t, srv.addr)
		r.ask(1, false, request())
		<-next
		end(r)
		if got := <-calls; got != "called" {
			t.Error(got)
		}
		next <- true
		if got := <-calls; got != "at once" {
			t.Error(got)
		}
		<-next
	}
	if len(calls) > 0 {
		t.Errorf("also called: %s", <-calls)
	}
}

// TestPipe: a connection without raw access works the same.
func TestPipe(t *testing.T) {
	a, b := net.Pipe()
	wc := wire.New(a)
	done := make(chan error, 1)
	sc := NewServer(wc, Config{StreamWindow: 1000})
	go func() { done <- sc.Serve(nil, echo) }()
	c := runClient(t, b, Config{})
	for range 3 {
		s := c.start(t)
		want := big(100000)
		n, err := s.Request(ask("POST", "/", -1), want, true)
		if err != nil {
			t.Fatal(err)
		}
		sent := make(chan error, 1)
		go func() {
			_, err := s.Finish(want[n:])
			sent <- err
		}()
		if _, err := s.Await(); err != nil {
			t.Fatal(err)
		}
		if got, err := readAll(s); string(got) != string(want) || err != nil {
			t.Errorf("%d bytes came, %v", len(got), err)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
		s.Close()
	}
	c.GoAway()
	if err := c.wait(t); err != nil {
		t.Errorf("Run: %v", err)
	}
	select {
	case err := <-done:
		if err != nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("Serve: %v", err)
		}
	case <-time.After(patience):
		t.Error("Serve does not end")
	}
	wc.Close()
}

// TestHeaderTableSize: a peer may have no dynamic table, and change it.
func TestHeaderTableSize(t *testing.T) {
	srv := serve(t, Config{}, nil, func(s *Stream) {
		respond(s, 200, "", "server", "lintel", "content-type", "text/plain")
	})
	r := dialRaw(t, srv.addr, http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0})
	r.dec.SetAllowedMaxDynamicTableSize(0)
	for i := range 9 {
		switch i {
		case 3:
			r.dec.SetAllowedMaxDynamicTableSize(4096)
			_ = r.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: 1 << 20})
		case 6:
			_ = r.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: 100}, http2.Setting{ID: http2.SettingHeaderTableSize, Val: 4096})
		}
		id := uint32(2*i + 1)
		r.ask(id, true, request())
		a := r.until(func(a *answer) bool { return len(a.ended) > 0 })
		if h := a.heads[id]; len(h) != 4 || h[1].Value != "lintel" || h[2].Value != "text/plain" {
			t.Errorf("%d: got %v", i, h)
		}
	}
}
