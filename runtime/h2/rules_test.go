package h2

import (
	"testing"

	"golang.org/x/net/http2"
)

// rule is frames of a client, and what must become of them.
type rule struct {
	name string
	send func(r *raw)
	want string
}

const (
	taken = "taken"
	conn  = "connection "
	on1   = "stream 1 "
)

// open1 begins stream 1.
func open1(r *raw) { r.ask(1, false, request()) }

var frameRules = []rule{
	{"nothing", func(*raw) {}, taken},
	{"unknown frame", func(r *raw) { r.frame(0x16, 0xff, 0, big(8)) }, taken},
	{"unknown frame on an idle stream", func(r *raw) { r.frame(0x16, 0, 9, nil) }, taken},
	{"frame too long", func(r *raw) { open1(r); r.frame(frameData, 0, 1, big(16385)) }, conn + "FRAME_SIZE_ERROR"},
	{"longest frame", func(r *raw) { open1(r); r.frame(frameData, 0, 1, big(16384)) }, taken},

	{"SETTINGS on a stream", func(r *raw) { r.frame(frameSettings, 0, 1, nil) }, conn + "PROTOCOL_ERROR"},
	{"SETTINGS of 5 bytes", func(r *raw) { r.frame(frameSettings, 0, 0, big(5)) }, conn + "FRAME_SIZE_ERROR"},
	{"SETTINGS ACK with bytes", func(r *raw) { r.frame(frameSettings, flagAck, 0, big(6)) }, conn + "FRAME_SIZE_ERROR"},
	{"SETTINGS unknown", func(r *raw) { _ = r.WriteSettings(http2.Setting{ID: 0xff, Val: 7}) }, taken},
	{"ENABLE_PUSH 2", func(r *raw) { _ = r.WriteSettings(http2.Setting{ID: 2, Val: 2}) }, conn + "PROTOCOL_ERROR"},
	{"window too large", func(r *raw) { _ = r.WriteSettings(http2.Setting{ID: 4, Val: 1 << 31}) }, conn + "FLOW_CONTROL_ERROR"},
	{"frame size too small", func(r *raw) { _ = r.WriteSettings(http2.Setting{ID: 5, Val: 16383}) }, conn + "PROTOCOL_ERROR"},
	{"frame size too large", func(r *raw) { _ = r.WriteSettings(http2.Setting{ID: 5, Val: 1 << 24}) }, conn + "PROTOCOL_ERROR"},
	{"ENABLE_CONNECT 2", func(r *raw) { _ = r.WriteSettings(http2.Setting{ID: 8, Val: 2}) }, conn + "PROTOCOL_ERROR"},
	{"ENABLE_CONNECT taken back", func(r *raw) {
		_ = r.WriteSettings(http2.Setting{ID: 8, Val: 1})
		_ = r.WriteSettings(http2.Setting{ID: 8, Val: 0})
	}, conn + "PROTOCOL_ERROR"},
	{"NO_RFC7540_PRIORITIES 2", func(r *raw) { _ = r.WriteSettings(http2.Setting{ID: 9, Val: 2}) }, conn + "PROTOCOL_ERROR"},
	{"initial window makes a stream's too large", func(r *raw) {
		open1(r)
		_ = r.WriteWindowUpdate(1, maxWindow-firstWindow)
		_ = r.WriteSettings(http2.Setting{ID: 4, Val: firstWindow + 1})
	}, conn + "FLOW_CONTROL_ERROR"},

	{"PING on a stream", func(r *raw) { r.frame(framePing, 0, 1, big(8)) }, conn + "PROTOCOL_ERROR"},
	{"PING of 7 bytes", func(r *raw) { r.frame(framePing, 0, 0, big(7)) }, conn + "FRAME_SIZE_ERROR"},
	{"PING ACK for nothing", func(r *raw) { r.frame(framePing, flagAck, 0, big(8)) }, taken},
	{"GOAWAY on a stream", func(r *raw) { open1(r); r.frame(frameGoAway, 0, 1, make([]byte, 8)) }, conn + "PROTOCOL_ERROR"},
	{"GOAWAY of 7 bytes", func(r *raw) { r.frame(frameGoAway, 0, 0, make([]byte, 7)) }, conn + "FRAME_SIZE_ERROR"},
	{"PUSH_PROMISE", func(r *raw) { open1(r); r.frame(framePush, flagHeadEnd, 1, append([]byte{0, 0, 0, 2}, request()...)) }, conn + "PROTOCOL_ERROR"},

	{"PRIORITY on stream 0", func(r *raw) { r.frame(framePriority, 0, 0, make([]byte, 5)) }, conn + "PROTOCOL_ERROR"},
	{"PRIORITY of 4 bytes", func(r *raw) { open1(r); r.frame(framePriority, 0, 1, make([]byte, 4)) }, on1 + "FRAME_SIZE_ERROR"},
	{"PRIORITY of 4 bytes of an idle stream", func(r *raw) { r.frame(framePriority, 0, 1, make([]byte, 4)) }, conn + "FRAME_SIZE_ERROR"},
	{"PRIORITY of an idle stream on itself", func(r *raw) { r.frame(framePriority, 0, 1, []byte{0, 0, 0, 1, 0}) }, conn + "PROTOCOL_ERROR"},
	{"PRIORITY of 4 bytes after a reset", func(r *raw) {
		open1(r)
		_ = r.WriteRSTStream(1, 8)
		r.frame(framePriority, 0, 1, make([]byte, 4))
	}, on1 + "FRAME_SIZE_ERROR"},
	{"PRIORITY of an idle stream", func(r *raw) { r.frame(framePriority, 0, 7, make([]byte, 5)) }, taken},
	{"PRIORITY on itself", func(r *raw) { open1(r); r.frame(framePriority, 0, 1, []byte{0, 0, 0, 1, 0}) }, on1 + "PROTOCOL_ERROR"},
	{"HEADERS on itself", func(r *raw) {
		r.frame(frameHeaders, flagHeadEnd|flagPriority, 1, append([]byte{0, 0, 0, 1, 0}, request()...))
	}, on1 + "PROTOCOL_ERROR"},
	{"HEADERS with priority", func(r *raw) {
		r.frame(frameHeaders, flagHeadEnd|flagPriority, 1, append([]byte{0, 0, 0, 3, 0}, request()...))
	}, taken},
	{"HEADERS too short for priority", func(r *raw) { r.frame(frameHeaders, flagHeadEnd|flagPriority, 1, big(4)) }, conn + "FRAME_SIZE_ERROR"},

	{"RST_STREAM on stream 0", func(r *raw) { r.frame(frameReset, 0, 0, make([]byte, 4)) }, conn + "PROTOCOL_ERROR"},
	{"RST_STREAM of 3 bytes", func(r *raw) { open1(r); r.frame(frameReset, 0, 1, make([]byte, 3)) }, conn + "FRAME_SIZE_ERROR"},
	{"RST_STREAM on an idle stream", func(r *raw) { r.frame(frameReset, 0, 1, make([]byte, 4)) }, conn + "PROTOCOL_ERROR"},
	{"RST_STREAM twice", func(r *raw) { open1(r); _ = r.WriteRSTStream(1, 8); _ = r.WriteRSTStream(1, 8) }, taken},

	{"WINDOW_UPDATE of 3 bytes", func(r *raw) { r.frame(frameWindow, 0, 0, make([]byte, 3)) }, conn + "FRAME_SIZE_ERROR"},
	{"WINDOW_UPDATE 0", func(r *raw) { _ = r.WriteWindowUpdate(0, 0) }, conn + "PROTOCOL_ERROR"},
	{"WINDOW_UPDATE 0 on a stream", func(r *raw) { open1(r); _ = r.WriteWindowUpdate(1, 0) }, on1 + "PROTOCOL_ERROR"},
	{"WINDOW_UPDATE too much", func(r *raw) { _ = r.WriteWindowUpdate(0, maxWindow) }, conn + "FLOW_CONTROL_ERROR"},
	{"WINDOW_UPDATE too much on a stream", func(r *raw) { open1(r); _ = r.WriteWindowUpdate(1, maxWindow) }, on1 + "FLOW_CONTROL_ERROR"},
	{"WINDOW_UPDATE on an idle stream", func(r *raw) { _ = r.WriteWindowUpdate(1, 1) }, conn + "PROTOCOL_ERROR"},
	{"WINDOW_UPDATE after a reset", func(r *raw) { open1(r); _ = r.WriteRSTStream(1, 8); _ = r.WriteWindowUpdate(1, 1) }, taken},

	{"DATA on stream 0", func(r *raw) { r.frame(frameData, 0, 0, big(1)) }, conn + "PROTOCOL_ERROR"},
	{"DATA on an idle stream", func(r *raw) { r.frame(frameData, 0, 1, big(1)) }, conn + "PROTOCOL_ERROR"},
	{"DATA on an even stream", func(r *raw) { open1(r); r.frame(frameData, 0, 2, big(1)) }, conn + "PROTOCOL_ERROR"},
	{"DATA after the end", func(r *raw) { r.ask(1, true, request()); r.frame(frameData, 0, 1, big(1)) }, on1 + "STREAM_CLOSED"},
	{"DATA after a reset", func(r *raw) { open1(r); _ = r.WriteRSTStream(1, 8); r.frame(frameData, 0, 1, big(1)) }, on1 + "STREAM_CLOSED"},
	{"DATA after our reset", func(r *raw) {
		open1(r)
		_ = r.WriteWindowUpdate(1, 0)
		r.frame(frameData, 0, 1, big(1))
	}, on1 + "PROTOCOL_ERROR"},
	{"DATA padded", func(r *raw) { open1(r); r.frame(frameData, flagPadded, 1, append([]byte{5}, big(10)...)) }, taken},
	{"DATA of padding alone", func(r *raw) { open1(r); r.frame(frameData, flagPadded, 1, append([]byte{5}, make([]byte, 5)...)) }, taken},
	{"DATA padded too much", func(r *raw) { open1(r); r.frame(frameData, flagPadded, 1, append([]byte{6}, make([]byte, 5)...)) }, conn + "PROTOCOL_ERROR"},
	{"DATA padded without a length", func(r *raw) { open1(r); r.frame(frameData, flagPadded, 1, nil) }, conn + "PROTOCOL_ERROR"},

	{"HEADERS on stream 0", func(r *raw) { r.ask(0, true, request()) }, conn + "PROTOCOL_ERROR"},
	{"HEADERS on an even stream", func(r *raw) { r.ask(2, true, request()) }, conn + "PROTOCOL_ERROR"},
	{"HEADERS on a lower stream", func(r *raw) { r.ask(5, false, request()); r.ask(3, true, request()) }, conn + "PROTOCOL_ERROR"},
	{"HEADERS after the end", func(r *raw) { r.ask(1, true, request()); r.ask(1, true, request()) }, on1 + "STREAM_CLOSED"},
	{"HEADERS after a reset", func(r *raw) { open1(r); _ = r.WriteRSTStream(1, 8); r.ask(1, true, request()) }, on1 + "STREAM_CLOSED"},
	{"HEADERS padded", func(r *raw) {
		r.frame(frameHeaders, flagHeadEnd|flagPadded, 1, append(append([]byte{3}, request()...), 0, 0, 0))
	}, taken},
	{"HEADERS padded too much", func(r *raw) { r.frame(frameHeaders, flagHeadEnd|flagPadded, 1, []byte{9, 1, 2}) }, conn + "PROTOCOL_ERROR"},
	{"CONTINUATION", func(r *raw) {
		b := request("x-a", "1")
		r.frame(frameHeaders, 0, 1, b[:7])
		r.frame(frameContinuation, 0, 1, b[7:20])
		r.frame(frameContinuation, 0, 1, nil)
		r.frame(frameContinuation, flagHeadEnd, 1, b[20:])
	}, taken},
	{"CONTINUATION alone", func(r *raw) { r.frame(frameContinuation, flagHeadEnd, 1, request()) }, conn + "PROTOCOL_ERROR"},
	{"CONTINUATION after the end of the head", func(r *raw) { open1(r); r.frame(frameContinuation, flagHeadEnd, 1, nil) }, conn + "PROTOCOL_ERROR"},
	{"CONTINUATION of another stream", func(r *raw) {
		r.frame(frameHeaders, 0, 1, request())
		r.frame(frameContinuation, flagHeadEnd, 3, nil)
	}, conn + "PROTOCOL_ERROR"},
	{"PING inside a head", func(r *raw) { r.frame(frameHeaders, 0, 1, request()) }, conn + "PROTOCOL_ERROR"},
	{"unknown frame inside a head", func(r *raw) { r.frame(frameHeaders, 0, 1, request()); r.frame(0x16, 0, 1, nil) }, conn + "PROTOCOL_ERROR"},

	{"HPACK index 0", func(r *raw) { r.ask(1, true, []byte{0x80}) }, conn + "COMPRESSION_ERROR"},
	{"HPACK index beyond", func(r *raw) { r.ask(1, true, append(request(), 0x80|62)) }, conn + "COMPRESSION_ERROR"},
	{"HPACK truncated", func(r *raw) { r.ask(1, true, append(request(), 0, 5, 'a')) }, conn + "COMPRESSION_ERROR"},
	{"HPACK size too large", func(r *raw) { r.ask(1, true, append([]byte{0x3f, 0xe2, 0x1f}, request()...)) }, conn + "COMPRESSION_ERROR"},
	{"HPACK size", func(r *raw) { r.ask(1, false, append([]byte{0x3f, 0xe1, 0x1f}, request()...)) }, taken},
	{"HPACK size not at the start", func(r *raw) { r.ask(1, true, append(request(), 0x20)) }, conn + "COMPRESSION_ERROR"},
	{"HPACK integer too long", func(r *raw) { r.ask(1, true, []byte{0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}) }, conn + "COMPRESSION_ERROR"},
	{"HPACK Huffman with EOS", func(r *raw) { r.ask(1, true, append(request(), 0, 0x84, 0xff, 0xff, 0xff, 0xff, 0)) }, conn + "COMPRESSION_ERROR"},
	{"HPACK Huffman padded with 0", func(r *raw) { r.ask(1, true, append(request(), 0, 0x81, 0x18, 0)) }, conn + "COMPRESSION_ERROR"},
	{"HPACK error on a stream that ended", func(r *raw) { open1(r); _ = r.WriteRSTStream(1, 8); r.ask(1, true, []byte{0x80}) }, conn + "COMPRESSION_ERROR"},
}

func TestFrameRules(t *testing.T) { play(t, frameRules, Config{}) }

// play sends the frames of each rule on a connection of its own.
func play(t *testing.T, rules []rule, cfg Config) {
	srv := serve(t, cfg, nil, hold)
	for _, x := range rules {
		t.Run(x.name, func(t *testing.T) {
			r := dialRaw(t, srv.addr)
			x.send(r)
			if got := r.verdict(); got != x.want {
				t.Errorf("got %q, want %q", got, x.want)
			}
		})
	}
}

// TestAfterTheEnd: frames on a stream that both ends have ended (RFC 9113 section 5.1).
func TestAfterTheEnd(t *testing.T) {
	srv := serve(t, Config{}, nil, func(s *Stream) { respond(s, 200, "") })
	for name, x := range map[string]struct {
		send func(r *raw)
		want string
	}{
		"HEADERS":                            {func(r *raw) { r.ask(3, true, request()) }, conn + "STREAM_CLOSED"},
		"DATA":                               {func(r *raw) { _ = r.WriteData(3, true, nil) }, conn + "STREAM_CLOSED"},
		"WINDOW_UPDATE":                      {func(r *raw) { _ = r.WriteWindowUpdate(3, 1) }, taken},
		"RST_STREAM":                         {func(r *raw) { _ = r.WriteRSTStream(3, 8) }, taken},
		"PRIORITY":                           {func(r *raw) { r.frame(framePriority, 0, 3, make([]byte, 5)) }, taken},
		"a stream left out":                  {func(r *raw) { r.ask(1, true, request()) }, conn + "PROTOCOL_ERROR"},
		"DATA on a stream that was left out": {func(r *raw) { _ = r.WriteData(1, true, nil) }, conn + "STREAM_CLOSED"},
	} {
		t.Run(name, func(t *testing.T) {
			r := dialRaw(t, srv.addr)
			r.ask(3, true, request())
			r.until(func(a *answer) bool { return len(a.ended) > 0 })
			x.send(r)
			if got := r.verdict(); got != x.want {
				t.Errorf("got %q, want %q", got, x.want)
			}
		})
	}
}

// TestPreface: what a connection must begin with.
func TestPreface(t *testing.T) {
	srv := serve(t, Config{}, nil, hold)
	for name, x := range map[string]struct {
		send func(r *raw)
		want string
	}{
		"another protocol":   {func(r *raw) { r.write([]byte("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")) }, conn + "PROTOCOL_ERROR"},
		"wrong end":          {func(r *raw) { r.write([]byte(Preface[:20] + "XXXX")) }, conn + "PROTOCOL_ERROR"},
		"no settings":        {func(r *raw) { r.write([]byte(Preface)); open1(r) }, conn + "PROTOCOL_ERROR"},
		"an acknowledgement": {func(r *raw) { r.write([]byte(Preface)); _ = r.WriteSettingsAck() }, conn + "PROTOCOL_ERROR"},
		"in pieces": {func(r *raw) {
			for i := range Preface {
				r.write([]byte(Preface[i : i+1]))
			}
			_ = r.WriteSettings()
		}, taken},
	} {
		t.Run(name, func(t *testing.T) {
			r := dialRawBare(t, srv.addr)
			x.send(r)
			if got := r.verdict(); got != x.want {
				t.Errorf("got %q, want %q", got, x.want)
			}
		})
	}
}
