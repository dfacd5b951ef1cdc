package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/suggest"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// nobody says why no route takes a request, what is near and what to do.
func (e *Explainer) nobody(out *Explanation, q *table.Request) {
	out.Status, out.Code = 404, "route-not-found"
	routed := out.Domain != ""
	if !routed {
		out.Domain = e.owner(q.Host)
	}
	switch {
	case out.Domain == "":
		out.Reason = "no domain owns the host " + q.Host
	case !routed:
		out.Reason = "the host belongs to " + out.Domain + ", none of whose routes is for it"
	case out.Outcome == MethodMismatch:
		out.Reason = "routes take the host and the path, but with " + strings.Join(out.Allow, ", ") + " only"
		if e.hidesMethods(out.Domain) {
			out.Reason += "; the domain answers 404 to that, not 405"
		} else {
			out.Status, out.Code = 405, "method-not-allowed"
		}
	case len(out.Chain) > 0:
		out.Reason = "routes take the host and the path, but something else does not fit"
	default:
		out.Reason = "the host belongs to " + out.Domain + ", where no route takes the path"
	}
	for _, r := range out.Chain {
		out.Near = append(out.Near, Near{r.Route, r.Source, r.Host, r.Path, r.Text})
	}
	if len(out.Near) == 0 {
		out.Near = append(e.sameHost(q), e.samePath(q)...)
	}
	out.Advice = e.advice(out, q)
}

// hidesMethods tells whether a domain answers 404 where others answer 405.
func (e *Explainer) hidesMethods(domain string) bool {
	return slices.ContainsFunc(e.domains, func(d *bundle.Domain) bool {
		return d.Def.Name == domain && d.Def.MethodMismatch == 404
	})
}

// owner is the domain among whose hosts the most specific pattern takes the host, or
// "". The table knows only of hosts with routes.
func (e *Explainer) owner(host string) (name string) {
	best := ""
	for _, d := range e.domains {
		for _, h := range d.Def.Hosts {
			if table.HostMatch(h, host) && (name == "" || table.HostLevel(h) < table.HostLevel(best)) {
				name, best = d.Def.Name, h
			}
		}
	}
	return name
}

// maxNear bounds the near routes of one kind.
const maxNear = 3

// sameHost lists the routes of the request's host whose paths come closest.
func (e *Explainer) sameHost(q *table.Request) []Near {
	type scored struct {
		near  Near
		score int
	}
	var found []scored
	for _, r := range e.table.Routes() {
		if pattern, ok := takesHost(r, q.Host); ok {
			n := Near{r.Def.ID, e.places.route(r.Def.ID), pattern, pathText(r.Def.Path), ""}
			score := closeness(r, q.Path)
			n.Text = "it takes the host; its path is " + n.Path
			found = append(found, scored{n, score})
		}
	}
	slices.SortStableFunc(found, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	var out []Near
	for _, f := range found[:min(len(found), maxNear)] {
		out = append(out, f.near)
	}
	return out
}

// samePath lists the routes of other hosts that would take the path.
func (e *Explainer) samePath(q *table.Request) (out []Near) {
	for _, r := range e.table.Routes() {
		path := pathText(r.Def.Path)
		if _, ok := takesHost(r, q.Host); ok || path == "prefix /" || q.Path == "/" || len(out) == maxNear {
			continue
		}
		if takes, err := table.PathTakes(r.Def.Path, q.Path); err == nil && takes {
			host := strings.Join(r.Def.Hosts, ", ")
			out = append(out, Near{r.Def.ID, e.places.route(r.Def.ID), host, path, "it takes the path, on " + host})
		}
	}
	return out
}

func takesHost(r *table.Route, host string) (string, bool) {
	best, found := "", false
	for _, h := range r.Def.Hosts {
		if table.HostMatch(h, host) && (!found || table.HostLevel(h) < table.HostLevel(best)) {
			best, found = h, true
		}
	}
	return best, found
}

// segments are the segments of a route's path as a template's; a regex has those of
// its literal beginning.
func segments(r *table.Route) table.Template {
	p := r.Def.Path
	text := p.Exact + p.Prefix + p.Template
	if p.Regex != "" {
		text = table.LiteralPrefix(p.Regex)
	}
	if p.Template == "" {
		var t table.Template
		for s := range strings.SplitSeq(strings.Trim(text, "/"), "/") {
			t = append(t, table.Segment{Text: s})
		}
		return t
	}
	t, err := table.ParseTemplate(p.Template)
	if err != nil { // the table was built from it
		return nil
	}
	return t
}

// closeness counts how well a path fits a route's: two for a segment that fits, one
// for a segment that is nearly written so, less one for each that is missing.
func closeness(r *table.Route, path string) (score int) {
	got := strings.Split(strings.Trim(path, "/"), "/")
	want := segments(r)
	for i, s := range want {
		switch {
		case i >= len(got):
			score--
		case s.Kind != table.Static || s.Text == got[i]:
			score += 2
		case suggest.Nearest(got[i], []string{s.Text}) != "":
			score++
		default:
			return score - (len(want) - i)
		}
	}
	return score
}

// repaired is the path with the segments that a route's author probably meant; false
// when that is no small change.
func repaired(r *table.Route, path string) (string, bool) {
	got := strings.Split(strings.TrimPrefix(path, "/"), "/")
	want := segments(r)
	if len(want) > len(got) || r.Def.Path.Regex != "" {
		return "", false
	}
	changed := false
	for i, s := range want {
		if s.Kind == table.Static && s.Text != got[i] {
			if !strings.EqualFold(s.Text, got[i]) && suggest.Nearest(got[i], []string{s.Text}) == "" {
				return "", false
			}
			got[i], changed = s.Text, true
		}
	}
	return "/" + strings.Join(got, "/"), changed
}

// advice says what would make some route take the request, the likeliest first; every
// path and host in it was tried on the table.
func (e *Explainer) advice(out *Explanation, q *table.Request) (advice []string) {
	switch {
	case out.Outcome == MethodMismatch:
		return []string{"send " + strings.Join(out.Allow, ", ") + ", or add " + q.Method + " to the methods of a route"}
	case len(out.Chain) > 0:
		return []string{"send what " + out.Chain[0].Route + " asks for, or add a route with this path that asks for less"}
	}
	if host, route := e.likelyHost(q); route != "" {
		advice = append(advice, fmt.Sprintf("did you mean the host %s? %s takes the request there", host, route))
	} else if host != "" && out.Domain == "" {
		advice = append(advice, fmt.Sprintf("did you mean the host %s? no route takes this path there either", host))
	}
	if out.Domain == "" {
		return append(advice, fmt.Sprintf("to serve %s, add it to the hosts of a domain", q.Host))
	}
	if path := e.likelyPath(q); path != "" {
		advice = append(advice, fmt.Sprintf("did you mean the path %s? %s takes the request there", path, e.tried(q, q.Host, path)))
	}
	return append(advice, fmt.Sprintf("to serve %s, add a route to the domain %s", q.Path, out.Domain))
}

// tried is the route that takes the request at another host and path, or "".
func (e *Explainer) tried(q *table.Request, host, path string) string {
	other, m := *q, table.Match{}
	other.Host, other.Path = host, path
	if e.table.Match(&other, &m); m.Outcome != table.Matched {
		return ""
	}
	return m.Route.Def.ID
}

// likelyHost is a host that is written much like the request's, and the route that
// takes the request there: where there is none, route is "".
func (e *Explainer) likelyHost(q *table.Request) (host, route string) {
	var near, taking []string
	seen := map[string]bool{}
	for _, r := range e.table.Routes() {
		for _, h := range r.Def.Hosts {
			h = strings.TrimPrefix(h, "*.")
			if seen[h] {
				continue
			}
			seen[h] = true
			if suggest.Nearest(q.Host, []string{h}) == "" {
				continue
			}
			near = append(near, h)
			if e.tried(q, h, q.Path) != "" {
				taking = append(taking, h)
			}
		}
	}
	if len(taking) == 0 {
		return suggest.Nearest(q.Host, near), ""
	}
	host = suggest.Nearest(q.Host, taking)
	return host, e.tried(q, host, q.Path)
}

// likelyPath is a path that is written much like the request's and that some route
// takes: another slash at the end, segments spelt otherwise, or both.
func (e *Explainer) likelyPath(q *table.Request) string {
	other := q.Path + "/"
	if bare, has := strings.CutSuffix(q.Path, "/"); has {
		other = bare
	}
	if other != "" && e.tried(q, q.Host, other) != "" {
		return other
	}
	for _, path := range []string{q.Path, other} {
		for _, r := range e.table.Routes() {
			if _, ok := takesHost(r, q.Host); !ok {
				continue
			}
			if path, ok := repaired(r, path); ok && e.tried(q, q.Host, path) != "" {
				return path
			}
		}
	}
	return ""
}
