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
	// from is the place in a template or anchor that sets the value; no place when the
	// author of the route wrote it, or when a parameter of the author's decides it.
	from diag.Pos
	// name is the template's or anchor's, and path what it sets.
	name, path string
	// domain and route use it.
	domain, route string
}

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
	written := depth == len(f.path)
	for n := len(f.path); n > 2 && (n > depth || n == depth && written); n-- {
		all := traced.Origins(f.path[:n]...)
		i := slices.IndexFunc(all, func(o index.Origin) bool { return o.Name != "" && o.Pos != r.Pos })
		if i < 0 {
			if len(all) > 0 {
				return // what is written nearest is the author's
			}
			continue
		}
		o := all[i]
		r.Notes = append(slices.Clone(r.Notes), diag.Note{Pos: o.Pos, Message: setBy(o.Name)})
		if written {
			return
		}
		params := r.parameters(x, f.path[:2], o.Params)
		switch {
		case len(params) == 1:
			r.Pos = params[0]
		case len(params) == 0:
			r.from, r.name, r.path, r.route = o.Pos, o.Name, o.Path, f.path[1]
			if n < len(f.path) {
				r.path = diag.Path(append([]string{o.Path}, f.path[n:]...)...)
			}
			if f.domain != nil {
				r.domain = f.domain.Def.Name
			}
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
	code, message, path string
	from                diag.Pos
}

// spread is where a mistake shows.
type spread struct {
	first  *report
	routes map[string]bool
}

// fold says once what one template does in several routes: at the template's line, with
// the number of routes and the first of them.
func fold(found []report) (out diag.List) {
	by := map[mistake]*spread{}
	for i := range found {
		r := &found[i]
		if !r.from.IsValid() {
			continue
		}
		s := by[r.mistake()]
		if s == nil {
			s = &spread{first: r, routes: map[string]bool{}}
			by[r.mistake()] = s
		}
		s.routes[r.domain+"/"+r.route] = true
		if later(s.first.Pos, r.Pos) || s.first.Pos == r.Pos && r.Path < s.first.Path {
			s.first = r
		}
	}
	said := map[*spread]bool{}
	for i := range found {
		r := &found[i]
		s := by[r.mistake()]
		switch {
		case s == nil || len(s.routes) < 2:
			out = append(out, r.Diagnostic)
		case !said[s]:
			said[s] = true
			out = append(out, s.diagnostic())
		}
	}
	return out
}

func (r *report) mistake() mistake { return mistake{r.Code, r.Message, r.path, r.from} }

func (s *spread) diagnostic() diag.Diagnostic {
	r := s.first
	d := r.Diagnostic
	d.Notes = slices.DeleteFunc(slices.Clone(d.Notes), func(n diag.Note) bool { return n.Pos == r.from })
	d.Notes = append(d.Notes, diag.Note{Pos: d.Pos, Message: fmt.Sprintf("in %d routes that use %s, first %q", len(s.routes), r.name, r.route)})
	d.Pos, d.Path = r.from, r.path
	return d
}
