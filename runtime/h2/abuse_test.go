package h2

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// floods are what a peer repeats until the connection ends with ENHANCE_YOUR_CALM.
var floods = []struct {
	name  string
	cfg   Config
	begin func(r *raw)
	next  func(r *raw, i int)
	most  int // repetitions that may be needed
}{
	{"rapid reset", Config{}, nil, func(r *raw, i int) {
		id := uint32(2*i + 1)
		r.ask(id, true, request())
		_ = r.WriteRSTStream(id, 8)
	}, 1000},
	{"streams that we must reset", Config{}, nil, func(r *raw, i int) {
		id := uint32(2*i + 1)
		r.ask(id, false, request())
		_ = r.WriteWindowUpdate(id, 0)
	}, 1000},
	{"malformed heads", Config{}, nil, func(r *raw, i int) { r.ask(uint32(2*i+1), true, fields(":bad", "1")) }, 1000},
	{"streams beyond the limit", Config{MaxStreams: 5}, func(r *raw) { _ = r.WriteSettingsAck() }, func(r *raw, i int) { r.ask(uint32(2*i+1), false, request()) }, 1000},
	{"frames on streams that were reset", Config{}, func(r *raw) { open1(r); _ = r.WriteRSTStream(1, 8) }, func(r *raw, _ int) { _ = r.WriteData(1, false, []byte("x")) }, 1000},
	{"PING", Config{}, nil, func(r *raw, _ int) { _ = r.WritePing(false, [8]byte{}) }, 4000},
	{"PING answers", Config{}, nil, func(r *raw, _ int) { _ = r.WritePing(true, [8]byte{}) }, 4000},
	{"SETTINGS", Config{}, nil, func(r *raw, _ int) { _ = r.WriteSettings() }, 4000},
	{"SETTINGS answers", Config{}, nil, func(r *raw, _ int) { _ = r.WriteSettingsAck() }, 4000},
	{"PRIORITY", Config{}, nil, func(r *raw, _ int) { r.frame(framePriority, 0, 1, make([]byte, 5)) }, 4000},
	{"unknown frames", Config{}, nil, func(r *raw, _ int) { r.frame(0x77, 0, 0, nil) }, 4000},
	{"RST_STREAM of one stream", Config{}, open1, func(r *raw, _ int) { _ = r.WriteRSTStream(1, 8) }, 4000},
	{"empty DATA", Config{}, open1, func(r *raw, _ int) { _ = r.WriteData(1, false, nil) }, 1000},
	{"padding alone", Config{}, open1, func(r *raw, _ int) { r.frame(frameData, flagPadded, 1, []byte{1, 0}) }, 1000},
	{"WINDOW_UPDATE", Config{}, open1, func(r *raw, _ int) { _ = r.WriteWindowUpdate(0, 1) }, 8000},
	{"WINDOW_UPDATE of a stream", Config{}, open1, func(r *raw, _ int) { _ = r.WriteWindowUpdate(1, 1) }, 8000},
	{"CONTINUATION", Config{}, func(r *raw) { r.frame(frameHeaders, 0, 1, request()) }, func(r *raw, _ int) { r.frame(frameContinuation, 0, 1, fields("x", "1")) }, 100},
	{"CONTINUATION without bytes", Config{}, func(r *raw) { r.frame(frameHeaders, 0, 1, request()) }, func(r *raw, _ int) { r.frame(frameContinuation, 0, 1, nil) }, 100},
	{"CONTINUATION of the largest size", Config{}, func(r *raw) { r.frame(frameHeaders, 0, 1, request()) }, func(r *raw, _ int) { r.frame(frameContinuation, 0, 1, fields("x", string(big(16000)))) }, 20},
}

func TestFloods(t *testing.T) {
	for _, x := range floods {
		t.Run(x.name, func(t *testing.T) {
			srv := serve(t, x.cfg, nil, hold)
			r := dialRaw(t, srv.addr)
			got := make(chan *answer, 1)
			go func() { got <- r.until(func(a *answer) bool { return a.goAway != nil }) }()
			if x.begin != nil {
				x.begin(r)
			}
			ended := false
			for i := 0; i < x.most && !ended; i++ {
				x.next(r, i)
				if i%50 == 49 {
					time.Sleep(time.Millisecond) // let it be read
				}
				ended = len(got) > 0
			}
			a := <-got
			_ = r.nc.Close()
			if a.goAway == nil || *a.goAway != EnhanceYourCalm {
				t.Fatalf("got %+v", a)
			}
			var broke *ConnError
			if err := srv.ended(t); !errors.As(err, &broke) || broke.Code != EnhanceYourCalm {
				t.Errorf("Serve: %v", err)
			}
		})
	}
}

// TestHasty: a client that does not know the limit yet may go beyond it.
func TestHasty(t *testing.T) {
	srv := serve(t, Config{MaxStreams: 5}, nil, hold)
	r := dialRaw(t, srv.addr)
	for i := range 900 {
		r.ask(uint32(2*i+1), true, request())
	}
	if got := r.verdict(); got != "stream 11 REFUSED_STREAM" {
		t.Errorf("got %q", got)
	}
}

// TestPingsBesideContent: PINGs are borne that go with content.
func TestPingsBesideContent(t *testing.T) {
	srv := serve(t, Config{}, nil, hold)
	r := dialRaw(t, srv.addr)
	open1(r)
	for range 3000 {
		_ = r.WriteData(1, false, []byte("x"))
		_ = r.WritePing(false, [8]byte{})
	}
	a := r.until(func(a *answer) bool { return a.pongs == 3000 || a.goAway != nil })
	if a.goAway != nil {
		t.Errorf("got %+v", a)
	}
}

// TestManyStreamsThatEnd: resets are borne when as many streams end well.
func TestManyStreamsThatEnd(t *testing.T) {
	srv := serve(t, Config{}, nil, func(s *Stream) { _, _ = readAll(s); respond(s, 200, "") })
	r := dialRaw(t, srv.addr)
	for i := range 350 {
		id := uint32(4*i + 1)
		r.ask(id, true, request())
		r.until(func(a *answer) bool { return len(a.ended) > 0 })
		r.ask(id+2, false, request())
		_ = r.WriteRSTStream(id+2, 8)
	}
	if got := r.verdict(); got != taken {
		t.Errorf("got %q", got)
	}
}

// TestTooLarge: a head beyond the limits still reaches the handler, as one that is, and
// the state of HPACK is kept.
func TestTooLarge(t *testing.T) {
	large := make(chan bool, 10)
	srv := serve(t, Config{}, nil, func(s *Stream) {
		h := s.Head()
		large <- h.TooLarge
		if h.TooLarge {
			respond(s, 431, "")
			return
		}
		v, _ := h.Header.Get("x-kept")
		respond(s, 200, v)
	})
	r := dialRaw(t, srv.addr)
	send := func(id uint32, b []byte) {
		r.frame(frameHeaders, flagEnd, id, nil)
		for len(b) > maxFrame {
			r.frame(frameContinuation, 0, id, b[:maxFrame])
			b = b[maxFrame:]
		}
		r.frame(frameContinuation, flagHeadEnd, id, b)
	}
	kept := append([]byte{0x40}, appendText(appendText(nil, "x-kept"), "yes")...)
	send(1, append(request("x-large", string(big(66000))), kept...))
	var many []string
	for range 128 {
		many = append(many, "x", "1")
	}
	send(3, request(many...))
	// A small section that the table makes large (a bomb).
	bomb := append([]byte{0x40}, appendText(appendText(nil, "x-bomb"), string(big(3900)))...)
	for range 2000 {
		bomb = append(bomb, 0x80|62)
	}
	send(5, append(request(), bomb...))
	send(7, append(request(), kept...))
	send(9, append(request(), 0x80|62))
	got := r.until(func(a *answer) bool { return len(a.ended) == 5 })
	if got.goAway != nil || len(got.resets) > 0 {
		t.Fatalf("got %+v", got)
	}
	sum := 0
	for range 5 {
		if <-large {
			sum++
		}
	}
	if sum != 3 {
		t.Errorf("%d of 5 heads are too large, want 3", sum)
	}
}

// TestBombMemory: what one head may take of memory has a bound, whatever it is
// compressed from.
func TestBombMemory(t *testing.T) {
	var arena []byte
	d := decoder{table: table{max: tableBytes}}
	bomb := append([]byte{0x40}, appendText(appendText(nil, "x-bomb"), string(big(3900)))...)
	for range 100000 {
		bomb = append(bomb, 0x80|62)
	}
	var h Head
	s := section{head: &h, arena: &arena, bytes: 64 << 10, fields: 128}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := d.decode(bomb, &s); err != nil || !s.tooLarge {
		t.Fatal(err, s.tooLarge)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 100<<10 {
		t.Errorf("%d bytes were allocated", n)
	}
	if len(h.Header.Fields()) > 16 {
		t.Errorf("%d fields were kept", len(h.Header.Fields()))
	}
}

// TestNothingIsLeft: connections that end in any way leave no goroutine, and nothing
// waits on them.
func TestNothingIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("connections", func(t *testing.T) {
		srv := serve(t, Config{}, nil, echo)
		for i := range 60 {
			r := dialRaw(t, srv.addr)
			for j := range 20 {
				r.ask(uint32(2*j+1), j%2 == 0, request("x", strings.Repeat("y", j)))
			}
			switch i % 5 {
			case 0:
				_ = r.nc.Close()
			case 1:
				r.write([]byte{0, 0, 1, 6, 0, 0, 0, 0, 0, 0}) // a PING that is too short
				r.until(func(a *answer) bool { return a.goAway != nil })
				_ = r.nc.Close()
			case 2:
				_ = r.WriteGoAway(0, 0, nil)
				for j := range 20 {
					_ = r.WriteRSTStream(uint32(2*j+1), 8)
				}
			case 3:
				_ = r.verdict()
				srv.each((*Conn).Interrupt)
			case 4:
				srv.each((*Conn).GoAway)
				_ = r.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
				_ = r.nc.Close()
			}
			_ = srv.ended(t)
			_ = r.nc.Close()
		}
		srv.each(func(c *Conn) {
			if c.Streams() != 0 || len(c.streams) != 0 || len(c.idle) != 0 || c.running != 0 {
				t.Errorf("%d streams, %d workers, %d running are left", c.open, len(c.idle), c.running)
			}
		})
	})
	eventually(t, "no goroutine beyond those before", func() bool { return runtime.NumGoroutine() <= before })
}
