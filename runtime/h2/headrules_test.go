package h2

import (
	"strings"
	"testing"
)

// malformed sends a head on stream 1 and wants it to be taken as malformed.
func malformed(pairs ...string) rule {
	return rule{strings.Join(pairs, " "), func(r *raw) { r.ask(1, true, fields(pairs...)) }, on1 + "PROTOCOL_ERROR"}
}

// bad is malformed with further fields of a good head.
func bad(pairs ...string) rule {
	return rule{"more: " + strings.Join(pairs, " "), func(r *raw) { r.ask(1, true, request(pairs...)) }, on1 + "PROTOCOL_ERROR"}
}

// good sends a head that must be taken.
func good(pairs ...string) rule {
	return rule{"good: " + strings.Join(pairs, " "), func(r *raw) { r.ask(1, true, fields(pairs...)) }, taken}
}

var headRules = []rule{
	malformed(":scheme", "http", ":path", "/", ":authority", "a"),
	malformed(":method", "GET", ":path", "/", ":authority", "a"),
	malformed(":method", "GET", ":scheme", "http", ":authority", "a"),
	malformed(":method", "GET", ":scheme", "http", ":authority", "a", ":path", ""),
	malformed(":method", "GET", ":scheme", "http", ":authority", "a", ":path", "x"),
	malformed(":method", "GET", ":scheme", "http", ":authority", "a", ":path", "*"),
	malformed(":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/a b"),
	malformed(":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/a\x7f"),
	malformed(":method", "GET", ":scheme", "http", ":authority", "a", ":path", "http://b/"),
	malformed(":method", "GET", ":scheme", "ftp", ":authority", "a", ":path", "/"),
	malformed(":method", "GET", ":scheme", "", ":authority", "a", ":path", "/"),
	malformed(":method", "", ":scheme", "http", ":authority", "a", ":path", "/"),
	malformed(":method", "G T", ":scheme", "http", ":authority", "a", ":path", "/"),
	malformed(":method", "GET", ":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/"),
	malformed(":method", "GET", ":scheme", "http", ":scheme", "http", ":authority", "a", ":path", "/"),
	malformed(":method", "GET", ":scheme", "http", ":authority", "a", ":authority", "a", ":path", "/"),
	malformed(":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/", ":path", "/"),
	malformed(":method", "GET", ":scheme", "http", ":authority", "u@a", ":path", "/"),
	malformed(":method", "GET", ":scheme", "http", ":authority", "a/b", ":path", "/"),
	malformed(":method", "GET", ":scheme", "http", ":authority", "", ":path", "/"),
	malformed(":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/", "host", "b"),
	malformed(":method", "GET", ":scheme", "http", ":path", "/", "host", "a", "host", "a"),
	malformed(":method", "GET", ":scheme", "http", ":authority", "a", "x", "y", ":path", "/"),
	malformed(":method", "CONNECT", ":scheme", "http", ":authority", "a:1", ":path", "/"),
	malformed(":method", "CONNECT"),
	malformed(":method", "CONNECT", ":authority", "a:1", ":protocol", "websocket", ":scheme", "http", ":path", "/"),
	malformed(":method", "GET", ":authority", "a:1", ":protocol", "websocket", ":scheme", "http", ":path", "/"),
	bad(":status", "200"),
	bad(":other", "x"),
	{":status in a request", func(r *raw) {
		r.ask(1, true, append(fields(":status", "200"), request()...))
	}, on1 + "PROTOCOL_ERROR"},
	{"unknown pseudo-field", func(r *raw) { r.ask(1, true, append(fields(":other", "x"), request()...)) }, on1 + "PROTOCOL_ERROR"},
	bad("X-Upper", "1"),
	bad("x y", "1"),
	bad("x:y", "1"),
	bad("", "1"),
	bad("x\x80", "1"),
	bad("x", "a\x00b"),
	bad("x", "a\rb"),
	bad("x", "a\nb"),
	bad("x", "a\x01b"),
	bad("x", " a"),
	bad("x", "a "),
	bad("x", "\ta"),
	bad("x", " "),
	bad("connection", "close"),
	bad("proxy-connection", "close"),
	bad("keep-alive", "1"),
	bad("transfer-encoding", "chunked"),
	bad("upgrade", "x"),
	bad("te", "gzip"),
	bad("te", "trailers, gzip"),
	bad("content-length", "x"),
	bad("content-length", "-1"),
	bad("content-length", "+1"),
	bad("content-length", ""),
	bad("content-length", "99999999999999999999"),
	bad("content-length", "0", "content-length", "0"),
	bad("content-length", "1"), // with END_STREAM

	good(":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/"),
	good(":method", "GET", ":scheme", "https", ":path", "/", "host", "a"),
	good(":path", "/", ":authority", "a", ":scheme", "http", ":method", "GET"),
	good(":method", "OPTIONS", ":scheme", "http", ":authority", "a", ":path", "*"),
	good(":method", "GET", ":scheme", "http", ":authority", "A", ":path", "/", "host", "a"),
	good(":method", "CONNECT", ":authority", "a:1"),
	good(":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/", "te", "Trailers"),
	good(":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/", "content-length", "0"),
	good(":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/", "x", "", "x", "a\tb \xff"),

	{"content shorter than its length", func(r *raw) {
		r.ask(1, false, request("content-length", "2"))
		_ = r.WriteData(1, true, []byte("x"))
	}, on1 + "PROTOCOL_ERROR"},
	{"content longer than its length", func(r *raw) {
		r.ask(1, false, request("content-length", "2"))
		_ = r.WriteData(1, false, []byte("xx"))
		_ = r.WriteData(1, false, []byte("x"))
	}, on1 + "PROTOCOL_ERROR"},
	{"content shorter than its length, with a trailer", func(r *raw) {
		r.ask(1, false, request("content-length", "2"))
		_ = r.WriteData(1, false, []byte("x"))
		r.ask(1, true, fields("x", "1"))
	}, on1 + "PROTOCOL_ERROR"},
	{"content as long as its length", func(r *raw) {
		r.ask(1, false, request("content-length", "2"))
		_ = r.WriteData(1, false, []byte("x"))
		_ = r.WriteData(1, false, []byte("x"))
		r.ask(1, true, fields("x", "1"))
	}, taken},
	{"trailer without an end", func(r *raw) { open1(r); r.ask(1, false, fields("x", "1")) }, on1 + "PROTOCOL_ERROR"},
	{"trailer with a pseudo-field", func(r *raw) { open1(r); r.ask(1, true, fields(":path", "/")) }, on1 + "PROTOCOL_ERROR"},
	{"trailer with an upper-case name", func(r *raw) { open1(r); r.ask(1, true, fields("X", "1")) }, on1 + "PROTOCOL_ERROR"},
	{"trailer with a connection's field", func(r *raw) { open1(r); r.ask(1, true, fields("connection", "close")) }, on1 + "PROTOCOL_ERROR"},
	{"trailer too large", func(r *raw) {
		open1(r)
		r.frame(frameHeaders, flagEnd, 1, fields("x", string(big(8000))))
		for range 8 {
			r.frame(frameContinuation, 0, 1, fields("x", string(big(8000))))
		}
		r.frame(frameContinuation, flagHeadEnd, 1, nil)
	}, on1 + "PROTOCOL_ERROR"},
	{"the state of HPACK outlives a malformed head", func(r *raw) {
		b := append([]byte{0x40}, appendText(appendText(nil, "x-kept"), "1")...)
		r.ask(1, true, append(fields(":bad", "1"), b...))
		r.ask(3, true, append(request(), 0x80|62))
	}, on1 + "PROTOCOL_ERROR"},
}

func TestHeadRules(t *testing.T) { play(t, headRules, Config{}) }

func TestConnectRules(t *testing.T) {
	ext := []string{":method", "CONNECT", ":protocol", "websocket", ":scheme", "http", ":authority", "a", ":path", "/x"}
	play(t, []rule{
		good(ext...),
		malformed(ext[:8]...),
		malformed(append([]string{":method", "CONNECT", ":protocol", "web socket"}, ext[4:]...)...),
		malformed(":method", "CONNECT", ":protocol", "websocket", ":scheme", "http", ":path", "/x", "host", "a"),
	}, Config{Connect: true})
}
