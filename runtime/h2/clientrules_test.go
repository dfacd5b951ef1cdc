package h2

import (
	"errors"
	"io"
	"net"
	"strconv"
	"testing"

	"golang.org/x/net/http2"
)

// rawServer gives a client and the raw server that it talks to, whose SETTINGS were sent.
func rawServer(t testing.TB, cfg Config, settings ...http2.Setting) (*client, *raw) {
	t.Helper()
	ln := listen(t)
	accepted := make(chan net.Conn, 1)
	go func() {
		nc, err := ln.Accept()
		if err == nil {
			accepted <- nc
		}
		close(accepted)
	}()
	c := connect(t, ln.Addr().String(), cfg)
	nc, ok := <-accepted
	if !ok {
		t.Fatal("nobody dials")
	}
	t.Cleanup(func() { _ = nc.Close() })
	got := make([]byte, len(Preface))
	if _, err := io.ReadFull(nc, got); err != nil || string(got) != Preface {
		t.Fatalf("the client begins with %q, %v", got, err)
	}
	r := newRaw(t, nc)
	_ = r.WriteSettings(settings...)
	return c, r
}

// responseRules are frames of a server after the head of a GET on stream 1.
var responseRules = []rule{
	{"a response", func(r *raw) { r.ask(1, true, fields(":status", "200")) }, "200"},
	{"content without a head", func(r *raw) { _ = r.WriteData(1, true, []byte("x")) }, "reset PROTOCOL_ERROR"},
	{"end without a head", func(r *raw) { _ = r.WriteData(1, true, nil) }, "reset PROTOCOL_ERROR"},
	{"no status", func(r *raw) { r.ask(1, true, fields("x", "1")) }, "reset PROTOCOL_ERROR"},
	{"status twice", func(r *raw) { r.ask(1, true, fields(":status", "200", ":status", "200")) }, "reset PROTOCOL_ERROR"},
	{"status of four digits", func(r *raw) { r.ask(1, true, fields(":status", "2000")) }, "reset PROTOCOL_ERROR"},
	{"status 099", func(r *raw) { r.ask(1, true, fields(":status", "099")) }, "reset PROTOCOL_ERROR"},
	{"status 101", func(r *raw) { r.ask(1, false, fields(":status", "101")) }, "reset PROTOCOL_ERROR"},
	{"a method", func(r *raw) { r.ask(1, true, fields(":status", "200", ":method", "GET")) }, "reset PROTOCOL_ERROR"},
	{"an upper-case name", func(r *raw) { r.ask(1, true, fields(":status", "200", "X", "1")) }, "reset PROTOCOL_ERROR"},
	{"a connection's field", func(r *raw) { r.ask(1, true, fields(":status", "200", "connection", "close")) }, "reset PROTOCOL_ERROR"},
	{"an interim head with an end", func(r *raw) { r.ask(1, true, fields(":status", "103")) }, "reset PROTOCOL_ERROR"},
	{"an end after an interim head", func(r *raw) {
		r.ask(1, false, fields(":status", "103"))
		_ = r.WriteData(1, true, nil)
	}, "reset PROTOCOL_ERROR"},
	{"too many interim heads", func(r *raw) {
		for range maxInterim + 1 {
			r.ask(1, false, fields(":status", "103"))
		}
	}, "reset PROTOCOL_ERROR"},
	{"two final heads", func(r *raw) {
		r.ask(1, false, fields(":status", "200"))
		r.ask(1, false, fields(":status", "200"))
	}, "reset PROTOCOL_ERROR"},
	{"content too short", func(r *raw) {
		r.ask(1, false, fields(":status", "200", "content-length", "2"))
		_ = r.WriteData(1, true, []byte("x"))
	}, "reset PROTOCOL_ERROR"},
	{"content too long", func(r *raw) {
		r.ask(1, false, fields(":status", "200", "content-length", "2"))
		_ = r.WriteData(1, false, []byte("xxx"))
	}, "reset PROTOCOL_ERROR"},
	{"end in the head of a response with a length", func(r *raw) { r.ask(1, true, fields(":status", "200", "content-length", "2")) }, "reset PROTOCOL_ERROR"},
	{"304 with a length", func(r *raw) { r.ask(1, true, fields(":status", "304", "content-length", "2")) }, "304"},
	{"204 with content", func(r *raw) {
		r.ask(1, false, fields(":status", "204"))
		_ = r.WriteData(1, true, []byte("x"))
	}, "reset PROTOCOL_ERROR"},
	{"reset", func(r *raw) { _ = r.WriteRSTStream(1, 8) }, "reset CANCEL"},
	{"refused", func(r *raw) { _ = r.WriteRSTStream(1, 7) }, "refused"},
	{"GOAWAY before it", func(r *raw) { _ = r.WriteGoAway(0, 0, nil) }, "refused"},
	{"GOAWAY after it", func(r *raw) { _ = r.WriteGoAway(1, 0, nil); r.ask(1, true, fields(":status", "200")) }, "200"},
	{"head on a stream that was not begun", func(r *raw) { r.ask(3, true, fields(":status", "200")) }, "gone"},
	{"head on an even stream", func(r *raw) { r.ask(2, true, fields(":status", "200")) }, "gone"},
	{"PUSH_PROMISE", func(r *raw) { r.frame(framePush, flagHeadEnd, 1, append([]byte{0, 0, 0, 2}, request()...)) }, "gone"},
	{"ENABLE_PUSH", func(r *raw) { _ = r.WriteSettings(http2.Setting{ID: 2, Val: 1}) }, "gone"},
	{"HPACK", func(r *raw) { r.ask(1, true, []byte{0x80}) }, "gone"},
	{"close", func(r *raw) { _ = r.nc.Close() }, "gone"},
}

func TestResponseRules(t *testing.T) {
	for _, x := range responseRules {
		t.Run(x.name, func(t *testing.T) {
			c, r := rawServer(t, Config{})
			s := c.start(t)
			defer s.Close()
			if _, err := s.Request(ask("GET", "/", -1), nil, true); err != nil {
				t.Fatal(err)
			}
			r.until(func(a *answer) bool { return len(a.ended) > 0 })
			x.send(r)
			if got := outcome(s); got != x.want {
				t.Errorf("got %q, want %q", got, x.want)
			}
		})
	}
}

// outcome reads a response to its end and says in a word what came of it.
func outcome(s *Stream) string {
	status := 0
	var err error
	for err == nil {
		var h *Head
		if h, err = s.Await(); err == nil {
			status = h.Status
		}
	}
	if err == io.EOF {
		_, err = readAll(s)
	}
	var reset ErrReset
	switch {
	case errors.As(err, &reset):
		return "reset " + codeName(reset.Code)
	case err == ErrRefused:
		return "refused"
	case err == ErrGone:
		return "gone"
	case err != nil:
		return err.Error()
	}
	return strconv.Itoa(status)
}

// TestWholeResponseThenReset: a server that has answered may not want the rest of the
// request; the response stays whole (RFC 9113 section 8.1).
func TestWholeResponseThenReset(t *testing.T) {
	c, r := rawServer(t, Config{})
	s := c.start(t)
	defer s.Close()
	_, _ = s.Request(ask("POST", "/", -1), nil, false)
	r.until(func(a *answer) bool { return a.pongs == 0 && len(a.heads) > 0 })
	r.ask(1, false, fields(":status", "413"))
	_ = r.WriteData(1, true, []byte("no"))
	_ = r.WriteRSTStream(1, 0)
	eventually(t, "end of sending", func() bool {
		_, err := s.Write([]byte("x"))
		return errors.Is(err, ErrReset{Code: NoError})
	})
	h, err := s.Await()
	if err != nil || h.Status != 413 {
		t.Fatalf("got %v, %v", h, err)
	}
	if b, err := readAll(s); string(b) != "no" || err != nil {
		t.Errorf("got %q, %v", b, err)
	}
}

func TestOpenLimits(t *testing.T) {
	c, r := rawServer(t, Config{}, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 2})
	go func() { // it answers pings alone
		for {
			f, err := r.ReadFrame()
			if err != nil {
				return
			}
			if p, ok := f.(*http2.PingFrame); ok && !p.IsAck() {
				_ = r.WritePing(true, p.Data)
			}
		}
	}()
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Open(); err != ErrFull {
		t.Errorf("got %v, want ErrFull", err)
	}
	if c.Streams() != 2 || c.Idle() != 0 {
		t.Errorf("%d streams, idle %v", c.Streams(), c.Idle())
	}
	a.Close()
	a.Close() // does nothing
	if a, err = c.Open(); err != nil {
		t.Error(err)
	}
	c.GoAway()
	if _, err := c.Open(); err != ErrGone {
		t.Errorf("got %v, want ErrGone", err)
	}
	if _, err := a.Request(ask("GET", "/", -1), nil, true); err != nil {
		t.Errorf("a stream that was open: %v", err)
	}
	a.Close()
	b.Close()
	if err := c.wait(t); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// TestRequestRefused: what would make another request of it is not sent.
func TestRequestRefused(t *testing.T) {
	c, _ := rawServer(t, Config{})
	for _, q := range []*Head{
		ask("G T", "/", -1), ask("GET", "/a\nb", -1), ask("GET", "", -1), {Method: "GET", Path: "/", Scheme: "http", Authority: "a\r\n"},
	} {
		s := c.start(t)
		if _, err := s.Request(q, nil, true); err != ErrMalformed {
			t.Errorf("%q %q: %v", q.Method, q.Path, err)
		}
		s.Close()
	}
}
