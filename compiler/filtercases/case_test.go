package filtercases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
)

// values is a text or a list of texts.
type values []string

func (v *values) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*v = make(values, 1)
		return json.Unmarshal(b, &(*v)[0])
	}
	return json.Unmarshal(b, (*[]string)(v))
}

// request is the request of a case.
type request struct {
	Method  string            `json:"method"`
	Host    string            `json:"host"`
	Path    string            `json:"path"`
	Headers map[string]values `json:"headers"`
	Body    string            `json:"body"`
	JSON    json.RawMessage   `json:"json"`
}

// expect is what a case expects; what is absent is not compared.
type expect struct {
	Status        int               `json:"status"`
	Headers       map[string]values `json:"headers"`
	AbsentHeaders []string          `json:"absentHeaders"`
	Body          *string           `json:"body"`
	JSON          json.RawMessage   `json:"json"`
	Route         *string           `json:"route"`
	Upstream      *seen             `json:"upstream"`
}

type seen struct {
	Name          string            `json:"name"`
	Method        string            `json:"method"`
	Host          string            `json:"host"`
	Path          string            `json:"path"`
	Headers       map[string]values `json:"headers"`
	AbsentHeaders []string          `json:"absentHeaders"`
}

// got is a response.
type got struct {
	status int
	header http.Header
	body   []byte
}

// send writes the request as it is: the client of the standard library would tidy it.
func send(addr string, r request) (got, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return got{}, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	body := r.Body
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", r.Method, r.Path, r.Host)
	if r.JSON != nil {
		body = string(r.JSON)
		b.WriteString("Content-Type: application/json\r\n")
	}
	for name, vs := range r.Headers {
		for _, v := range vs {
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	if _, err := c.Write(b.Bytes()); err != nil {
		return got{}, err
	}
	res, err := http.ReadResponse(newReader(c), &http.Request{Method: r.Method})
	if err != nil {
		return got{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return got{res.StatusCode, res.Header, text}, err
}

// run plays every case of the program.
func (s *served) run(t *testing.T) (played int) {
	t.Helper()
	for _, d := range s.prog.Domains {
		for _, r := range d.Routes {
			for _, c := range r.Tests {
				t.Run(r.Def.ID+"/"+strings.ReplaceAll(c.Name, " ", "-"), func(t *testing.T) { s.play(t, r, c) })
				played++
			}
		}
	}
	return played
}

func (s *served) play(t *testing.T, r *ir.Route, c ir.Case) {
	t.Helper()
	var want struct {
		Request request `json:"request"`
		Expect  expect  `json:"expect"`
	}
	if err := json.Unmarshal(c.Body, &want); err != nil {
		t.Fatalf("%s: %v", c.Pos, err)
	}
	q := want.Request
	if q.Method == "" {
		q.Method = "GET"
	}
	if q.Host == "" {
		q.Host = firstHost(r)
	}
	if q.Path == "" {
		q.Path = "/"
	}
	res, err := send(s.addr, q)
	if err != nil {
		t.Fatalf("%s: %v", c.Pos, err)
	}
	for _, fault := range want.Expect.faults(res, r) {
		t.Errorf("%s: %s", c.Pos, fault)
	}
	if t.Failed() {
		t.Logf("%s %s%s answered %d %v\n%s", q.Method, q.Host, q.Path, res.status, res.header, res.body)
	}
}

func firstHost(r *ir.Route) string {
	for _, h := range r.Def.Hosts {
		if !strings.HasPrefix(h, "*") {
			return h
		}
	}
	return "x" + strings.TrimPrefix(r.Def.Hosts[0], "*")
}

func (e *expect) faults(res got, r *ir.Route) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if e.Status != 0 && res.status != e.Status {
		say("status %d, want %d", res.status, e.Status)
	}
	domain, _, _ := strings.Cut(r.Def.ID, "/")
	route := domain + "/" + r.Name
	if e.Route != nil {
		if route = ""; *e.Route != "" {
			route = domain + "/" + *e.Route
		}
	}
	if got := res.header.Get("X-Lintel-Route"); got != route {
		say("route %q, want %q", got, route)
	}
	out = append(out, headerFaults("", res.header, e.Headers, e.AbsentHeaders)...)
	if e.Body != nil && string(res.body) != *e.Body {
		say("body:\n%s", cmp.Diff(*e.Body, string(res.body)))
	}
	if e.JSON != nil {
		var want, have any
		if json.Unmarshal(e.JSON, &want) != nil || json.Unmarshal(res.body, &have) != nil {
			say("the body is no JSON")
		} else if d := cmp.Diff(want, have); d != "" {
			say("json:\n%s", d)
		}
	}
	if e.Upstream != nil {
		var a echo.Answer
		if err := json.Unmarshal(res.body, &a); err != nil {
			say("no upstream answered")
			return out
		}
		out = append(out, e.Upstream.faults(a)...)
	}
	return out
}

func (u *seen) faults(a echo.Answer) (out []string) {
	path := a.Path
	if a.Query != "" {
		path += "?" + a.Query
	}
	for _, f := range []struct{ what, want, got string }{
		{"name", u.Name, a.Name}, {"method", u.Method, a.Method}, {"host", u.Host, a.Host}, {"path", u.Path, path},
	} {
		if f.want != "" && f.got != f.want {
			out = append(out, fmt.Sprintf("upstream %s %q, want %q", f.what, f.got, f.want))
		}
	}
	h := http.Header{}
	for k, vs := range a.Headers {
		for _, v := range vs {
			h.Add(k, v)
		}
	}
	return append(out, headerFaults("upstream ", h, u.Headers, u.AbsentHeaders)...)
}

func headerFaults(where string, h http.Header, want map[string]values, absent []string) (out []string) {
	for name, vs := range want {
		if !slices.Equal(h.Values(name), []string(vs)) {
			out = append(out, fmt.Sprintf("%sheader %s %q, want %q", where, name, h.Values(name), vs))
		}
	}
	for _, name := range absent {
		if len(h.Values(name)) > 0 {
			out = append(out, fmt.Sprintf("%sheader %s is there: %q", where, name, h.Values(name)))
		}
	}
	slices.Sort(out)
	return out
}
