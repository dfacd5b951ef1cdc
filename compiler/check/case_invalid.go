package check

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

var caseInvalid = Rule{
	Code: "case-invalid", Severity: diag.Error,
	Purpose: "a case can be played, and what it expects can hold",
	run: func(p *pass) {
		p.routes(func(d *ir.Domain, r *ir.Route) {
			for i := range r.Tests {
				c := &r.Tests[i]
				f := caseFaults{report: func(message, hint string, path ...string) {
					p.report(finding{domain: d, path: inCase(r, c, path...), message: message, hint: hint})
				}}
				spec, err := cases.ParseSpec(c.Body)
				if err != nil {
					f.report(strings.TrimPrefix(err.Error(), "read case: "), "")
					continue
				}
				f.request(&spec.Request)
				f.expect(&spec)
			}
		})
	},
}

// inCase is the path of something in a case.
func inCase(r *ir.Route, c *ir.Case, more ...string) []string {
	return append(at(r, "tests", c.Name), more...)
}

// cases calls f for every case that can be read.
func (p *pass) cases(f func(d *ir.Domain, r *ir.Route, c *ir.Case, spec *cases.Spec)) {
	p.routes(func(d *ir.Domain, r *ir.Route) {
		for i := range r.Tests {
			if spec, err := cases.ParseSpec(r.Tests[i].Body); err == nil {
				f(d, r, &r.Tests[i], &spec)
			}
		}
	})
}

// caseFaults reports what is wrong in one case.
type caseFaults struct {
	report func(message, hint string, path ...string)
}

func (f caseFaults) request(q *cases.Request) {
	if q.Body != "" && q.JSON != nil {
		f.report("the request has two bodies", "write one of body and json", "request", "json")
	}
	if q.WebSocket != nil && (q.Body != "" || q.JSON != nil || q.Method != "" && q.Method != "GET") {
		f.report("an upgrade is a GET without a body", "leave out method, body and json", "request", "websocket")
	}
	for _, name := range sortedKeys(q.Headers) {
		for _, v := range q.Headers[name].Texts {
			if strings.ContainsAny(v, "\r\n\x00") {
				f.report("a header's value holds a line break", "write one line", "request", "headers", name)
			}
		}
	}
}

func (f caseFaults) expect(s *cases.Spec) {
	e := &s.Expect
	if e.Body != nil && e.JSON != nil {
		f.report("the answer is compared with two bodies", "write one of body and json", "expect", "json")
	}
	if e.Aborted && (e.JSON != nil || e.JSONPath != nil) {
		f.report("half an answer is no JSON", "leave out json and jsonPath", "expect", "aborted")
	}
	f.text(e.Body, "expect", "body")
	f.values(e.Headers, "expect", "headers")
	for _, path := range sortedKeys(e.JSONPath) {
		if _, err := cases.ParsePath(path); err != nil {
			f.report(err.Error(), `write a path such as "$.items[0].id"`, "expect", "jsonPath", path)
		}
	}
	if u := e.Upstream; u != nil {
		f.text(u.Body, "expect", "upstream", "body")
		f.values(u.Headers, "expect", "upstream", "headers")
	}
	if e.WebSocket != nil && s.Request.WebSocket == nil {
		f.report("messages are expected of a request that is no upgrade", "send some with request: websocket: [...]", "expect", "websocket")
	}
	if d := e.Duration; d != nil && d.Max > 0 && d.Min > d.Max {
		f.report(fmt.Sprintf("no time is at least %s and at most %s", d.Min, d.Max), "", "expect", "duration")
	}
	if e.Counts != nil && s.Request.Times() == 1 {
		f.report("answers are counted, and the request is sent once", "say how often with request: repeat: 100", "expect", "counts")
	}
	for i, n := range e.Counts {
		f.count(i, n, s.Request.Times())
	}
}

func (f caseFaults) count(i int, n cases.Count, times int) {
	path := []string{"expect", "counts", strconv.Itoa(i)}
	switch {
	case n.Min == nil && n.Max == nil:
		f.report("the count has no bound", "write min, max or both", path...)
	case n.Min != nil && *n.Min > times:
		f.report(fmt.Sprintf("at least %d of %d answers cannot be", *n.Min, times), "", path...)
	case n.Min != nil && n.Max != nil && *n.Min > *n.Max:
		f.report(fmt.Sprintf("no count is at least %d and at most %d", *n.Min, *n.Max), "", path...)
	case n.Status == 0 && n.Upstream == "":
		f.report("the count does not say what it counts", "write status, upstream or both", path...)
	}
}

func (f caseFaults) values(by map[string]cases.Values, path ...string) {
	for _, name := range sortedKeys(by) {
		f.text(by[name].Text, append(path[:len(path):len(path)], name)...)
	}
}

func (f caseFaults) text(t *cases.Text, path ...string) {
	if t == nil {
		return
	}
	if t.Regex != nil {
		if _, err := cases.Whole(*t.Regex); err != nil {
			f.report(plainError(err), "", append(path[:len(path):len(path)], "regex")...)
		}
	}
	others := t.Exact != nil || t.Prefix != nil || t.Contains != nil || t.Regex != nil
	if t.Present != nil && !*t.Present && others {
		f.report("what is absent has no text", "write present: false by itself", path...)
	}
	if raw, _ := json.Marshal(t); string(raw) == "{}" {
		f.report("the test is empty", "write one of exact, prefix, contains, regex and present", path...)
	}
}
