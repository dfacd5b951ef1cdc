// Package table builds the route table of a bundle and matches requests against
// it by one documented total order. A table is immutable; domains whose bytes did
// not change share their built objects with the table before.
package table

import (
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

// Env is what a build uses from outside the bundle.
type Env struct {
	Filters   *filter.Registry
	Upstreams *upstream.Registry
	// Secret returns the handle of a declared secret.
	Secret func(s route.Secret) *filter.Secret
}

// Table is a built route table.
type Table struct {
}

// Domain is the built form of one domain.
type Domain struct {
	Name           string
	MethodMismatch int
}

// Route is the built form of one route.
type Route struct {
	Def    *route.Route
	Domain *Domain
	Chain  *filter.Chain
	// Targets are the upstreams to choose from by weight; empty when a filter
	// always answers.
	Targets []Target
	// Requests counts the requests of this route over all swaps.
	Requests *Counter
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
	// Domain is set when the host belongs to a domain, matched or not.
	Domain *Domain
	Params filter.Params
	// Allow lists the methods for the Allow header after a MethodMismatch.
	Allow []string
}

// Build makes the table of in. Domains equal to prev's are shared, not built.
// prev may be nil. A bundle with one bad route is refused whole.
func Build(in Input, prev *Table, env Env) (*Table, error) { return &Table{}, nil }

// Match finds the route that takes r by the total order of the route language.
// It allocates nothing when a route matches.
func (t *Table) Match(r *Request, m *Match) {}

// Close gives back what the table alone held: its references to shared domains.
func (t *Table) Close() {}

// Routes lists all routes by id.
func (t *Table) Routes() []*Route { return nil }

// Upstreams lists the live upstreams of the table, shared ones first, by name.
func (t *Table) Upstreams() []*upstream.Upstream { return nil }

// Route returns the route with the id, or nil.
func (t *Table) Route(id string) *Route { return nil }

// Same tells whether two built routes run alike: equal definitions and equal
// upstreams. It decides what onRouteChange does to upgraded connections.
func (r *Route) Same(o *Route) bool { return r == o }
