package importer

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

// echoStatus asks the upstream under test for a status.
const echoStatus = "x-echo-status"

// expect fills in what must come back, and returns a note for who reads the case. What
// an upstream answered is nothing that a gateway decides: only the status is taken
// over, by asking the upstream under test for it.
func (b *builder) expect(e *cases.Expect, fields map[string][]string) string {
	x := b.x
	switch {
	case x.Upgraded:
		e.Status = x.Status
		return "what the socket said is not taken over: the message stands for it"
	case b.c.answers(b.route, x):
		e.Status = x.Status
		if x.Answer != nil {
			b.answer(e)
		}
		return ""
	case x.Answer == nil || x.Status < 200:
		return ""
	}
	if obeyed, _ := b.echoed(); obeyed {
		return "no status is expected: the upstream under test obeys the query itself"
	}
	if x.Status == 200 {
		e.Status = 200
		return ""
	}
	if b.strips(echoStatus) {
		return "no status is expected: recorded as " + strconv.Itoa(x.Status) + ", which the upstream under test cannot be asked for on this route"
	}
	fields[echoStatus] = []string{strconv.Itoa(x.Status)}
	e.Status = x.Status
	return "recorded as " + strconv.Itoa(x.Status) + ": the upstream under test is asked to answer so"
}

// echoed tells whether the upstream under test would obey the query, which is the
// application's own, and whether it would be long in doing so.
func (b *builder) echoed() (obeys, stalls bool) {
	_, query, _ := strings.Cut(b.x.Target, "?")
	q, _ := url.ParseQuery(query)
	if text := q.Get("status"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 200 || n > 599 {
			return false, false
		}
		obeys = true
	}
	if text := q.Get("delay"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return false, false
		}
		obeys, stalls = true, d > time.Second
	}
	return obeys || q.Get("abort") != "", stalls
}

// strips tells whether the route keeps a client's header from its upstream.
func (b *builder) strips(name string) bool {
	same := func(n string) bool { return strings.EqualFold(n, name) }
	if slices.ContainsFunc(b.route.Chain.Strip, same) {
		return true
	}
	var c struct {
		Request struct {
			Set, Add map[string]json.RawMessage
			Remove   []string
		}
	}
	if json.Unmarshal(b.route.Def.Filters["headers"], &c) != nil {
		return false
	}
	for n := range c.Request.Set {
		if same(n) {
			return true
		}
	}
	for n := range c.Request.Add {
		if same(n) {
			return true
		}
	}
	return slices.ContainsFunc(c.Request.Remove, same)
}

// answer takes over what the gateway itself answered, as far as nothing in it is
// private.
func (b *builder) answer(e *cases.Expect) {
	for _, f := range b.x.Answer.Header {
		if f.Name != "content-type" && f.Name != "location" && !strings.HasPrefix(f.Name, "access-control-") {
			continue
		}
		if f.Value == "" || !isFieldValue(f.Value) || !b.scope.CleanText(f.Value) {
			continue
		}
		v := cases.Values{Texts: []string{f.Value}}
		if f.Name == "location" {
			if v = b.location(f.Value); v.Texts == nil && v.Text == nil {
				continue
			}
		}
		if e.Headers == nil {
			e.Headers = map[string]cases.Values{}
		}
		if had, ok := e.Headers[f.Name]; ok {
			v.Texts = append(had.Texts, v.Texts...)
		}
		e.Headers[f.Name] = v
	}
	body := b.x.Answer.Body
	if body == nil || body.Text == "" || b.x.Method == "HEAD" || b.route.Def.Filters["respond"] == nil {
		return
	}
	_, v := body.read()
	switch {
	case v != nil && !b.scope.Clean(v), v == nil && !b.scope.CleanText(body.Text):
	case v != nil && !strings.HasPrefix(mediaType(body.Type), "text/"):
		e.JSON, _ = json.Marshal(v)
	default:
		e.Body = &cases.Text{Exact: &body.Text}
	}
}

// location is what the location must be. It holds parts of the request, so that it is
// left out when those were replaced; a scheme that is the request's own may be another
// in a replay.
func (b *builder) location(value string) cases.Values {
	if b.replaced {
		return cases.Values{}
	}
	var c struct{ To, Scheme string }
	_ = json.Unmarshal(b.route.Def.Filters["redirect"], &c)
	if rest, ok := strings.CutPrefix(value, "https://"); ok && b.x.Scheme == "https" && c.To == "" && c.Scheme == "" {
		part := "://" + rest
		return cases.Values{Text: &cases.Text{Contains: &part}}
	}
	return cases.Values{Texts: []string{value}}
}
