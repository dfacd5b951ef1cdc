// Package table builds the route table of a bundle and matches requests against
// it by one documented total order (README.md). A table is immutable; domains
// whose bytes did not change share their built objects with the table before.
package table

import (
	"regexp"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// Input is the decoded content that a table is built from.
type Input struct {
	Shared  *bundle.Shared
	Domains []*bundle.Domain
}

// Env is what a build uses from outside the bundle. Only Filters is required.
type Env struct {
	Filters   *filter.Registry
	Upstreams *upstream.Registry
	// Secret returns the handle of a declared secret.
	Secret func(s route.Secret) *filter.Secret
	// Yield, when set, is called between routes: who builds beside traffic may rest in
	// it.
	Yield func()
}

// rest lets others run, if the caller wants that.
func (e *Env) rest() {
	if e.Yield != nil {
		e.Yield()
	}
}

// Table is a built route table. It is safe for concurrent use.
type Table struct {
	hosts   map[string]host // exact hosts
	wild    map[string]host // by the suffix after "*", such as ".x.example"
	any     *host           // "*"
	domains []*Domain       // by name
}

// host leads from a host pattern to its tree.
type host struct {
	domain *Domain
	root   hostRoot
}

// Route is the built form of one route.
type Route struct {
	// What every match reads stands together at the start.
	Def    *route.Route
	params []string
	Domain *Domain
	Chain  *filter.Chain
	// Targets are the upstreams to choose from by weight; empty when a filter
	// always answers.
	Targets []Target
	// Requests counts the requests of this route over all swaps.
	Requests *Counter
	// Turns counts the requests that took one of several Targets, over all swaps; nil
	// when there is no choice.
	Turns *Counter

	conditions []condition
	regex      *regexp.Regexp
	rank       Rank
}

// Target is one upstream of a route.
type Target struct {
	Upstream *upstream.Upstream
	Weight   int
}

// Request is what a match looks at. Path is canonical (percent-encoding
// normalised, no dot segments); Host is lower case without port.
type Request struct {
	Method, Host, Path, Query string
	Header                    *filter.Header
}

// Outcome is how a match ended.
type Outcome uint8

const (
	// NotFound: no route takes the request.
	NotFound Outcome = iota
	// Matched: Match.Route takes it.
	Matched
	// MethodMismatch: some route would take it with another method.
	MethodMismatch
)

// Match is the result of a lookup; it is reused from request to request.
type Match struct {
	Outcome Outcome
	Route   *Route
	// Domain is the domain of Route, or of the most specific host pattern that
	// takes the host; nil when none does.
	Domain *Domain
	Params filter.Params
	// Allow lists the methods for the Allow header after a MethodMismatch.
	Allow []string

	search search
}

// Routes lists all routes by id.
func (t *Table) Routes() []*Route {
	var out []*Route
	for _, d := range t.domains {
		for i := range d.routes {
			out = append(out, &d.routes[i])
		}
	}
	return out
}

// Domains lists the domains by name.
func (t *Table) Domains() []*Domain { return t.domains }

// Upstreams lists the live upstreams of the table, each once, shared ones first,
// then by domain and name.
func (t *Table) Upstreams() []*upstream.Upstream {
	seen := map[*upstream.Upstream]bool{}
	var out []*upstream.Upstream
	for _, d := range t.domains {
		for _, u := range d.upstreams {
			if !seen[u] {
				seen[u] = true
				out = append(out, u)
			}
		}
	}
	slices.SortFunc(out, func(a, b *upstream.Upstream) int {
		if c := strings.Compare(a.Domain, b.Domain); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// Route returns the route with the id, or nil.
func (t *Table) Route(id string) *Route {
	name, _, _ := strings.Cut(id, "/")
	d := t.domain(name)
	if d == nil {
		return nil
	}
	return d.route(id)
}

func (t *Table) domain(name string) *Domain {
	i, ok := slices.BinarySearchFunc(t.domains, name, func(d *Domain, n string) int { return strings.Compare(d.Name, n) })
	if !ok {
		return nil
	}
	return t.domains[i]
}

// Close gives up the table's share of its domains; a domain that no table holds
// any more releases its upstreams and closes its filters. Close is called once,
// after the last request has left the table.
func (t *Table) Close() {
	for _, d := range t.domains {
		d.release()
	}
}
