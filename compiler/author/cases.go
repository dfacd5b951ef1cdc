package author

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/check"
	"github.com/lintel-gateway/lintel/compiler/coverage"
	"github.com/lintel-gateway/lintel/compiler/explain"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// writeCases writes the cases of a route that was compiled: one that it takes, one for
// each further host, and one that its methods keep away. What they expect is what the gateway's own table and
// filters make of the requests.
func writeCases(res *compiler.Result, made *ir.Route, k Kind, want *Route) ([]string, error) {
	b, err := bundle.Decode(res.Bundle.Files(), bundle.Limits{})
	if err != nil {
		return nil, err
	}
	e, err := explain.New(b, res.Program)
	if err != nil {
		return nil, err
	}
	q, x, err := sample(e, made)
	if err != nil {
		return nil, err
	}
	out := []string{taken(q, x, k, want, "")}
	for _, h := range made.Def.Hosts {
		on := q
		if on.Host = hostOf(h); table.HostCovers([]string{h}, q.Host) {
			continue
		}
		x, err := e.Explain(on)
		if err != nil {
			return nil, err
		}
		if x.Route == made.Def.ID {
			out = append(out, taken(on, x, k, want, " on "+h))
		}
	}
	if len(made.Def.Methods) == 0 {
		return out, nil
	}
	for _, m := range []string{"PUT", "DELETE", "PATCH", "POST", "GET"} {
		other := q
		other.Method = m
		x, err := e.Explain(other)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(made.Def.Methods, m) && x.Route == "" && x.Status != 0 {
			out = append(out, fmt.Sprintf("%s: {\nrequest: %s\nexpect: {status: %d, route: \"\"}\n}",
				text("does not take "+m), request(other, ""), x.Status))
			break
		}
	}
	return out, nil
}

// hostOf is a host that the pattern takes.
func hostOf(pattern string) string {
	switch {
	case pattern == "*":
		return "any.example"
	case strings.HasPrefix(pattern, "*."):
		return "www" + pattern[1:]
	}
	return pattern
}

// taken is the case of a request that the route takes; where is the end of its name.
func taken(q explain.Request, x *explain.Explanation, k Kind, want *Route, where string) string {
	name, ask, expect := "reaches "+want.Upstream, "", ""
	switch {
	case x.Answer != nil:
		name, expect = "answers", fmt.Sprintf("status: %d", x.Answer.Status)
		for _, f := range x.Answer.Headers {
			if strings.EqualFold(f.Name, "location") {
				name = "leads to the new place"
				expect = fmt.Sprintf("{status: %d, headers: location: %s}", x.Answer.Status, text(f.Value))
			}
		}
	case k.Next:
		name, ask, expect = shared(want)
	case k.Name == "websocket":
		ask = `websocket: ["hello"]`
		expect = fmt.Sprintf("{status: 101, upstream: name: %s}", text(want.Upstream))
	default:
		method := ""
		if q.Method != "GET" {
			method = fmt.Sprintf("method: %s, ", text(x.Upstream.Method))
		}
		expect = fmt.Sprintf("{status: 200, upstream: {name: %s, %spath: %s}}", text(want.Upstream), method, text(x.Upstream.Path))
	}
	return fmt.Sprintf("%s: {\nrequest: %s\nexpect: %s\n}", text(name+where), request(q, ask), expect)
}

func request(q explain.Request, more string) string {
	parts := []string{}
	if q.Method != "GET" {
		parts = append(parts, "method: "+text(q.Method))
	}
	parts = append(parts, "host: "+text(q.Host), "path: "+text(q.Target))
	if more != "" {
		parts = append(parts, more)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// shared is the case of a canary. The smaller share is expected twenty times, so that
// one without a single request is as good as impossible, and bounded so that it is not
// the larger one.
func shared(want *Route) (name, ask, expect string) {
	name = fmt.Sprintf("sends %d %% to %s", want.Percent, want.Next)
	small := min(want.Percent, 100-want.Percent)
	if small == 0 {
		only := want.Upstream
		if want.Percent == 100 {
			only = want.Next
		}
		return name, "repeat: 10", fmt.Sprintf("{status: 200, counts: [{upstream: %s, min: 10}]}", text(only))
	}
	n := (2000 + small - 1) / small
	mean := float64(n) * float64(want.Percent) / 100
	most := min(n-1, int(math.Ceil(mean+8*math.Sqrt(mean))))
	return name, fmt.Sprintf("repeat: %d", n),
		fmt.Sprintf("{status: 200, counts: [{upstream: %s, min: 1}, {upstream: %s, min: 1, max: %d}]}", text(want.Upstream), text(want.Next), most)
}

// takenFrom lists the cases that expect another route, or none, and that the route takes.
func takenFrom(res *compiler.Result, id string) (out []cases.Case, err error) {
	b, err := bundle.Decode(res.Bundle.Files(), bundle.Limits{})
	if err != nil {
		return nil, err
	}
	t, err := compiler.Table(b)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	set, err := res.Cases()
	if err != nil {
		return nil, err
	}
	for _, c := range set.Cases {
		q, ok := coverage.Request(&c.Spec.Request)
		if !ok || *c.Spec.Expect.Route == id {
			continue
		}
		var m table.Match
		if t.Match(q, &m); m.Route != nil && m.Route.Def.ID == id {
			out = append(out, c)
		}
	}
	return out, nil
}

// sample finds a request that the route takes: others may take some of those that fit.
func sample(e *explain.Explainer, made *ir.Route) (explain.Request, *explain.Explanation, error) {
	q := explain.Request{Scheme: "http"}
	var last string
	q.Host, last = check.Sample(made.Def)
	methods := []string{"GET"}
	if len(made.Def.Methods) > 0 && !slices.Contains(made.Def.Methods, "GET") {
		methods = made.Def.Methods
	}
	winner := ""
	for _, q.Method = range methods {
		for _, q.Target = range append(samplePaths(made.Def.Path), last) {
			x, err := e.Explain(q)
			if err != nil {
				return q, nil, err
			}
			if x.Route == made.Def.ID {
				return q, x, nil
			}
			winner = x.Route
		}
	}
	return q, nil, mistake("path", "no case was found that the route takes: %s %s%s goes to %q", q.Method, q.Host, q.Target, winner)
}

// samplePaths are paths that fit, as a person would make them up.
func samplePaths(p route.Path) []string {
	switch p.Kind() {
	case "prefix":
		stem := strings.TrimSuffix(p.Prefix, "/")
		return []string{stem + "/a", stem + "/a/b", stem + "/a/b/c"}
	case "template":
		if t, err := table.ParseTemplate(p.Template); err == nil {
			return []string{filled(t, "7", "a/b"), filled(t, "b", "a/b/c")}
		}
	}
	return nil
}

// filled is a path of the template with values for its parameters and its remainder.
func filled(t table.Template, param, rest string) string {
	var b strings.Builder
	for _, s := range t {
		b.WriteByte('/')
		switch s.Kind {
		case table.Static:
			b.WriteString(s.Text)
		case table.Rest:
			b.WriteString(rest)
		default:
			b.WriteString(s.Prefix + param + s.Suffix)
		}
	}
	return b.String()
}
