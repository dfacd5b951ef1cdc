package proxy

import (
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/reason"
)

// FuzzH2Head takes whatever a stream's head may hold the way into an exchange and out to
// an upstream of HTTP/1.1: what is sent there is one request, with the method and host
// that were asked for, and no field but those that were there, whatever bytes they hold.
func FuzzH2Head(f *testing.F) {
	f.Add("GET", "a.example", "/a?b=c", "x-a", "1", int64(-1), "")
	f.Add("POST", "a.example:80", "/", "cookie", "a=1; b=2", int64(3), "")
	f.Add("CONNECT", "a", "/chat", "sec-websocket-version", "13", int64(-1), "websocket")
	f.Add("GET", "a", "/a HTTP/1.1\r\nx: y", "x-a", "1", int64(-1), "")
	f.Add("GET / HTTP/1.1\r\nx:", "a", "/", "x-a", "1", int64(-1), "")
	f.Add("GET", "a\r\nx: y", "/", "x-a", "1", int64(-1), "")
	f.Add("GET", "a", "/", "x-a: 1\r\nhost", "b", int64(-1), "")
	f.Add("GET", "a", "/", "x-a", "1\r\ncontent-length: 5", int64(-1), "")
	f.Add("GET", "a", "/", "transfer-encoding", "chunked", int64(0), "")
	f.Add("GET", "a", "/", "content-length", "7", int64(2), "")
	f.Add("GET", "a", "/", "connection", "x-forwarded-for", int64(-1), "")
	f.Add("GET", "a", "http://b/", "x-forwarded-for", "1.2.3.4", int64(-1), "")
	f.Add("GET", "a", "", "x-a", "1", int64(-1), "")
	f.Add("OPTIONS", "a", "*", "x_client_cert_subject", "me", int64(-1), "")
	f.Fuzz(func(t *testing.T, method, authority, path, name, value string, length int64, protocol string) {
		if length < -1 || length > 1<<40 {
			return
		}
		head := h2.Head{Method: method, Scheme: "http", Authority: authority, Path: path, Protocol: protocol, Length: length}
		head.Header.Add(name, value)
		c := &session{w: new(works).get(), scheme: "http", via: "2 lintel", lim: &Limits{}, srv: &Server{}}
		w := c.w
		if w.req.read(&head, &w.x.Header, false) != reason.OK || w.req.star {
			return
		}
		w.x.Method, w.x.Host, w.x.Path, w.x.Query = w.req.method, w.req.host, w.req.path, w.req.query
		dropIdentity(&w.x.Header)
		out, ok := c.appendRequest(nil, "10.0.0.7:80")
		if !ok {
			return
		}
		var again requestHead
		var fields filter.Header
		n, code := again.parse(out, &fields, true, headLimits{1 << 20, 1 << 20, 1000})
		if code != reason.OK || n != len(out) {
			t.Fatalf("what goes up is no one request: %v, %d of %d bytes\n%q", code, n, len(out), out)
		}
		if again.method != w.req.method || again.host != w.req.host || again.path != w.req.path || again.query != w.req.query {
			t.Fatalf("another request goes up: %q", out)
		}
		if again.chunked || again.length != max(w.req.length, -1) {
			t.Fatalf("the body is framed otherwise: %q", out)
		}
		if len(fields.Fields()) > 1 {
			t.Fatalf("one field became %v", fields.Fields())
		}
		for _, got := range fields.Fields() {
			if got.Name != name || got.Value != strings.Trim(value, " \t") || isIdentity(got.Name) {
				t.Fatalf("%q: %q became %q: %q", name, value, got.Name, got.Value)
			}
		}
	})
}
