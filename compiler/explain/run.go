package explain

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/table"
)

// maxBody bounds the part of a filter's body that is shown, in bytes.
const maxBody = 512

// params are the names of the parameters of a route's path.
func params(r *table.Route) []string {
	t, err := table.ParseTemplate(r.Def.Path.Template)
	if err != nil { // no template: the table was built from it
		return nil
	}
	return t.Params()
}

// run sends the request through the route's own filters, built once more with texts in
// the place of secrets.
func (e *Explainer) run(out *Explanation, r *table.Route, a *arrival) error {
	secret := func(name string) (*filter.Secret, error) {
		s := &filter.Secret{}
		s.Set("<secret " + name + ">")
		return s, nil
	}
	chain, err := e.filters.Build(filter.Env{Secret: secret, Params: params(r)}, r.Def.Filters)
	if err != nil {
		return fmt.Errorf("build the filters of %s: %w", r.Def.ID, err)
	}
	defer func() {
		for i := range chain.Steps {
			_ = chain.Steps[i].Close() // nothing was served with it
		}
	}()
	x := &a.x
	x.RouteID, x.Domain, x.Match = r.Def.ID, r.Domain.Name, &r.Def.Match
	for i, p := range out.Params {
		x.Params.List[i], x.Params.N = filter.Param{Name: p.Name, Value: p.Value}, i+1
	}
	reached, verdict := chain.RunRequest(x)
	made := madeUp(x.ID, a.client)
	if verdict == filter.Stop {
		out.Answer, out.Code = answer(x, chain, reached, made)
	} else {
		out.Upstream = upstream(r, a, made)
		chain.RunResponse(x, reached)
		out.Upstream.Response = made.listed(x.Response.Fields())
	}
	for i, s := range chain.Steps {
		f := Filter{Name: s.Spec.Name, Phase: s.Spec.Phase.String(), Sides: sides(s), Ran: i < reached, Config: r.Def.Filters[s.Spec.Name]}
		f.Source, f.From = e.places.filter(r.Def.ID, f.Name)
		out.Filters = append(out.Filters, f)
	}
	if out.Answer != nil {
		out.Status = out.Answer.Status
	}
	return nil
}

func sides(s filter.Step) []string {
	out := []string{}
	if s.Request != nil {
		out = append(out, "request")
	}
	if s.Response != nil {
		out = append(out, "response")
	}
	return out
}

// answer is what the client receives of a filter that stopped the request; code is
// that of the gateway's own error, "" when the filter answered in its own words.
func answer(x *filter.Exchange, chain *filter.Chain, reached int, made id) (a *Answer, code string) {
	contentType, body, _ := x.Answered()
	if contentType == "" && body == nil {
		// The gateway writes the body of its own errors.
		contentType, code = "application/json", x.Reason.String()
		body = fmt.Appendf(nil, `{"status":%d,"code":%q,"requestId":%q}`, x.Status, code, x.RequestID())
	}
	x.Response.Set("content-type", contentType)
	chain.RunResponse(x, reached)
	text := string(body[:min(len(body), maxBody)])
	for len(text) > maxBody-utf8.UTFMax && len(body) > maxBody && !utf8.ValidString(text) {
		text = text[:len(text)-1] // a character was cut
	}
	if x.Original.Method == "HEAD" {
		text = "" // only its size is told
	}
	return &Answer{
		Filter: chain.Steps[reached-1].Spec.Name, Status: x.Status,
		Headers: made.listed(x.Response.Fields()), Body: made.hide(strings.ToValidUTF8(text, "\uFFFD")), BodySize: len(body),
	}, code
}

// upstream is what one of the route's targets receives.
func upstream(r *table.Route, a *arrival, made id) *Upstream {
	x := &a.x
	u := &Upstream{Method: x.Method, Host: x.Host, Path: x.Path, Headers: made.changes(a.client, x.Header.Fields())}
	if x.Query != "" {
		u.Path += "?" + x.Query
	}
	sum := 0
	for _, t := range r.Targets {
		sum += t.Weight
	}
	for _, t := range r.Targets {
		target := Target{Name: t.Upstream.Name, Domain: t.Upstream.Domain, Weight: t.Weight}
		if sum > 0 {
			target.Percent = math.Round(float64(t.Weight)*1000/float64(sum)) / 10
		}
		for _, e := range t.Upstream.Def.Endpoints {
			target.Endpoints = append(target.Endpoints, e.Address)
		}
		u.Targets = append(u.Targets, target)
	}
	return u
}

// changes compares the fields of the client with those that go upstream.
func (made id) changes(client, sent []filter.Field) (c Changes) {
	before, after := byName(client), byName(sent)
	for _, f := range made.listed(sent) {
		was, has := before[f.Name]
		switch {
		case !has:
			c.Added = append(c.Added, f)
		case !slices.Equal(was, after[f.Name]):
			c.Changed = append(c.Changed, f)
		}
	}
	for name := range before {
		if after[name] == nil {
			c.Removed = append(c.Removed, name)
		}
	}
	slices.Sort(c.Removed)
	return c
}

func byName(fields []filter.Field) map[string][]string {
	out := map[string][]string{}
	for _, f := range fields {
		name := strings.ToLower(f.Name)
		out[name] = append(out[name], f.Value)
	}
	return out
}

// id is a request id that a filter made up for this run, "" when the client sent it:
// the next run would have another.
type id string

func madeUp(x string, client []filter.Field) id {
	if slices.ContainsFunc(client, func(f filter.Field) bool { return f.Value == x }) {
		return ""
	}
	return id(x)
}

func (made id) hide(text string) string {
	if made == "" {
		return text
	}
	return strings.ReplaceAll(text, string(made), idText)
}

// listed are the fields by name, in lower case.
func (made id) listed(fields []filter.Field) (out []Field) {
	for _, f := range fields {
		out = append(out, Field{strings.ToLower(f.Name), made.hide(f.Value)})
	}
	slices.SortStableFunc(out, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return out
}
