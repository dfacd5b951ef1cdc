package explain_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/explain"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/table"
)

func TestParse(t *testing.T) {
	field := func(name, value string) filter.Field { return filter.Field{Name: name, Value: value} }
	for _, c := range []struct {
		method, url string
		headers     []string
		want        explain.Request
	}{
		{"get", "shop.example", nil, explain.Request{Method: "GET", Scheme: "http", Host: "shop.example", Target: "/"}},
		{"PURGE", "HTTPS://Shop.example:8443?x=/y#top", nil, explain.Request{Method: "PURGE", Scheme: "https", Host: "Shop.example:8443", Target: "/?x=/y"}},
		{"GET", "shop.example/a?to=http://b/", nil, explain.Request{Method: "GET", Scheme: "http", Host: "shop.example", Target: "/a?to=http://b/"}},
		{"GET", "http://a/b", []string{"Host: c:1", "X-A:  1 ", "x-b:"}, explain.Request{
			Method: "GET", Scheme: "http", Host: "c:1", Target: "/b", Headers: []filter.Field{field("x-a", "1"), field("x-b", "")},
		}},
		{"GET", "wss://a/b", nil, explain.Request{
			Method: "GET", Scheme: "https", Host: "a", Target: "/b", Headers: []filter.Field{field("connection", "upgrade"), field("upgrade", "websocket")},
		}},
	} {
		got, err := explain.Parse(c.method, c.url, c.headers)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s %s: %v (-want +got)\n%s", c.method, c.url, err, diff)
		}
	}
}

func TestParseMistakes(t *testing.T) {
	for _, c := range []struct {
		method, url string
		headers     []string
		want        string
	}{
		{"", "a/", nil, `"" is no method: give one such as GET`},
		{"GE T", "a/", nil, `"GE T" is no method: give one such as GET`},
		{strings.Repeat("A", 33), "a/", nil, `is no method`},
		{"GET", "", nil, `the URL "" has no host: give one such as shop.example/cart`},
		{"GET", "/cart", nil, `has no host`},
		{"GET", "http:///cart", nil, `has no host`},
		{"GET", "a/b c", nil, `holds a blank or a control byte: write %20 for a blank`},
		{"GET", "a/\n", nil, `holds a blank or a control byte`},
		{"GET", "file:///etc", nil, `has the scheme "file": a gateway takes http and https`},
		{"GET", "https://me:pass@a/", nil, `has a user before its host: leave it out`},
		{"GET", "a/" + strings.Repeat("x", 1<<16), nil, `more than any gateway takes`},
		{"GET", "a/", []string{"x-a"}, `-H takes a header as "name: value", not "x-a"`},
		{"GET", "a/", []string{"x a: 1"}, `-H: "x a" is no header name`},
		{"GET", "a/", []string{": 1"}, `-H: "" is no header name`},
		{"GET", "a/", []string{"x-a: 1\r\nx-b: 2"}, `-H: the value of x-a holds a control byte or a line break`},
		{"GET", "a/", []string{"host: b", "host: c"}, `-H: host is given twice`},
		{"GET", "a/", make([]string, 2000), `2000 headers are more than any gateway takes`},
	} {
		_, err := explain.Parse(c.method, c.url, c.headers)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q %q %q: %v, want %q", c.method, c.url, c.headers, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "pass") {
			t.Errorf("the mistake repeats a password: %v", err)
		}
	}
}

// TestRefused holds what a gateway refuses before it looks for a route.
func TestRefused(t *testing.T) {
	e := small(t)
	for _, c := range []struct {
		method, target, host string
		headers              []string
		status               int
		code                 string
	}{
		{"CONNECT", "/", "a", nil, 501, "not-implemented"},
		{"OPTIONS", "*", "a", nil, 204, ""},
		{"G T", "/", "a", nil, 400, "bad-request"},
		{"GET", "/", "a b", nil, 400, "bad-request"},
		{"GET", "/", ".a", nil, 400, "bad-request"},
		{"GET", "/", "a:", nil, 400, "bad-request"},
		{"GET", "/", "[zz]", nil, 400, "bad-request"},
		{"GET", "/", "", nil, 400, "bad-request"},
		{"GET", "/%zz", "a", nil, 400, "bad-request"},
		{"GET", `/a\b`, "a", nil, 400, "bad-request"},
		{"GET", "/a#b", "a", nil, 400, "bad-request"},
		{"GET", "/", "a", []string{"content-length", "1", "content-length", "1"}, 400, "bad-request"},
		{"GET", "/", "a", []string{"content-length", "x"}, 400, "bad-request"},
		{"GET", "/", "a", []string{"content-length", "1", "transfer-encoding", "chunked"}, 400, "bad-request"},
		{"GET", "/", "a", []string{"transfer-encoding", "gzip"}, 400, "bad-request"},
		{"GET", "/", "a", []string{"expect", "more"}, 417, "expectation-failed"},
		{"GET", "/", "a", []string{"host", "b"}, 400, "bad-request"},
		{"GET", "/" + strings.Repeat("x", 8<<10), "a", nil, 414, "uri-too-long"},
		{"GET", "/", "a", []string{"x-a", strings.Repeat("x", 64<<10)}, 431, "head-too-large"},
		{"GET", "/", "a", make([]string, 2*128), 431, "head-too-large"},
		{"GET", "/", "a", []string{"expect", "100-continue", "content-length", "1"}, 404, "route-not-found"},
	} {
		q := explain.Request{Method: c.method, Host: c.host, Target: c.target}
		for i := 0; i < len(c.headers); i += 2 {
			q.Headers = append(q.Headers, filter.Field{Name: c.headers[i], Value: c.headers[i+1]})
		}
		x, err := e.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		if x.Status != c.status || x.Code != c.code || x.Route != "" || x.Reason == "" {
			t.Errorf("%.20s %.20s %s: %d %s %q, want %d %s", c.method, c.target, c.host, x.Status, x.Code, x.Reason, c.status, c.code)
		}
	}
}

func small(t testing.TB) *explain.Explainer {
	t.Helper()
	b, prog := compile(t, compiler.Options{Cache: "off", FS: fstest.MapFS{"shop.example/a.cue": {Data: []byte(`package routes
domain: hosts: ["shop.example", "*.shop.example"]
upstreams: web: endpoints: ["10.0.0.1:80"]
routes: "cart": #Route & {path: template: "/cart/{id}/items", methods: ["GET"], upstream: "web", filters: requestId: keep: true}
routes: "own": #Route & {hosts: ["api.shop.example"], path: exact: "/own", headers: origin: prefix: "http", filters: {cors: allowOrigins: ["*"], respond: {}}}
`)}}})
	return explainer(t, b, prog)
}

// FuzzExplain explains whatever can be typed: no request is refused with a failure,
// the text holds no control byte, and every advice is true.
func FuzzExplain(f *testing.F) {
	e := small(f)
	f.Add("GET", "shop.example/cart/7/items?x=1", "x-request-id: mine")
	f.Add("PUT", "https://a.shop.example/cart/7/items/", "cookie: a=b")
	f.Add("OPTIONS", "api.shop.example/own", "access-control-request-method: GET")
	f.Add("GET", "ws://api.shop.example/Own", "connection: x-a")
	f.Add("GET", "shop.example/crat/%zz/../ü", "x-a: <é>")
	f.Add("GET", "api.shop.example/own?\u009b2J", "origin: http://a\tb.shop.example")
	f.Fuzz(func(t *testing.T, method, url, header string) {
		q, err := explain.Parse(method, url, []string{header})
		if err != nil {
			if strings.ContainsAny(err.Error(), "\x00\r\n\x1b") {
				t.Errorf("a mistake with a control byte: %q", err)
			}
			return
		}
		x, err := e.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		if (x.Route != "") != (x.Outcome == explain.Matched) {
			t.Errorf("outcome %s and route %q", x.Outcome, x.Route)
		}
		var text strings.Builder
		if err := x.WriteText(&text, explain.TextOptions{All: true}); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(text.String(), func(c rune) bool { return unicode.IsControl(c) && c != '\n' }); i >= 0 {
			t.Errorf("the text holds a control byte at %d: %q", i, text.String())
		}
		for _, a := range x.Advice {
			_, rest, is := strings.Cut(a, "did you mean the path ")
			path, _, _ := strings.Cut(rest, "? ")
			if !is {
				continue
			}
			again := q
			_, query, _ := strings.Cut(q.Target, "?")
			again.Target = path + "?" + query
			if y, err := e.Explain(again); err != nil || y.Route == "" || !strings.Contains(a, y.Route) {
				t.Errorf("%q: %v, %+v", a, err, y)
			}
		}
	})
}

func TestInstead(t *testing.T) {
	trace := table.Trace{Route: "d/b", Steps: []table.TraceStep{{Route: "d/b", Host: "*", Path: "prefix /", Verdict: "wins"}}}
	if got, want := explain.Instead(trace, ""), "d/b takes it on host * by prefix /"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestClientValues holds that an id which the client sent stands as it is, and that
// what nobody changes, a credential perhaps, is not repeated.
func TestClientValues(t *testing.T) {
	q, err := explain.Parse("GET", "shop.example/cart/7/items", []string{"x-request-id: mine-7", "authorization: Bearer abc", "cookie: sid=abc", "connection: x-hop", "x-hop: abc"})
	if err != nil {
		t.Fatal(err)
	}
	x, err := small(t).Explain(q)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]explain.Field{{Name: "x-request-id", Value: "mine-7"}}, x.Upstream.Response); diff != "" {
		t.Errorf("the answer's fields (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"connection", "x-hop"}, x.Upstream.Headers.Removed); diff != "" {
		t.Errorf("removed (-want +got)\n%s", diff)
	}
	var text, program strings.Builder
	if err := errors.Join(x.WriteText(&text, explain.TextOptions{All: true, Color: true}), x.WriteJSON(&program)); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{text.String(), program.String()} {
		if strings.Contains(s, "abc") {
			t.Errorf("a value of the client is repeated:\n%s", s)
		}
	}
}
