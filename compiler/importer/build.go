package importer

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/importer/redact"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/cases"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// builder makes the case of one exchange.
type builder struct {
	c     *Collector
	route *table.Route
	x     *Exchange
	cond  conditions
	scope *redact.Scope
	// body is the request's JSON, when it is some.
	body any
	// replaced tells that host, path or query are not as they were sent.
	replaced bool
}

func newBuilder(c *Collector, r *table.Route, x *Exchange) *builder {
	b := &builder{c: c, route: r, x: x, scope: c.redactor.Scope()}
	// Every route whose host and path take the request has a say in who gets it.
	var asked []route.Route
	for _, step := range c.table.Explain(request(x.Method, x.Host, x.Target, x.Header)).Steps {
		asked = append(asked, *c.table.Route(step.Route).Def)
	}
	b.cond = conditionsOf(asked)
	b.body = learn(b.scope, x, b.cond)
	learnParams(b.scope, r, x)
	return b
}

// build makes the case. It reports false when another route, or none, takes what is
// left after the redaction.
func (b *builder) build() (Case, bool) {
	host, ok := b.host()
	if _, stalls := b.echoed(); !ok || stalls && !b.c.answers(b.route, b.x) {
		return Case{}, false
	}
	var out Case
	q, e := &out.Spec.Request, &out.Spec.Expect
	if q.Host = host; b.x.Method != "GET" {
		q.Method = b.x.Method
	}
	q.Path = b.target()
	b.replaced = q.Host != b.x.Host || q.Path != b.x.Target
	fields := b.fields()
	b.writeBody(q, fields)
	if b.x.Upgraded {
		q.WebSocket = []string{"recorded"}
	}
	out.Note = b.expect(e, fields)
	if len(fields) > 0 {
		q.Headers = map[string]cases.Values{}
		for name, values := range fields {
			q.Headers[name] = cases.Values{Texts: values}
		}
	}
	out.Name = b.name(q.Path, fields)
	if b.proven(q) {
		return out, true
	}
	if q.Path = b.fitted(q.Path); q.Path == "" {
		return out, false
	}
	return out, b.proven(q)
}

// proven tells whether the route takes the request as it is written.
func (b *builder) proven(q *cases.Request) bool {
	var sent []Field
	for _, name := range slices.Sorted(maps.Keys(q.Headers)) {
		for _, text := range q.Headers[name].Texts {
			sent = append(sent, Field{name, text})
		}
	}
	if q.JSON != nil && q.Headers["content-type"].Texts == nil {
		sent = append(sent, Field{"content-type", "application/json"})
	}
	path, _, _ := strings.Cut(q.Path, "?")
	if canonical, ok := table.CanonicalPath(path); !ok || canonical != path {
		return false
	}
	m := b.c.match(request(b.x.Method, q.Host, q.Path, sent))
	return m.Outcome == table.Matched && m.Route.Def.ID == b.route.Def.ID
}

// writeBody puts the body into the request: JSON as JSON, a form as text; of any other
// text only a placeholder, since nobody can tell what stands in it.
func (b *builder) writeBody(q *cases.Request, fields map[string][]string) {
	body := b.x.Body
	if body == nil || body.Text == "" || b.x.Upgraded {
		return
	}
	form, _ := body.read()
	switch {
	case form:
		q.Body = b.scope.Pairs(body.Text, nil)
	case b.body != nil:
		if raw, err := json.Marshal(b.scope.JSON(b.body)); err == nil {
			q.JSON = raw
		}
		if ct := fields["content-type"]; len(ct) == 1 && ct[0] == "application/json" {
			delete(fields, "content-type") // json says so
		}
	case strings.HasPrefix(mediaType(body.Type), "multipart/"):
		b.scope.Leave("body")
	default:
		q.Body = b.scope.Replace("body", body.Text)
	}
}

// name says in words what kind of request it is.
func (b *builder) name(target string, fields map[string][]string) string {
	var s strings.Builder
	s.WriteString("recorded: " + b.x.Method)
	if b.x.Answer != nil || len(b.route.Targets) == 0 {
		if b.x.Status != 0 {
			s.WriteString(" " + strconv.Itoa(b.x.Status))
		}
	}
	_, query, _ := strings.Cut(target, "?")
	and := " with "
	list := func(what string, names []string) {
		if len(names) == 0 {
			return
		}
		if more := len(names) - 4; more > 0 {
			names = append(slices.Clone(names[:4]), strconv.Itoa(more)+" more")
		}
		s.WriteString(and + what + " " + strings.Join(names, ", "))
		and = " and "
	}
	list("query", queryNames(query))
	var headers []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if b.cond.concern(name) || strings.HasPrefix(name, "x-") && name != "x-echo-status" {
			headers = append(headers, name)
		}
	}
	list("header", headers)
	if out := s.String(); len(out) <= 200 {
		return out
	}
	return s.String()[:200]
}

// queryNames are the names of a query, sorted, each once, as far as they can be read
// by a person.
func queryNames(query string) []string {
	var out []string
	for piece := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(piece, "=")
		if plain, err := url.QueryUnescape(name); err == nil && isToken(strings.ToLower(plain)) {
			name = plain
		}
		if name != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// RequestKey is equal for requests that are sent the same.
func RequestKey(q *cases.Request) string {
	same := *q
	if same.Method == "" {
		same.Method = "GET"
	}
	if same.Scheme == "" {
		same.Scheme = "http"
	}
	if same.JSON != nil {
		var v any
		if json.Unmarshal(same.JSON, &v) == nil {
			same.JSON, _ = json.Marshal(v)
		}
	}
	b, err := json.Marshal(&same)
	if err != nil {
		return same.Method + " " + same.Host + same.Path
	}
	return string(b)
}
