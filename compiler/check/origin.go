package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/load/index"
)

// report is a finding with where its value comes from.
type report struct {
	diag.Diagnostic
	// from are the places in templates and anchors that set the value; none when the
	// author of the route wrote it, or when a parameter of the author's decides it.
	from []origin
	// domain and route use it.
	domain, route string
	// partly tells that the author of the route wrote some of it.
	partly bool
}

// origin is a place in a template or anchor: its name, and what it sets.
type origin struct {
	pos        diag.Pos
	name, path string
}

func (o origin) note() diag.Note { return diag.Note{Pos: o.pos, Message: setBy(o.name)} }

// origins is an index that knows templates and anchors too.
type origins interface {
	Origins(path ...string) []index.Origin
}

// place finds where the author wrote what the finding is about. When a template set
// it, that is the route itself, or the parameter that was handed to the template, and a
// note names the template's line.
func (r *report) place(x ir.Index, f finding) {
	var depth int
	r.Pos, depth = x.Lookup(f.path...)
	traced, ok := x.(origins)
	if !ok || len(f.path) < 3 || f.path[0] != "routes" || depth == len(f.path) && !f.merged {
		return
	}
	r.partly = depth == len(f.path)
	for n := len(f.path); n > 2 && (n > depth || n == depth && r.partly); n-- {
		all := traced.Origins(f.path[:n]...)
		var from []origin
		var params []string
		for _, o := range all {
			if o.Name == "" || o.Pos == r.Pos {
				continue
			}
			path := o.Path
			if n < len(f.path) {
				path = diag.Path(append([]string{path}, f.path[n:]...)...)
			}
			from = append(from, origin{o.Pos, o.Name, path})
			if len(from) == 1 {
				params = o.Params
			}
		}
		if len(from) == 0 {
			if len(all) > 0 {
				return // what is written nearest is the author's
			}
			continue
		}
		if !r.partly {
			if set := r.parameters(x, f.path[:2], params); len(set) > 0 {
				if len(set) == 1 {
					r.Pos = set[0]
				}
				r.Notes = append(slices.Clone(r.Notes), from[0].note())
				return
			}
		}
		r.from, r.route = from, f.path[1]
		if f.domain != nil {
			r.domain = f.domain.Def.Name
		}
		return
	}
}

// parameters are the places where the route's author sets the parameters.
func (r *report) parameters(x ir.Index, route, names []string) (out []diag.Pos) {
	for _, name := range names {
		if pos, depth := x.Lookup(append(route[:len(route):len(route)], name)...); depth == len(route)+1 {
			out = append(out, pos)
		}
	}
	return out
}

func setBy(name string) string {
	switch {
	case strings.HasPrefix(name, "#"):
		return "the template " + name + " sets it here"
	case strings.HasPrefix(name, "_"):
		return "the anchor " + name + " sets it here"
	}
	return name + " sets it here"
}

// mistake is what one template does to routes.
type mistake struct {
	code, message string
	at            origin
}

// spread is where a mistake shows.
type spread struct {
	first *report
	// routes are those that have it, and whole those that have it from templates alone.
	routes, whole map[string]bool
}

// fold says once what one template does in several routes: at the template's line, with
// the number of routes and the first of them. A route has a mistake from the template
// that most routes have it from.
func fold(found []report) (out diag.List) {
	by := map[mistake]*spread{}
	for i := range found {
		r := &found[i]
		for _, o := range r.from {
			m := mistake{r.Code, r.Message, o}
			s := by[m]
			if s == nil {
				s = &spread{first: r, routes: map[string]bool{}, whole: map[string]bool{}}
				by[m] = s
			}
			id := r.domain + "/" + r.route
			if s.routes[id] = true; !r.partly {
				s.whole[id] = true
			}
			if later(s.first.Pos, r.Pos) || s.first.Pos == r.Pos && r.Path < s.first.Path {
				s.first = r
			}
		}
	}
	said := map[*spread]bool{}
	for i := range found {
		r := &found[i]
		if len(r.from) == 0 {
			out = append(out, r.Diagnostic)
			continue
		}
		best, s := r.from[0], by[mistake{r.Code, r.Message, r.from[0]}]
		for _, o := range r.from[1:] {
			if other := by[mistake{r.Code, r.Message, o}]; len(other.whole) > len(s.whole) || len(other.whole) == len(s.whole) && len(other.routes) > len(s.routes) {
				best, s = o, other
			}
		}
		switch {
		case len(s.routes) < 2 || len(s.whole) == 0: // or each author's part may be at fault
			d := r.Diagnostic
			d.Notes = append(slices.Clone(d.Notes), best.note())
			out = append(out, d)
		case !said[s]:
			said[s] = true
			d := s.first.Diagnostic
			d.Notes = append(slices.Clone(d.Notes), diag.Note{
				Pos: d.Pos, Message: fmt.Sprintf("in %d routes that use %s, first %q", len(s.routes), best.name, s.first.route),
			})
			d.Pos, d.Path = best.pos, best.path
			out = append(out, d)
		}
	}
	return out
}
