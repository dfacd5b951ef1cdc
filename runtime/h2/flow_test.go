package h2

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/lintel-gateway/lintel/runtime/wire"
)

// dataOf sums the content of a stream until so much has come.
func (r *raw) dataOf(id uint32, n int) []byte {
	r.t.Helper()
	var got []byte
	for len(got) < n {
		f, err := r.ReadFrame()
		if err != nil {
			r.t.Fatalf("after %d bytes: %v", len(got), err)
		}
		if d, ok := f.(*http2.DataFrame); ok && d.StreamID == id {
			got = append(got, d.Data()...)
		}
	}
	return got
}

// silence reads frames until a PING is answered, and fails on content.
func (r *raw) silence() {
	r.t.Helper()
	_ = r.WritePing(false, [8]byte{9})
	for {
		f, err := r.ReadFrame()
		if err != nil {
			r.t.Fatal(err)
		}
		switch f := f.(type) {
		case *http2.DataFrame:
			r.t.Fatalf("%d bytes beyond the window", len(f.Data()))
		case *http2.PingFrame:
			if f.IsAck() {
				return
			}
		}
	}
}

// TestSendWindows: what we send keeps to the windows, as they open, move and become
// negative (RFC 9113 section 6.9.2).
func TestSendWindows(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 10000)
	srv := serve(t, Config{}, nil, func(s *Stream) { respond(s, 200, string(body)) })
	r := dialRaw(t, srv.addr, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 10})
	r.ask(1, true, request())
	got := r.dataOf(1, 10)
	r.silence()
	// The window is moved to -5, and 20 on top make 15.
	_ = r.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 5})
	_ = r.WriteWindowUpdate(1, 4)
	r.silence()
	_ = r.WriteWindowUpdate(1, 16)
	got = append(got, r.dataOf(1, 15)...)
	r.silence()
	_ = r.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 50})
	got = append(got, r.dataOf(1, 45)...)
	r.silence()
	// Now the connection's window is what ends it.
	_ = r.WriteWindowUpdate(1, 1<<20)
	got = append(got, r.dataOf(1, firstWindow-len(got))...)
	r.silence()
	_ = r.WriteWindowUpdate(0, 1<<20)
	got = append(got, r.dataOf(1, len(body)-len(got))...)
	if !bytes.Equal(got, body) {
		t.Error("the content is another")
	}
}

// TestReceiveWindows: more than a window is an error of the stream or the connection,
// and windows open again only as content is read.
func TestReceiveWindows(t *testing.T) {
	read := make(chan int)
	srv := serve(t, Config{StreamWindow: 70000, ConnWindow: 100000}, nil, func(s *Stream) {
		gone := make(chan bool)
		s.Gone(func() { close(gone) })
		for {
			select {
			case n := <-read:
				for n > 0 {
					m, err := s.Read(make([]byte, n))
					if n -= m; err != nil {
						return
					}
				}
			case <-gone:
				return
			}
		}
	})
	r := dialRaw(t, srv.addr)
	send := func(id uint32, n int) {
		for n > 0 {
			m := min(n, maxFrame)
			_ = r.WriteData(id, false, big(m))
			n -= m
		}
	}
	r.ask(1, false, request())
	send(1, 70000)
	read <- 40000
	var window uint32
	for window == 0 {
		f, err := r.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if w, ok := f.(*http2.WindowUpdateFrame); ok && w.StreamID == 1 {
			window = w.Increment
		}
	}
	if window < 35000 || window > 40000 {
		t.Errorf("the window opens by %d", window)
	}
	r.ask(3, false, request())
	send(3, 30000)
	r.silence()
	// Another 40,000 of stream 1 are in its window but not in the connection's.
	send(1, 40000)
	if got := r.verdict(); got != "connection FLOW_CONTROL_ERROR" {
		t.Errorf("got %q", got)
	}
	var broke *ConnError
	if err := srv.ended(t); !errors.As(err, &broke) || broke.Code != FlowControlError {
		t.Errorf("Serve: %v", err)
	}
	r = dialRaw(t, srv.addr)
	r.ask(1, false, request())
	send(1, 70001)
	if got := r.verdict(); got != "stream 1 FLOW_CONTROL_ERROR" {
		t.Errorf("got %q", got)
	}
}

// TestSmallWindowBeforeAck: until SETTINGS are acknowledged the peer may use the window
// that streams have without them; afterwards it is ours.
func TestSmallWindowBeforeAck(t *testing.T) {
	for _, ack := range []bool{false, true} {
		srv := serve(t, Config{StreamWindow: 100}, nil, func(s *Stream) {
			gone := make(chan bool)
			s.Gone(func() { close(gone) })
			<-gone
		})
		r := dialRaw(t, srv.addr)
		want := taken
		if ack {
			_ = r.WriteSettingsAck()
			want = on1 + "FLOW_CONTROL_ERROR"
		}
		r.ask(1, false, request())
		_ = r.WriteData(1, false, big(101))
		if got := r.verdict(); got != want {
			t.Errorf("acknowledged %v: got %q, want %q", ack, got, want)
		}
	}
}

// TestSlowPeer: a peer that takes no byte ends the connection, and with it what waits.
func TestSlowPeer(t *testing.T) {
	wrote := make(chan error, 1)
	srv := serve(t, Config{SendTimeout: 200 * time.Millisecond}, nil, func(s *Stream) {
		_, _ = s.Respond(200, nil, -1, nil, false)
		var err error
		for err == nil {
			_, err = s.Write(big(1 << 16))
		}
		wrote <- err
	})
	r := dialRaw(t, srv.addr, http2.Setting{ID: http2.SettingInitialWindowSize, Val: maxWindow})
	_ = r.WriteWindowUpdate(0, maxWindow-firstWindow)
	r.ask(1, true, request())
	if err := srv.ended(t); err != errSlow {
		t.Errorf("Serve: %v", err)
	}
	if err := <-wrote; err != ErrGone {
		t.Errorf("Write: %v", err)
	}
}

// TestPeerThatNeverReads: answers to what it sends do not pile up.
func TestPeerThatNeverReads(t *testing.T) {
	srv := serve(t, Config{SendTimeout: 300 * time.Millisecond, Controls: 1 << 30, Resets: 1 << 30}, nil, func(s *Stream) { respond(s, 200, string(big(2000))) })
	r := dialRaw(t, srv.addr, http2.Setting{ID: http2.SettingInitialWindowSize, Val: maxWindow})
	_ = r.WriteWindowUpdate(0, maxWindow-firstWindow)
	most := 0
	id := uint32(1)
	for r.WritePing(false, [8]byte{}) == nil {
		r.ask(id, true, request())
		id += 2
		srv.each(func(c *Conn) {
			c.mu.Lock()
			if c.out != nil {
				most = max(most, len(c.out.b))
			}
			c.mu.Unlock()
		})
	}
	if most > outMost+outData {
		t.Errorf("%d bytes wait to be written", most)
	}
	if err := srv.ended(t); err != errSlow {
		t.Errorf("Serve: %v", err)
	}
}

// TestInterrupts: waits of a stream end and go on, and tell what was sent until then.
func TestInterrupts(t *testing.T) {
	c, r := rawServer(t, Config{}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 100})
	s := c.start(t)
	defer s.Close()
	eventually(t, "settings", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.settled })
	n, err := s.Request(ask("POST", "/", -1), big(150), false)
	if n != 100 || err != nil {
		t.Fatalf("sent %d, %v", n, err)
	}
	s.Interrupt(true, true)
	if n, err := s.Write(big(10)); n != 0 || err != wire.ErrInterrupted {
		t.Errorf("Write: %d, %v", n, err)
	}
	if _, err := s.Await(); err != wire.ErrInterrupted {
		t.Errorf("Await: %v", err)
	}
	s.Rearm(true, true)
	go func() {
		_ = r.WriteWindowUpdate(1, 4)
		r.dataOf(1, 104)
		s.Interrupt(false, true)
	}()
	if n, err := s.Write(big(10)); n != 4 || err != wire.ErrInterrupted {
		t.Errorf("Write: %d, %v", n, err)
	}
	s.Rearm(false, true)
	_ = r.WriteWindowUpdate(1, 3)
	eventually(t, "a window", func() bool { n, err = s.Send(big(10)); return n > 0 || err != nil })
	if n != 3 || err != nil {
		t.Errorf("Send: %d, %v", n, err)
	}
	r.ask(1, false, fields(":status", "200"))
	if h, err := s.Await(); err != nil || h.Status != 200 {
		t.Fatal(h, err)
	}
	go func() { time.Sleep(10 * time.Millisecond); s.Interrupt(true, false) }()
	if n, err := s.Read(make([]byte, 1)); n != 0 || err != wire.ErrInterrupted {
		t.Errorf("Read: %d, %v", n, err)
	}
	_ = r.WriteData(1, true, []byte("x"))
	eventually(t, "content", func() bool { return s.Buffered() == 1 })
	// What is there is given although the interrupt still holds.
	if n, err := s.Read(make([]byte, 1)); n != 1 || err != nil || !s.Ended() {
		t.Errorf("Read: %d, %v", n, err)
	}
}
