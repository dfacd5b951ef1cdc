package table

import (
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

// Match finds the route that takes r by the total order. It allocates nothing
// when a route matches.
//
// A CORS preflight that no route takes is matched by the method it asks about; the
// route takes it if one of its filters answers preflights.
func (t *Table) Match(r *Request, m *Match) {
	t.find(r, m)
	if m.search.mismatch && m.Outcome != Matched {
		if ask, ok := preflight(r); ok {
			asked := *r
			asked.Method = ask
			t.find(&asked, m)
			if m.Outcome == Matched && m.Route.Chain.Preflight {
				return
			}
			t.find(r, m)
		}
		m.Outcome, m.Allow = MethodMismatch, t.allow(r)
	}
}

// preflight returns the method that a CORS preflight asks about.
func preflight(r *Request) (string, bool) {
	if r.Method != "OPTIONS" || r.Header == nil {
		return "", false
	}
	if _, ok := r.Header.Get("origin"); !ok {
		return "", false
	}
	return r.Header.Get("access-control-request-method")
}

func (t *Table) find(r *Request, m *Match) {
	m.Outcome, m.Route, m.Domain, m.Params.N, m.Allow = NotFound, nil, nil, 0, nil
	m.search.r, m.search.bit, m.search.mismatch = r, methodBit(r.Method), false
	if h, ok := t.hosts[r.Host]; ok && m.at(h) {
		return
	}
	if len(t.wild) > 0 {
		// The longest suffix is the one that starts at the first dot; a suffix
		// needs something before it, so a host that starts with a dot has none.
		for i := strings.IndexByte(r.Host, '.'); i >= 0; {
			if i > 0 {
				if h, ok := t.wild[r.Host[i:]]; ok && m.at(h) {
					return
				}
			}
			next := strings.IndexByte(r.Host[i+1:], '.')
			if next < 0 {
				break
			}
			i += 1 + next
		}
	}
	if t.any != nil && m.at(*t.any) {
		return
	}
	m.search.r = nil
}

// at looks in one host pattern's tree.
func (m *Match) at(h host) bool {
	if m.Domain == nil {
		m.Domain = h.domain
	}
	s := &m.search
	s.t = &h.domain.arena
	r := s.lookup(h.root)
	if r == nil {
		return false
	}
	m.Outcome, m.Route, m.Domain = Matched, r, h.domain
	m.Params.N = s.n
	for i := range s.n {
		m.Params.List[i] = filter.Param{Name: r.params[i], Value: s.r.Path[s.spans[i][0]:s.spans[i][1]]}
	}
	s.r = nil
	return true
}

// allow collects the methods of every route that takes r but for its method.
func (t *Table) allow(r *Request) []string {
	var out []string
	for _, c := range t.contenders(r) {
		if c.failed == "method" {
			out = append(out, AllowedMethods(c.route.Def.Methods)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
