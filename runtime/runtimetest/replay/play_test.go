package replay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
)

func TestEcho(t *testing.T) {
	addr := newEcho(t)
	for name, c := range map[string]struct{ spec, want string }{
		"all that it received": {`{"request": {"method": "POST", "host": "Shop.example", "path": "/a%2Fb?x=1", "headers": {"x-user": "u"}, "body": "hello"},
			"expect": {"status": 200, "upstream": {"name": "orders", "method": "POST", "host": "Shop.example", "path": "/a%2Fb?x=1",
			"headers": {"x-user": "u", "x-none": {"present": false}}, "absentHeaders": ["x-debug"], "body": {"prefix": "hell"}}}}`, ""},
		"what it did not": {
			`{"request": {"host": "a", "path": "/", "headers": {"x-debug": "1"}},
			"expect": {"upstream": {"name": "stock", "method": "PUT", "host": "b", "path": "/?x", "headers": {"x-user": "u"}, "absentHeaders": ["x-debug"], "body": "hello"}}}`,
			"upstream name: stock | orders\nupstream method: PUT | GET\nupstream host: b | a\nupstream path: /?x | /\nupstream header x-user: \"u\" | absent\nupstream header x-debug: absent | \"1\"\nupstream body: \"hello\" | \"\"",
		},
		"a body that is no text":       {`{"request": {"method": "POST", "path": "/", "headers": {"content-length": "2", "x-echo-status": "201"}, "body": "\u0000\u0001"}, "expect": {"status": 201, "upstream": {"body": "\u0000\u0001"}}}`, ""},
		"a fault":                      {`{"request": {"path": "/", "headers": {"x-echo-status": "503", "x-echo-size": "10"}}, "expect": {"status": 503, "body": "lintel--li"}}`, ""},
		"half an answer, as expected":  {`{"request": {"path": "/", "headers": {"x-echo-size": "16", "x-echo-abort": "body"}}, "expect": {"status": 200, "aborted": true, "body": "lintel--"}}`, ""},
		"a whole answer, not expected": {`{"request": {"path": "/"}, "expect": {"aborted": true}}`, "aborted: an answer that breaks off | a whole one"},
		"no answer, half expected":     {`{"request": {"path": "/", "headers": {"x-echo-abort": "head"}}, "expect": {"aborted": true}}`, "exchange: an answer | the connection was closed without an answer"},
		"a slow body":                  {`{"request": {"path": "/", "headers": {"x-echo-drip": "120ms"}}, "expect": {"status": 200, "duration": {"min": "100ms", "max": "10s"}, "upstream": {"path": "/"}}}`, ""},
		"json that it received":        {`{"request": {"method": "POST", "path": "/", "json": {"b": [1, 2], "a": null}}, "expect": {"upstream": {"json": {"a": null, "b": [1.0, 2]}}}}`, ""},
		"other json":                   {`{"request": {"method": "POST", "path": "/", "body": "{"}, "expect": {"upstream": {"json": {}}}}`, `upstream json: {} | no JSON: unexpected EOF`},
		"half an answer":               {`{"request": {"path": "/", "headers": {"x-echo-size": "1000", "x-echo-abort": "body"}}, "expect": {}}`, "exchange: an answer | the connection was closed after 500 of 1000 bytes of the body"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told((&Player{Address: addr}).Play(t.Context(), 0, newCase(t, c.spec))); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestEarlyAnswer sends a body that is never read.
func TestEarlyAnswer(t *testing.T) {
	s := httptest.NewServer(echo.Handler(""))
	defer s.Close()
	c := newCase(t, `{"request": {"method": "POST", "path": "/", "headers": {"x-echo-status": "99", "connection": "close"}}, "expect": {"status": 400}}`)
	c.Spec.Request.Body = strings.Repeat("x", 32<<20)
	if r := (&Player{Address: s.Listener.Addr().String(), Timeout: 10 * time.Second}).Play(t.Context(), 0, c); r.Got == nil || r.Got.Status != 400 {
		t.Errorf("got %s", told(r))
	}
}

func TestRepeats(t *testing.T) {
	named := func(status, upstream, more string) string {
		return "HTTP/1.1 " + status + " X\r\nx-lintel-route: a/b\r\nx-lintel-upstream: shop.example/" + upstream + "\r\nContent-Length: 1\r\n" + more + "\r\nx"
	}
	answers := []string{named("200", "orders", ""), named("200", "next", ""), named("429", "orders", "Connection: close\r\n") + hangUp, named("200", "orders", "")}
	for name, c := range map[string]struct{ expect, want string }{
		"counts that hold":    {`{"route": "a/b", "counts": [{"upstream": "orders", "min": 3, "max": 3}, {"status": 200, "min": 2}, {"status": 429, "upstream": "orders", "max": 1}]}`, ""},
		"counts that do not":  {`{"route": "a/b", "counts": [{"upstream": "orders", "max": 1}, {"status": 200, "min": 4, "max": 4}, {"status": 429, "upstream": "next", "min": 1, "max": 2}]}`, "counts: at most 1 answers of upstream orders | 3 of 4\ncounts: 4 answers with status 200 | 3 of 4\ncounts: 1 to 2 answers with status 429 of upstream next | 0 of 4"},
		"every answer":        {`{"route": "a/b", "status": 200, "body": "x"}`, "status: 200 | 429 (request 3 of 4)"},
		"more than one wrong": {`{"route": "a/c", "status": 200}`, "route: a/c | a/b (request 1 of 4, and 3 more)\nstatus: 200 | 429 (request 3 of 4)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, answers...)
			r := (&Player{Address: s.addr}).Play(t.Context(), 0, newCase(t, `{"request": {"path": "/", "repeat": 4}, "expect": `+c.expect+`}`))
			if got := told(r); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if s.conns != 2 || len(s.sent()) != 4 {
				t.Errorf("%d connections for %d requests", s.conns, len(s.sent()))
			}
			if d := cmp.Diff([]string{"a/b"}, r.Routes); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestClosedBetween lets a server close a connection that it had promised to keep: the
// request goes over a new one, once.
func TestClosedBetween(t *testing.T) {
	s := newScript(t, ok+hangUp, ok+hangUp, hangUp)
	r := (&Player{Address: s.addr}).Play(t.Context(), 0, newCase(t, `{"request": {"path": "/", "repeat": 3}, "expect": {"status": 200}}`))
	if got := told(r); got != "exchange: an answer | the connection was closed without an answer (request 3 of 3)" {
		t.Errorf("got %s", got)
	}
}

func TestWebSocket(t *testing.T) {
	addr := newEcho(t)
	for name, c := range map[string]struct{ request, expect, want string }{
		"echo":         {`"websocket": ["hello", "again", ""]`, `{"headers": {"upgrade": {"regex": "(?i)websocket"}}}`, ""},
		"other answer": {`"websocket": ["hello", "again"]`, `{"websocket": ["hello", "x"]}`, `websocket: message 2 of 2: "x" | "again"`},
		"protocol":     {`"websocket": ["a"], "headers": {"sec-websocket-protocol": ["chat", "x"]}`, `{"headers": {"sec-websocket-protocol": "chat"}}`, ""},
		"own key":      {`"websocket": ["a"], "headers": {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}`, `{"headers": {"sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}}`, ""},
		"refused":      {`"websocket": ["a"], "headers": {"sec-websocket-version": "12"}`, `{"status": 400, "body": {"contains": "unsupported"}}`, ""},
		"not refused":  {`"websocket": ["a"]`, `{"status": 403}`, `status: 403 | 101`},
		"no upgrade":   {`"websocket": ["a"], "headers": {"x-echo-status": "99"}`, `{}`, `status: 101 | 400`},
		"none come":    {`"websocket": ["a"]`, `{"websocket": ["a", "b"]}`, `websocket: message 2 of 2: "b" | no message came in time`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &Player{Address: addr, Timeout: 10 * time.Second}
			if name == "none come" {
				p.Timeout = 100 * time.Millisecond
			}
			r := p.Play(t.Context(), 0, newCase(t, `{"request": {"host": "shop.example", "path": "/ws", `+c.request+`}, "expect": `+c.expect+`}`))
			if got := told(r); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestBadWebSocket upgrades without a right handshake, and breaks off.
func TestBadWebSocket(t *testing.T) {
	upgraded := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
	for name, c := range map[string]struct{ answer, want string }{
		"no accept":        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", `exchange: an answer | a bad upgrade: sec-websocket-accept is absent`},
		"another upgrade":  {strings.Replace(upgraded, "websocket", "h2c", 1), `exchange: an answer | a bad upgrade: upgrade is "h2c"`},
		"a wrong accept":   {strings.Replace(upgraded, "s3pP", "aaaa", 1), `exchange: an answer | a bad upgrade: sec-websocket-accept is "aaaaLMBiTxaQ9kYGzzhZRbK+xOo="`},
		"not on this hop":  {strings.Replace(upgraded, "Connection: Upgrade\r\n", "", 1), `exchange: an answer | a bad upgrade: connection is absent`},
		"cut":              {upgraded + hangUp, `websocket: message 1 of 1: "a" | the connection was cut`},
		"closed":           {upgraded + "\x88\x06\x03\xf3late" + hangUp, `websocket: message 1 of 1: "a" | the connection was closed with 1011 ("late")`},
		"binary":           {upgraded + "\x82\x01a" + hangUp, `websocket: message 1 of 1: "a" | a binary message of 1 bytes`},
		"no close":         {upgraded + "\x81\x01a" + hangUp, `websocket: a proper close | the close was not answered: the connection was cut`},
		"closed unasked":   {hangUp, "exchange: an answer | the connection was closed without an answer"},
		"a redirect":       {"HTTP/1.1 307 x\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n", `status: 101 | 307`},
		"reserved bit set": {upgraded + "\xf1\x01a" + hangUp, `websocket: message 1 of 1: "a" | `},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, c.answer)
			r := (&Player{Address: s.addr}).Play(t.Context(), 0, newCase(t, `{"request": {"path": "/", "websocket": ["a"], "headers": {"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="}}, "expect": {}}`))
			if got := told(r); !strings.HasPrefix(got, c.want) || got == "" {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestSecrets(t *testing.T) {
	p := &Player{Address: newEcho(t), Secrets: map[string]string{"shop.example/key": `s3"cret-of-shop`, "token": "shared&value"}}
	c := newCase(t, `{"request": {"path": "/", "headers": {"authorization": {"secret": "key", "prefix": "Bearer "}, "x-token": {"secret": "token"}}},
		"expect": {"status": 201, "body": "no", "json": {}, "jsonPath": {"$.headers.authorization[0]": 1}, "upstream": {"headers": {"authorization": "x", "x-token": {"secret": "token"}, "x-other": {"secret": "key"}}}}}`)
	r := p.Play(t.Context(), 0, c)
	var fields []string
	for _, m := range r.Mismatches {
		fields = append(fields, m.Field)
		for _, text := range []string{m.Want, m.Got, m.Diff, r.Got.Body} {
			for _, part := range []string{"s3", "cret-of", "shared", "value"} {
				if strings.Contains(text, part) {
					t.Errorf("%s shows a secret: %s", m.Field, text)
				}
			}
		}
	}
	if d := cmp.Diff([]string{"status", "body", "json", "jsonPath $.headers.authorization[0]", "upstream header authorization", "upstream header x-other"}, fields); d != "" {
		t.Error(d)
	}
	if got := body(t, r).Headers["authorization"]; !slices.Equal(got, []string{"Bearer (secret)"}) {
		t.Errorf("shown: %q", got)
	}
	if c.Spec.Request.Headers["x-token"].Secret == nil || c.Spec.Expect.Upstream.Headers["x-token"].Secret == nil {
		t.Error("the case was changed")
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(echo.Handler("orders"))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	p := &Player{Address: s.Listener.Addr().String(), TLS: &tls.Config{RootCAs: roots}}
	good := newCase(t, `{"request": {"scheme": "https", "host": "example.com:443", "path": "/", "repeat": 2}, "expect": {"jsonPath": {"$.tls.serverName": "example.com"}}}`)
	if r := p.Play(t.Context(), 0, good); !r.Passed {
		t.Error(told(r))
	}
	bad := newCase(t, `{"request": {"scheme": "https", "host": "other.test", "path": "/"}, "expect": {}}`)
	if got := told(p.Play(t.Context(), 0, bad)); !strings.HasPrefix(got, "exchange: an answer | tls: failed to verify certificate") {
		t.Error(got)
	}
}

// TestReuse plays cases at once and after one another over connections that stay.
func TestReuse(t *testing.T) {
	many := slices.Repeat([]string{ok}, 40)
	s := newScript(t, many...)
	p := &Player{Address: s.addr, Reuse: true}
	defer p.CloseIdle()
	c := newCase(t, `{"request": {"path": "/"}, "expect": {"body": "ok"}}`)
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for range 10 {
				if r := p.Play(t.Context(), 0, c); !r.Passed {
					t.Error(told(r))
				}
			}
		})
	}
	running.Wait()
	if s.conns > 4 {
		t.Errorf("%d connections for four at once", s.conns)
	}
}

func TestUnreachable(t *testing.T) {
	s := httptest.NewServer(echo.Handler(""))
	addr := s.Listener.Addr().String()
	s.Close()
	c := newCase(t, `{"request": {"path": "/"}, "expect": {}}`)
	if r := (&Player{Address: addr}).Play(t.Context(), 0, c); told(r) != "exchange: an answer | nothing listens on "+addr || r.Got != nil {
		t.Errorf("got %s", told(r))
	}
}

func TestStopped(t *testing.T) {
	s := newScript(t, silence)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	c := newCase(t, `{"request": {"path": "/", "repeat": 100}, "expect": {}}`)
	if got := told((&Player{Address: s.addr}).Play(ctx, 0, c)); got != "exchange: an answer | the replay was stopped (request 1 of 100)" {
		t.Errorf("got %s", got)
	}
}

// TestLongCase gives a case that may take longer than the timeout its time.
func TestLongCase(t *testing.T) {
	p := &Player{Address: newEcho(t), Timeout: 20 * time.Millisecond}
	c := newCase(t, `{"request": {"path": "/", "headers": {"x-echo-delay": "60ms"}}, "expect": {"status": 200, "duration": {"min": "50ms", "max": "20s"}}}`)
	if r := p.Play(t.Context(), 0, c); !r.Passed {
		t.Error(told(r))
	}
}

func BenchmarkPlay(b *testing.B) {
	s := httptest.NewServer(echo.Handler("orders"))
	defer s.Close()
	p := &Player{Address: s.Listener.Addr().String()}
	c := newCase(&testing.T{}, `{"request": {"host": "a", "path": "/x"}, "expect": {"status": 200, "upstream": {"name": "orders", "path": "/x"}}}`)
	for b.Loop() {
		if r := p.Play(b.Context(), 0, c); !r.Passed {
			b.Fatal(told(r))
		}
	}
}
