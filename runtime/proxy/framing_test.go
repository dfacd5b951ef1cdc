package proxy

import (
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

// TestFraming sends raw requests and checks the status and what the upstream saw.
func TestFraming(t *testing.T) {
	up := newRecorder(t, ok2)
	g := newGateway(t, up.addr, Config{}, nil)
	const h = "\r\nHost: a\r\n"
	type c struct {
		in, status string
		saw        string // of the only request seen; "" when none may pass
	}
	get := func(path string) string { return "GET " + path + " HTTP/1.1" + h + "\r\n" }
	post := func(fields, body string) string { return "POST / HTTP/1.1" + h + fields + "\r\n" + body }
	field := func(line string) string { return "GET / HTTP/1.1" + h + line + "\r\n\r\n" }
	cases := []c{
		{get("/"), "200", "GET / "},
		{"\r\n" + get("/"), "200", "GET / "},
		{get("http://a/p?q"), "200", "GET /p?q "},
		{get("HTTP://a"), "200", "GET / "},
		{"OPTIONS * HTTP/1.1" + h + "\r\n", "204", ""},
		{"GET / HTTP/1.0\r\nHost: a\r\n\r\n", "200", "GET / "},
		{"GET / HTTP/1.2" + h + "\r\n", "200", "GET / "},
		{"FOO / HTTP/1.1" + h + "\r\n", "200", "FOO / "},
		{post("Content-Length: 0\r\n", ""), "200", `POST / ""`},
		{post("Content-Length: 2\r\n", "ab"), "200", `POST / "ab"`},
		{post("transfer-encoding: CHUNKED\r\n", "1\r\na\r\n0\r\n\r\n"), "200", `POST / "a"`},
		{post("Transfer-Encoding: chunked\r\n", "A\r\n0123456789\r\n0\r\n\r\n"), "200", `"0123456789"`},
		// bodies
		{post("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400", ""},
		{post("Content-Length: 2\r\nContent-Length: 2\r\n", "ab"), "400", ""},
		{post("Content-Length: 2, 2\r\n", "ab"), "400", ""},
		{post("Content-Length: +2\r\n", "ab"), "400", ""},
		{post("Content-Length: -2\r\n", "ab"), "400", ""},
		{post("Content-Length: 0x2\r\n", "ab"), "400", ""},
		{post("Content-Length:\r\n", ""), "400", ""},
		{post("Content-Length: 2 2\r\n", "ab"), "400", ""},
		{post("Content-Length: 99999999999999999999\r\n", "ab"), "400", ""},
		{post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400", ""},
		{post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), "400", ""},
		{post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), "400", ""},
		{post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "501", ""},
		{post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), "400", ""},
		{post("Transfer-Encoding: identity\r\n", ""), "400", ""},
		{post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"), "400", ""},
		{post("Transfer-Encoding:\r\n", "0\r\n\r\n"), "400", ""},
		{post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), "400", ""},
		{"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", ""},
		{post("Expect: something\r\nContent-Length: 1\r\n", "a"), "417", ""},
		// fields
		{"GET / HTTP/1.1\nHost: a\n\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a\r\n\n", "400", ""},
		{field("A: b\r\n c"), "400", ""},
		{field("A: b\r\n\tc"), "400", ""},
		{field(" A: b"), "400", ""},
		{field("A : b"), "400", ""},
		{field("A\t: b"), "400", ""},
		{field(": b"), "400", ""},
		{field("A"), "400", ""},
		{field("A B: c"), "400", ""},
		{field("A\x00: c"), "400", ""},
		{field("A: c\x00"), "400", ""},
		{field("A: c\rd"), "400", ""},
		{field("A: c\x7f"), "400", ""},
		{field("A: c\x01"), "400", ""},
		{field("A(: c"), "400", ""},
		{field("\xe9: c"), "400", ""},
		{field("A: \xe9\t x"), "200", "GET / "},
		{field("A:"), "200", "GET / "},
		{field(strings.Repeat("A: b\r\n", 127) + "A: c"), "431", ""},
		{field("A: " + strings.Repeat("b", 70_000)), "431", ""},
		{field("Connection: close, \x01"), "400", ""},
		{field("Connection: a b"), "400", ""},
		// request line
		{" GET / HTTP/1.1" + h + "\r\n", "400", ""},
		{"GET  / HTTP/1.1" + h + "\r\n", "400", ""},
		{"GET /  HTTP/1.1" + h + "\r\n", "400", ""},
		{"GET\t/ HTTP/1.1" + h + "\r\n", "400", ""},
		{"GET / HTTP/1.1 " + h + "\r\n", "400", ""},
		{"GET / http/1.1" + h + "\r\n", "400", ""},
		{"GET / HTTP/1" + h + "\r\n", "400", ""},
		{"GET / HTTP/1.10" + h + "\r\n", "400", ""},
		{"GET / HTTP/2.0" + h + "\r\n", "505", ""},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505", ""},
		{"GET /" + h + "\r\n", "400", ""},
		{"GET HTTP/1.1" + h + "\r\n", "400", ""},
		{"G@T / HTTP/1.1" + h + "\r\n", "400", ""},
		{"(GET / HTTP/1.1" + h + "\r\n", "400", ""},
		{strings.Repeat("G", 33) + " / HTTP/1.1" + h + "\r\n", "400", ""},
		{get("/" + strings.Repeat("a", 9000)), "414", ""},
		{"CONNECT a:443 HTTP/1.1" + h + "\r\n", "501", ""},
		{get("*"), "400", ""},
		{get("a"), "400", ""},
		{get("ftp://a/"), "400", ""},
		{get("http://b/"), "400", ""},
		{get("http://u@a/"), "400", ""},
		{get("http:///"), "400", ""},
		{get("/#f"), "400", ""},
		{get("/\x01"), "400", ""},
		{get("/\x7f"), "400", ""},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400", ""},
		// host
		{"GET / HTTP/1.1\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost:\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a:\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a:80\r\n\r\n", "200", "GET / "},
		{"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "200", "GET / "},
		// paths
		{get("/a//b"), "200", "GET /a//b "},
		{get("/a/../b"), "200", "GET /b "},
		{get("/a/%2e%2E/b"), "200", "GET /b "},
		{get("/%41%7e%2d"), "200", "GET /A~- "},
		{get("/a%2fb"), "200", "GET /a%2Fb "},
		{get("/a/.."), "200", "GET / "},
		{get("/a|b"), "200", "GET /a%7Cb "},
		{get("/%252e"), "200", "GET /%252e "},
		{get("/..."), "200", "GET /... "},
		{get("/.."), "400", ""},
		{get("/a/../../b"), "400", ""},
		{get("/%00"), "400", ""},
		{get("/%"), "400", ""},
		{get("/%4"), "400", ""},
		{get("/%zz"), "400", ""},
		{get(`/a\b`), "400", ""},
		{get("/a/..%2f"), "400", ""},
		{get("/a/..%5cb"), "400", ""},
		{get("/a/..;x/b"), "400", ""},
		{get("/a%2f.."), "400", ""},
	}
	cases = append(cases, []c{
		// requests hidden in bodies, and bodies that are not what they seem
		{post("Content-Length: 5\r\nContent-Length: 0\r\n", "hello"), "400", ""},
		{post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"+get("/x")), "400", ""},
		{post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), "400", ""},
		{post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), "400", ""},
		{post("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"), "501", ""},
		{post("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"), "400", ""},
		{post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), "400", ""},
		{post("Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n"), "400", ""},
		{post("Transfer-Encoding: chunked,\r\n", "0\r\n\r\n"), "400", ""},
		{post("Transfer-Encoding: chunked\x00\r\n", "0\r\n\r\n"), "400", ""},
		{post("Transfer-Encoding:\tchunked\t\r\n", "1\r\na\r\n0\r\n\r\n"), "200", `POST / "a"`},
		{post("Transfer_Encoding: chunked\r\nContent-Length: 1\r\n", "a"), "200", `POST / "a"`},
		{post("Transfer-Encoding\x00: chunked\r\nContent-Length: 1\r\n", "a"), "400", ""},
		{post(" Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", "a"), "400", ""},
		{post("X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", "a"), "400", ""},
		{post("X: y\rTransfer-Encoding: chunked\r\nContent-Length: 1\r\n", "a"), "400", ""},
		{post("X: y\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n", "a"), "400", ""},
		{post("Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\n\r\n"), "200", `POST / "a"`},
		{post("Connection: content-length\r\nContent-Length: 1\r\n", "a"), "200", `POST / "a"`},
		{post("Connection: host, content-length\r\nContent-Length: 1\r\n", "a"), "200", `POST / "a"`},
		{post("Content-Length: 1;\r\n", "a"), "400", ""},
		{post("Content-Length: 1_0\r\n", "a"), "400", ""},
		{post("Content-Length: 1e1\r\n", "a"), "400", ""},
		{post("Content-Length: \xc2\xb2\r\n", "ab"), "400", ""},
		{post("Content-Length: 1\r\nContent-length: 2\r\n", "ab"), "400", ""},
		{post("Content-Length: 1,1\r\n", "a"), "400", ""},
		{"GET / HTTP/1.1" + h + "Content-Length: 2\r\n\r\nab", "200", `GET / "ab"`},
		{"HEAD / HTTP/1.1" + h + "Content-Length: 2\r\n\r\nab", "200", `HEAD / "ab"`},
		{"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", "200", `POST / "ab"`},
		{"GET / HTTP/0.9" + h + "\r\n", "505", ""},
		{"GET / HTTP/3.0" + h + "\r\n", "505", ""},
		{"GET / HTTP/1.1\r\n\r\nHost: a\r\n\r\n", "400", ""},
		{"\r\n\r\n" + get("/"), "400", ""},
		{"\n" + get("/"), "400", ""},
		{"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\x00\r\nHost: a\r\n\r\n", "400", ""},
		{"GET\x0b/ HTTP/1.1\r\nHost: a\r\n\r\n", "400", ""},
		{"GET /\x0bHTTP/1.1\r\nHost: a\r\n\r\n", "400", ""},
		{"GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n", "400", ""},
		{"GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a%00\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\n: a\r\nHost: a\r\n\r\n", "400", ""},
		{get("/%c0%ae%c0%ae/"), "200", "GET /%C0%AE%C0%AE/ "},
		{get("/a/%2e%2e/%2e%2e/b"), "400", ""},
		{get("/%5c..%5c"), "400", ""},
		{get("/a;/../b"), "200", "GET /b "},
		{get("//a"), "200", "GET //a "},
		{get("/?a b"), "400", ""},
		{get("/?a=\xff"), "200", "GET /?a=\xff "},
	}...)
	// A chunked body that breaks is answered 400, whatever had begun upstream.
	for _, bad := range []string{
		"x\r\n", "\r\n", "1 \r\na\r\n0\r\n\r\n", " 1\r\na\r\n0\r\n\r\n", "1\na\n0\n\n", "0x1\r\na\r\n0\r\n\r\n", "-1\r\n", "+1\r\n",
		"1\r\nab\r\n0\r\n\r\n", "1\r\na\n0\r\n\r\n", "1;\x01\r\na\r\n0\r\n\r\n", "1;a\nb\r\na\r\n", "1111111111111111\r\n",
		"0\r\nA : b\r\n\r\n", "0\r\n A: b\r\n\r\n", "0\r\nA: b\n\r\n", "0\r\nContent-Length : 5\r\n\r\n",
		"0;\x00\r\n\r\n", "00000000000000001\r\na\r\n0\r\n\r\n", "1\r\na\r\n0\n\r\n", "1\r\na0\r\n\r\n", "1\r\na\r\n\r\n0\r\n\r\n", "0 \r\n\r\n", "\x31;\r\r\na\r\n", "1,1\r\na\r\n0\r\n\r\n",
		"1;" + strings.Repeat("e", 2000) + "\r\na\r\n0\r\n\r\n",
	} {
		cases = append(cases, c{post("Transfer-Encoding: chunked\r\n", bad), "400", ""})
	}
	if len(cases) < 150 {
		t.Errorf("only %d cases", len(cases))
	}
	for _, c := range cases {
		before := len(up.seen())
		got := ask(t, g.addr, c.in)
		if !strings.HasPrefix(got, "HTTP/1.1 "+c.status+" ") {
			t.Errorf("%.80q: got %.60q, want %s", c.in, got, c.status)
		}
		seen := up.seen()[before:]
		if c.saw == "" && len(seen) > 0 || c.saw != "" && (len(seen) != 1 || !strings.Contains(seen[0], c.saw)) {
			t.Errorf("%.80q: upstream saw %q, want %q", c.in, seen, c.saw)
		}
		// Another client is not touched by what this one sent: no byte of it is left on
		// a connection to the upstream.
		probe := ask(t, g.addr, get("/probe"))
		if seen := up.seen()[before+len(seen):]; !strings.HasPrefix(probe, "HTTP/1.1 200 ") || len(seen) != 1 || !strings.HasPrefix(seen[0], `GET /probe ""`) {
			t.Errorf("%.80q: the next client got %q, for which the upstream saw %q", c.in, probe, seen)
		}
		if c.status >= "400" && strings.Count(got, "HTTP/1.1 ") != 1 {
			t.Errorf("%.80q: the connection went on after an error: %q", c.in, got)
		}
	}
}

// Parts of a head that a filter puts together anew are checked like any other text.
func TestPartsOfHeads(t *testing.T) {
	head := []byte("GET / HTTP/1.1\r\nHost: a\r\nX-A: one two: three\r\nTe: x\r\nX-B:four\r\nX-C: five \r\n\r\n")
	part := func(s string) string {
		at := strings.Index(string(head), s)
		return view(head[at : at+len(s)])
	}
	for want, f := range map[string]filter.Field{
		"X-A: one two: three\r\n": {Name: part("X-A"), Value: part("one two: three")},
		"X-A: one\r\n":            {Name: part("X-A"), Value: part("one")},
		"X-A: three\r\n":          {Name: part("X-A"), Value: part("three")},
		"A: one two: three\r\n":   {Name: part("X-A")[2:], Value: part("one two: three")},
		"X-B: four\r\n":           {Name: part("X-B"), Value: part("four")},
		"X-C: five\r\n":           {Name: part("X-C"), Value: part("five")},
		"three: five\r\n":         {Name: part("three"), Value: part("five")},
		"":                        {Name: part("one two"), Value: part("three")},
	} {
		var h filter.Header
		h.Add(f.Name, f.Value)
		h.Add(part("Host"), part("a"))                   // ours
		h.Add(part("GET"), part("HTTP/1.1\r\nHost: a"))  // no value
		h.Add("", part("five"))                          // no name
		h.Add(part("X-B:four"), "x")                     // no name
		h.Add(part("GET / HTTP/1.1\r\nHost"), part("a")) // no name
		if got := string(appendFields(nil, &h, head)); got != want {
			t.Errorf("%q: got %q, want %q", f, got, want)
		}
	}
}

func FuzzRequestHead(f *testing.F) {
	f.Add([]byte("GET /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"))
	f.Add([]byte("POST http://a/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: x, close\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var q requestHead
		var h filter.Header
		n, code := q.parse(b, &h, false, headLimits{8 << 10, 64 << 10, 128})
		if n > len(b) || n > 0 && code != 0 {
			t.Fatalf("parse returned %d, %v for %d bytes", n, code, len(b))
		}
		if n > 0 && (q.chunked && q.length >= 0 || strings.ContainsAny(q.path+q.query+q.method, " \r\n\x00")) {
			t.Fatalf("accepted %q", b[:n])
		}
		// In one piece or line by line, the same bytes are passed on.
		want := ""
		for _, f := range h.Fields() {
			want += f.Name + ": " + f.Value + "\r\n"
		}
		if got := string(appendFields(nil, &h, b)); n > 0 && got != want {
			t.Fatalf("%q is passed on as %q, want %q", b[:n], got, want)
		}
		for _, f := range h.Fields() {
			if n > 0 && (!cleanToken(f.Name) || strings.ContainsAny(f.Value, "\r\n\x00")) {
				t.Fatalf("accepted field %q", f)
			}
		}
	})
}

func FuzzResponseHead(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p responseHead
		var h filter.Header
		n, ok := p.parse(b, &h, 128)
		if n > len(b) || n > 0 && (!ok || p.status < 100 || p.status > 599 || p.chunked && p.length >= 0) {
			t.Fatalf("accepted %q as %+v", b, p)
		}
	})
}

func FuzzChunked(f *testing.F) {
	f.Add([]byte("3;a=b\r\nabc\r\n0\r\nx: y\r\n\r\n"), 3)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		// Whole or in two pieces, the same bytes come out.
		decode := func(parts ...[]byte) (string, chunkState, bool) {
			var c chunks
			var out, in []byte
			for _, p := range parts {
				in = append(in, p...)
				for c.state != chunksDone {
					data, n, ok := c.next(in)
					if !ok {
						return string(out), c.state, false
					}
					out = append(out, data...)
					in = in[n:]
					if n == 0 {
						break
					}
				}
			}
			return string(out), c.state, true
		}
		a, sa, oa := decode(b)
		cut = max(0, min(cut, len(b)))
		x, sx, ox := decode(b[:cut], b[cut:])
		if oa != ox || oa && (a != x || sa != sx) {
			t.Fatalf("whole: %q %v %v, cut at %d: %q %v %v", a, sa, oa, cut, x, sx, ox)
		}
	})
}
