package proxy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// hook is a filter made of two functions.
type hook struct {
	request  func(*filter.Exchange) filter.Verdict
	response func(*filter.Exchange)
}

func (h hook) Request(x *filter.Exchange) filter.Verdict {
	if h.request == nil {
		return filter.Continue
	}
	return h.request(x)
}

func (h hook) Response(x *filter.Exchange) {
	if h.response != nil {
		h.response(x)
	}
}

func spec(name string, priority int, h hook) filter.Spec {
	return filter.Spec{Name: name, Priority: priority, New: func(filter.Env, json.RawMessage) (filter.Filter, error) { return h, nil }}
}

func TestFilters(t *testing.T) {
	sign := spec("sign", 1, hook{response: func(x *filter.Exchange) {
		x.Response.Set("x-signed", x.Reason.String())
		x.Response.Set("x-id", x.RequestID())
	}})
	answer := func(status int, kind, body string) filter.Spec {
		return spec("answer", 2, hook{request: func(x *filter.Exchange) filter.Verdict {
			x.Answer(status, kind, []byte(body))
			return filter.Stop
		}})
	}
	failing := func(code reason.Code) filter.Spec {
		return spec("answer", 2, hook{request: func(x *filter.Exchange) filter.Verdict {
			x.Fail(code)
			return filter.Stop
		}})
	}
	edit := func(f func(*filter.Exchange)) filter.Spec {
		return spec("edit", 3, hook{request: func(x *filter.Exchange) filter.Verdict { f(x); return filter.Continue }})
	}
	late := spec("late", 9, hook{response: func(x *filter.Exchange) { x.Response.Set("x-late", "1") }})
	dead := closedAddr(t)
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, c := range map[string]struct {
		specs  []filter.Spec
		up, in string // up "" is an upstream that answers ok2
		status string
		has    []string // parts of the answer, "!" before one that must not be
		sent   string   // part of what the upstream saw; "" when nothing may
		reason reason.Code
	}{
		"answer":           {specs: []filter.Spec{sign, answer(418, "text/plain", "tea")}, in: get, status: "418", has: []string{"content-type: text/plain\r\n", "content-length: 3\r\n", "\r\n\r\ntea", "x-signed: filter-answer\r\n"}, reason: reason.FilterAnswer},
		"answer HEAD":      {specs: []filter.Spec{answer(200, "text/plain", "tea")}, in: "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", status: "200", has: []string{"content-length: 3\r\n", "!tea"}, reason: reason.FilterAnswer},
		"answer 204":       {specs: []filter.Spec{answer(204, "", "tea")}, in: get, status: "204", has: []string{"!tea", "!content-length"}, reason: reason.FilterAnswer},
		"answer, then get": {specs: []filter.Spec{answer(200, "text/plain", "tea")}, in: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nGET /x HTTP/1.1\r\nHost: b\r\n\r\n12" + get, status: "200", has: []string{"tea"}, reason: reason.FilterAnswer},
		"later not run":    {specs: []filter.Spec{answer(200, "text/plain", "tea"), late}, in: get, status: "200", has: []string{"!x-late"}, reason: reason.FilterAnswer},
		"fail":             {specs: []filter.Spec{sign, failing(reason.SecretUnavailable)}, in: get, status: "503", has: []string{`"code":"secret-unavailable"`, `"requestId":"`, "x-signed: secret-unavailable\r\n"}, reason: reason.SecretUnavailable},
		"gateway error":    {specs: []filter.Spec{sign, late}, up: dead, in: get, status: "502", has: []string{"x-signed: connect-failed\r\n", "x-late: 1\r\n", `"code":"connect-failed"`, "!127.0.0.1", "!refused"}, reason: reason.ConnectFailed},
		"response":         {specs: []filter.Spec{sign}, in: get, status: "200", has: []string{"x-signed: \r\n"}, sent: "GET / "},
		"status is kept":   {specs: []filter.Spec{spec("status", 1, hook{response: func(x *filter.Exchange) { x.Status = 500 }})}, in: get, status: "200", sent: "GET / "},
		"rewritten": {specs: []filter.Spec{edit(func(x *filter.Exchange) {
			x.Method, x.Path, x.Query, x.Host = "PUT", "/new", "a=b", "b.example"
		})}, in: get, status: "200", sent: "PUT /new?a=b "},
		"bad path":   {specs: []filter.Spec{edit(func(x *filter.Exchange) { x.Path = "/a HTTP/1.1\r\nx: y" })}, in: get, status: "500", has: []string{`"code":"internal"`}, reason: reason.Internal},
		"no path":    {specs: []filter.Spec{edit(func(x *filter.Exchange) { x.Path = "" })}, in: get, status: "500", reason: reason.Internal},
		"bad query":  {specs: []filter.Spec{edit(func(x *filter.Exchange) { x.Query = "a\nb" })}, in: get, status: "500", reason: reason.Internal},
		"bad method": {specs: []filter.Spec{edit(func(x *filter.Exchange) { x.Method = "G ET" })}, in: get, status: "500", reason: reason.Internal},
		"bad host":   {specs: []filter.Spec{edit(func(x *filter.Exchange) { x.Host = "a\r\nx: y" })}, in: get, status: "500", reason: reason.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			up := newRecorder(t, ok2)
			addr := up.addr
			if c.up != "" {
				addr = c.up
			}
			g := serve(t, buildTable(t, []string{addr}, c.specs, nil), Config{})
			got := ask(t, g.addr, c.in)
			if !strings.HasPrefix(got, "HTTP/1.1 "+c.status+" ") {
				t.Errorf("got %q, want %s", got, c.status)
			}
			for _, part := range c.has {
				part, no := strings.CutPrefix(part, "!")
				if strings.Contains(got, part) == no {
					t.Errorf("in %q: %q is there: %v", got, part, !no)
				}
			}
			if seen := up.seen(); c.sent == "" && len(seen) > 0 || c.sent != "" && (len(seen) != 1 || !strings.Contains(seen[0], c.sent)) {
				t.Errorf("upstream saw %q, want %q", seen, c.sent)
			}
			if got := g.records.wait(t, 1).Reason; got != c.reason {
				t.Errorf("reason is %v, want %v", got, c.reason)
			}
		})
	}
}

// TestInjection: whatever filters put into fields, no line of their own reaches
// either side.
func TestInjection(t *testing.T) {
	poison := func(h *filter.Header) {
		for _, v := range []string{"a\r\nx-evil: 1", "a\nx-evil: 1", "a\rx-evil: 1", "a\x00x-evil", "a\x7f"} {
			h.Add("x-value", v)
		}
		for _, n := range []string{"x-evil: 1\r\nx", "x evil", "x-evil\n", "", "x-evil\x00", "x:evil"} {
			h.Add(n, "x-evil")
		}
		for _, n := range []string{"content-length", "Transfer-Encoding", "connection", "Keep-Alive", "upgrade", "host", "te", "proxy-connection"} {
			h.Add(n, "7")
		}
		h.Add("x-good", "yes\tfine")
	}
	s := spec("poison", 1, hook{
		request:  func(x *filter.Exchange) filter.Verdict { poison(&x.Header); return filter.Continue },
		response: func(x *filter.Exchange) { poison(&x.Response) },
	})
	up := newRecorder(t, ok2)
	g := serve(t, buildTable(t, []string{up.addr}, []filter.Spec{s}, nil), Config{})
	got := ask(t, g.addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if strings.Contains(got, "evil") || strings.Contains(got, ": 7\r\n") || !strings.Contains(got, "x-good: yes\tfine\r\n") || !strings.HasSuffix(got, "\r\n\r\nok") {
		t.Errorf("answer is %q", got)
	}
	h := up.header()
	for name, values := range h {
		if strings.Contains(strings.ToLower(name), "evil") || strings.Contains(strings.Join(values, " "), "evil") || values[0] == "7" {
			t.Errorf("upstream saw %s: %q", name, values)
		}
	}
	if h.Get("X-Good") == "" {
		t.Error("a good field was dropped")
	}
}

// A mismatch of methods belongs to no route: no filter sees it, and its answer still
// says which request it was.
func TestMethodMismatch(t *testing.T) {
	s := spec("sign", 1, hook{response: func(x *filter.Exchange) { x.Response.Set("x-signed", "1") }})
	up := newRecorder(t, ok2)
	g := serve(t, buildTable(t, []string{up.addr}, []filter.Spec{s}, func(r *route.Route) { r.Match.Methods = []string{"GET", "PUT"} }), Config{})
	got := ask(t, g.addr, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabGET / HTTP/1.1\r\nHost: a\r\n\r\n")
	first, rest, _ := strings.Cut(got, "}")
	if !strings.HasPrefix(got, "HTTP/1.1 405 ") || !strings.Contains(first, "allow: GET, HEAD, PUT\r\n") || strings.Contains(first, "x-signed") {
		t.Errorf("answer is %q", got)
	}
	rec := g.records.wait(t, 1)
	if rec.Route != "" || len(rec.ID) != 32 || !strings.Contains(first, `"requestId":"`+rec.ID+`"`) {
		t.Errorf("record is %+v, answer %q", rec, first)
	}
	if !strings.HasPrefix(rest, "HTTP/1.1 200 ") {
		t.Errorf("the next request got %q", rest)
	}
}
