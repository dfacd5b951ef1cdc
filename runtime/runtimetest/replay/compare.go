package replay

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

// compare says what of the expectations an answer does not hold.
func (p *Player) compare(route string, f *filled, a *answer) []cases.Mismatch {
	m := mismatches{mask: f.mask}
	spec, e := f.spec, &f.spec.Expect
	if p.Bundle != "" && a.Bundle != "" && a.Bundle != p.Bundle {
		m.add("bundle", p.Bundle, a.Bundle)
	}
	mute := p.Live && !a.said
	if !mute {
		if e.Route != nil {
			route = *e.Route
		}
		if a.Route != route {
			m.add("route", routeText(route), routeText(a.Route))
		}
	}
	status := e.Status
	if status == 0 && spec.Request.WebSocket != nil {
		status = 101
	}
	if status != 0 && a.Status != status {
		m.add("status", strconv.Itoa(status), strconv.Itoa(a.Status))
	}
	if e.Aborted && !a.cut {
		m.add("aborted", "an answer that breaks off", "a whole one")
	}
	m.headers("header ", a.Headers, e.Headers, e.AbsentHeaders)
	m.body(e, a)
	if e.Upstream != nil && !mute {
		m.upstream(e.Upstream, a)
	}
	if spec.Request.WebSocket != nil && a.Status == 101 {
		m.webSocket(messages(spec), a)
	}
	if d := e.Duration; d != nil {
		if a.took < d.Min.D() || d.Max != 0 && a.took > d.Max.D() {
			m.add("duration", spanText(d), a.took.Round(durationUnit).String())
		}
	}
	return m.list
}

func routeText(id string) string {
	if id == "" {
		return "no route"
	}
	return id
}

// mismatches are what an answer did not hold, in the order in which they are read.
type mismatches struct {
	list []cases.Mismatch
	mask mask
}

func (m *mismatches) add(field, want, got string) {
	m.list = append(m.list, cases.Mismatch{Field: field, Want: want, Got: got})
}

// differ adds a mismatch with the difference between two values. Values that hold a
// secret have none: it may show one in pieces.
func (m *mismatches) differ(field, want, got string, x, y any) {
	m.add(field, want, got)
	if !m.mask.hidesIn(x) && !m.mask.hidesIn(y) {
		m.list[len(m.list)-1].Diff = diff(x, y)
	}
}

// headers compares fields, by name in lower case; each value is a field line.
func (m *mismatches) headers(prefix string, got map[string][]string, want map[string]cases.Values, absent []string) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		w, have := want[name], got[strings.ToLower(name)]
		if w.Text != nil {
			value, present := first(have)
			if !w.Text.Holds(value, present) {
				m.add(prefix+name, m.test(w.Text), m.quoted(have))
			}
			continue
		}
		if !slices.Equal(have, w.Texts) {
			m.add(prefix+name, m.quoted(w.Texts), m.quoted(have))
		}
	}
	for _, name := range absent {
		if have := got[strings.ToLower(name)]; have != nil {
			m.add(prefix+name, "absent", m.quoted(have))
		}
	}
}

// body compares the body as text and as JSON.
func (m *mismatches) body(e *cases.Expect, a *answer) {
	if e.Body != nil {
		m.content("body", e.Body, string(a.body))
	}
	if e.JSON == nil && len(e.JSONPath) == 0 {
		return
	}
	if e.JSON != nil {
		m.whole("json", e.JSON, a.body)
	}
	got, err := decode(a.body)
	for _, path := range slices.Sorted(maps.Keys(e.JSONPath)) {
		m.path(path, e.JSONPath[path], got, err)
	}
}

// whole compares a whole body as JSON.
func (m *mismatches) whole(field string, raw, body []byte) {
	want, wantErr := decode(raw)
	got, err := decode(body)
	switch {
	case wantErr != nil:
		m.add(field, "JSON", "the case's own json is none: "+wantErr.Error())
	case err != nil:
		m.add(field, m.json(want), "no JSON: "+err.Error())
	case !equal(want, got):
		m.differ(field, m.json(want), m.json(got), want, got)
	}
}

// path compares the value at a path.
func (m *mismatches) path(path string, raw []byte, got any, gotErr error) {
	field := "jsonPath " + path
	query, err := cases.ParsePath(path)
	if err != nil {
		m.add(field, "a path to one value", err.Error())
		return
	}
	want, err := decode(raw)
	if err != nil {
		m.add(field, "JSON", "the case's own value is none: "+err.Error())
		return
	}
	if gotErr != nil {
		m.add(field, m.json(want), "no JSON: "+gotErr.Error())
		return
	}
	switch have, ok := query.Select(got); {
	case !ok:
		m.add(field, m.json(want), "absent")
	case !equal(want, have):
		m.differ(field, m.json(want), m.json(have), want, have)
	}
}

// text compares a body with a test.
func (m *mismatches) content(field string, want *cases.Text, got string) {
	// An empty body is there as a text; present asks whether it is empty.
	test := *want
	fits := test.Present == nil || *test.Present == (got != "")
	test.Present = nil
	if fits && test.Holds(got, true) {
		return
	}
	if want.Exact != nil && strings.Contains(*want.Exact+got, "\n") {
		m.differ(field, m.test(want), m.excerpt(got), *want.Exact, got)
		return
	}
	m.add(field, m.test(want), m.excerpt(got))
}

// webSocket compares the messages that came back.
func (m *mismatches) webSocket(want []string, a *answer) {
	for i, w := range want {
		if i >= len(a.messages) {
			m.add("websocket", fmt.Sprintf("message %d of %d: %s", i+1, len(want), m.excerpt(w)), a.broken)
			return
		}
		if a.messages[i] != w {
			m.add("websocket", fmt.Sprintf("message %d of %d: %s", i+1, len(want), m.excerpt(w)), m.excerpt(a.messages[i]))
			return
		}
	}
	if a.broken != "" {
		m.add("websocket", "a proper close", a.broken)
	}
}

// messages are those that must come back.
func messages(spec *cases.Spec) []string {
	if spec.Expect.WebSocket != nil {
		return spec.Expect.WebSocket
	}
	return spec.Request.WebSocket
}

func spanText(d *cases.Span) string {
	switch {
	case d.Max == 0:
		return "at least " + d.Min.String()
	case d.Min == 0:
		return "at most " + d.Max.String()
	}
	return d.Min.String() + " to " + d.Max.String()
}

// wholeBody tells whether something is compared with the whole body.
func wholeBody(e *cases.Expect) bool {
	if e.Body != nil || e.JSON != nil || len(e.JSONPath) > 0 || e.Upstream != nil {
		return true
	}
	return slices.ContainsFunc(e.Counts, func(c cases.Count) bool { return c.Upstream != "" })
}
