package filtercases

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/lintel-gateway/lintel/compiler/coverage"
	"github.com/lintel-gateway/lintel/compiler/explain"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/filter/standard"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// TestExplanations explains the request of every case of the repository's own routes
// and holds that the gateway did just that: the route, what the upstream received, and
// what the gateway answered by itself.
func TestExplanations(t *testing.T) {
	s := serve(t, os.DirFS("../../routes"))
	b, err := bundle.Decode(s.Bundle.Files(), bundle.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := explain.New(b, s.Program)
	if err != nil {
		t.Fatal(err)
	}
	set, err := s.Cases()
	if err != nil {
		t.Fatal(err)
	}
	tab := tableOf(t, b)
	j := judge{t: t, served: s}
	results := j.play(set)
	for i := range set.Cases {
		c := &set.Cases[i]
		x, err := e.Explain(j.request(c))
		if err != nil {
			t.Fatalf("%s: %v", c.ID(), err)
		}
		matched, refused := "", x.Outcome == explain.Refused
		if q, ok := coverage.Request(&c.Spec.Request); ok && !refused {
			var m table.Match
			if tab.Match(q, &m); m.Route != nil {
				matched = m.Route.Def.ID
			}
		}
		if x.Route != matched {
			t.Errorf("%s: explain says route %q, the table finds %q", c.ID(), x.Route, matched)
		}
		j.compare(c, x, results[i])
	}
	t.Logf("%d cases: %d upstream requests and %d answers of filters and %d refusals compared", len(set.Cases), j.upstreams, j.answers, j.refusals)
	if j.upstreams < 100 || j.answers < 20 || j.refusals < 20 {
		t.Errorf("only %d upstream requests, %d answers and %d refusals were compared", j.upstreams, j.answers, j.refusals)
	}
}

func tableOf(t *testing.T, b *bundle.Bundle) *table.Table {
	t.Helper()
	filters, err := standard.Registry()
	if err != nil {
		t.Fatal(err)
	}
	noSecret := func(route.Secret) *filter.Secret { return &filter.Secret{} }
	tab, err := table.Build(table.Input{Shared: b.Shared(), Domains: b.Domains()}, nil, table.Env{Filters: filters, Secret: noSecret})
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// judge compares explanations with what came of the requests.
type judge struct {
	*served
	t                            *testing.T
	upstreams, answers, refusals int
}

// play plays all cases, a few at a time: some of them wait.
func (j *judge) play(set *cases.Set) []cases.Result {
	results := make([]cases.Result, len(set.Cases))
	next := make(chan int)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range next {
				results[i] = j.player.Play(j.t.Context(), i, &set.Cases[i])
			}
		})
	}
	for i := range set.Cases {
		next <- i
	}
	close(next)
	wg.Wait()
	return results
}

// request is a case's request as its player sends it.
func (j *judge) request(c *cases.Case) explain.Request {
	in := &c.Spec.Request
	q := explain.Request{Method: in.Method, Scheme: in.Scheme, Host: in.Host, Target: in.Path}
	given := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(in.Headers)) {
		given[name] = true
		v := in.Headers[name]
		texts := v.Texts
		if v.Secret != nil {
			value, ok := j.player.Secrets[c.Domain()+"/"+v.Secret.Secret]
			if !ok {
				value = j.player.Secrets[v.Secret.Secret]
			}
			texts = []string{v.Secret.Prefix + value}
		}
		for _, text := range texts {
			if name == "host" {
				q.Host = text
				continue
			}
			q.Headers = append(q.Headers, filter.Field{Name: name, Value: text})
		}
	}
	add := func(name, value string) {
		if !given[name] {
			q.Headers = append(q.Headers, filter.Field{Name: name, Value: value})
		}
	}
	if body, typed := in.Content(); body != "" || typed {
		if typed {
			add("content-type", "application/json")
		}
		if !given["transfer-encoding"] {
			add("content-length", strconv.Itoa(len(body)))
		}
	}
	if in.WebSocket != nil {
		add("connection", "Upgrade")
		add("upgrade", "websocket")
		add("sec-websocket-version", "13")
	}
	return q
}

func (j *judge) compare(c *cases.Case, x *explain.Explanation, r cases.Result) {
	if len(r.Routes) != 1 || r.Routes[0] != x.Route {
		j.t.Errorf("%s: explain says route %q, the gateway %q", c.ID(), x.Route, r.Routes)
	}
	if r.Got == nil {
		j.t.Errorf("%s: there is no answer: %+v", c.ID(), r.Mismatches)
		return
	}
	if x.Status != 0 && x.Status != r.Got.Status {
		j.t.Errorf("%s: explain says status %d, the gateway answered %d", c.ID(), x.Status, r.Got.Status)
	}
	switch {
	case x.Answer != nil:
		j.answers++
		j.fields(c, "answer", x.Answer.Headers, r.Got.Headers)
		if got := r.Got.Body; c.Spec.Request.Method != "HEAD" && !strings.HasPrefix(got, x.Answer.Body) {
			j.t.Errorf("%s: explain says the body %q, the gateway answered %q", c.ID(), x.Answer.Body, got)
		}
	case x.Route == "":
		j.refusals++
		if x.Code != "" && !strings.Contains(r.Got.Body, `"`+x.Code+`"`) && c.Spec.Request.Method != "HEAD" {
			j.t.Errorf("%s: explain says code %s, the gateway answered %q", c.ID(), x.Code, r.Got.Body)
		}
	default:
		var e echo.Answer
		if err := json.Unmarshal([]byte(r.Got.Body), &e); err == nil && e.Headers != nil {
			j.received(c, x.Upstream, &e)
		}
	}
}

// received holds what explain says that the upstream receives against what it did.
func (j *judge) received(c *cases.Case, u *explain.Upstream, e *echo.Answer) {
	j.upstreams++
	path := e.Path
	if e.Query != "" {
		path += "?" + e.Query
	}
	if u.Method != e.Method || u.Host != e.Host || u.Path != path {
		j.t.Errorf("%s: explain says %s %s %s, the upstream received %s %s %s", c.ID(), u.Method, u.Host, u.Path, e.Method, e.Host, path)
	}
	if !slices.ContainsFunc(u.Targets, func(t explain.Target) bool { return t.Name == e.Name }) {
		j.t.Errorf("%s: explain says %+v, %s received the request", c.ID(), u.Targets, e.Name)
	}
	j.fields(c, "upstream", slices.Concat(u.Headers.Added, u.Headers.Changed), e.Headers)
	for _, name := range u.Headers.Removed {
		if got, there := e.Headers[name]; there {
			j.t.Errorf("%s: explain says that %s is removed, the upstream received %q", c.ID(), name, got)
		}
	}
	told := map[string]bool{"content-length": true, "connection": true, "upgrade": true}
	for _, f := range slices.Concat(u.Headers.Added, u.Headers.Changed) {
		told[f.Name] = true
	}
	for _, f := range j.request(c).Headers {
		told[f.Name] = true
	}
	for name, got := range e.Headers {
		if !told[name] {
			j.t.Errorf("%s: the upstream received %s: %q, of which explain says nothing", c.ID(), name, got)
		}
	}
}

// fields holds that all fields are among those that came; what explain cannot know
// stands in angle brackets.
func (j *judge) fields(c *cases.Case, where string, want []explain.Field, got map[string][]string) {
	for _, f := range want {
		if strings.Contains(f.Value, "<") {
			if len(got[f.Name]) == 0 {
				j.t.Errorf("%s: explain says %s header %s, which is not there", c.ID(), where, f.Name)
			}
			continue
		}
		if !slices.Contains(got[f.Name], f.Value) {
			j.t.Errorf("%s: explain says %s header %s: %q, it is %q", c.ID(), where, f.Name, f.Value, got[f.Name])
		}
	}
}
