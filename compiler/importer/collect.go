package importer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/importer/redact"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/cases"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// Bounds on what is kept in memory.
const (
	// maxKept bounds the exchanges that are kept, each the first of its kind, and
	// maxBytes their size in all.
	maxKept  = 100_000
	maxBytes = 128 << 20
	// maxTarget bounds the target, and maxHead target and headers together: by default
	// a gateway takes little more.
	maxTarget = 8000
	maxHead   = 32 << 10
	// maxBody bounds a body that is kept.
	maxBody = 8 << 10
	// maxListed bounds the requests that Summary lists.
	maxListed = 20
)

// DefaultPerRoute is how many cases a route gets at most when nobody says.
const DefaultPerRoute = 5

// Options say what a Collector makes. The zero value is the default.
type Options struct {
	// PerRoute bounds the cases of a route; 0 means DefaultPerRoute.
	PerRoute int
	Redact   redact.Options
}

// Case is one case and where it belongs.
type Case struct {
	Domain, Module string
	// Route is the route's name, without the domain.
	Route string
	Name  string
	// Note is a sentence for who reads the case, "" when there is nothing to say.
	Note string
	Spec cases.Spec
}

// Collector takes exchanges and makes cases. It is not safe for concurrent use.
type Collector struct {
	o      Options
	table  *table.Table
	places map[string]place
	// conditions are the tests of all routes of a domain.
	conditions map[string]conditions
	// public are the tests of all routes.
	public     conditions
	redactor   *redact.Redactor
	kinds      map[string]*routeKinds
	kept, size int
	sum        Summary
	missed     []*Exchange
	listed     map[string]bool
}

// place is where a route stands.
type place struct {
	domain, module, name string
}

// routeKinds are the kinds of requests that a route took, in the order of their first
// one.
type routeKinds struct {
	list []*kind
	by   map[string]bool
}

// kind is the first request of a kind.
type kind struct {
	x    *Exchange
	what string // method and class of the status
}

// New makes a collector for the routes of a program; t is the table of its bundle.
func New(prog *ir.Program, t *table.Table, o Options) *Collector {
	if o.PerRoute <= 0 {
		o.PerRoute = DefaultPerRoute
	}
	c := &Collector{
		o: o, table: t, places: map[string]place{}, conditions: map[string]conditions{},
		redactor: redact.New(o.Redact), kinds: map[string]*routeKinds{}, listed: map[string]bool{},
	}
	var all []route.Route
	for _, d := range prog.Domains {
		all = append(all, d.Def.Routes...)
		for _, r := range d.Routes {
			c.places[r.Def.ID] = place{d.Def.Name, r.Module, r.Name}
		}
		c.conditions[d.Def.Name] = conditionsOf(d.Def.Routes)
	}
	c.public = conditionsOf(all)
	return c
}

// Add takes an exchange. It keeps the first of each kind for a route: of one method,
// class of status, and set of query parameters and headers.
func (c *Collector) Add(x *Exchange) {
	c.sum.Read++
	if !x.tidy() {
		c.sum.Foreign++
		return
	}
	// A repeat may name as private what another request shows.
	scope := c.redactor.Scope()
	learn(scope, x, c.public)
	m := c.match(request(x.Method, x.Host, x.Target, x.Header))
	if m.Outcome != table.Matched {
		c.miss(x)
		return
	}
	learnParams(scope, m.Route, x)
	id := m.Route.Def.ID
	if x.Route != "" && x.Route != id {
		// Headers decided, which the record does not hold, or other routes did.
		c.sum.Elsewhere++
		return
	}
	k := c.kinds[id]
	if k == nil {
		k = &routeKinds{by: map[string]bool{}}
		c.kinds[id] = k
	}
	key, what := c.key(x, m.Route)
	size := x.size()
	if k.by[key] || c.kept >= maxKept || c.size+size > maxBytes || len(k.list) >= max(64, 8*c.o.PerRoute) {
		c.sum.Repeats++
		return
	}
	k.by[key] = true
	k.list = append(k.list, &kind{x, what})
	c.kept++
	c.size += size
}

// key names the kind of an exchange; what is the part of it that is worth a case of
// its own first.
func (c *Collector) key(x *Exchange, r *table.Route) (key, what string) {
	class := ""
	switch {
	case c.answers(r, x):
		class = fmt.Sprint(x.Status)
	case x.Answer != nil:
		class = fmt.Sprintf("%dxx", x.Status/100)
	}
	what = x.Method + " " + class
	parts := []string{what, fmt.Sprint(x.Upgraded), fmt.Sprint(x.Body != nil)}
	_, query, _ := strings.Cut(x.Target, "?")
	parts = append(parts, strings.Join(queryNames(query), "&"))
	var fields []string
	for _, f := range x.Header {
		if c.conditions[r.Domain.Name].concern(f.Name) || telling(f.Name) {
			fields = append(fields, f.Name)
		}
	}
	slices.Sort(fields)
	parts = append(parts, slices.Compact(fields)...)
	return strings.Join(parts, "\x00"), what
}

// match asks the table, as a gateway would, about a target whose path is canonical.
func (c *Collector) match(r *table.Request) *table.Match {
	m := &table.Match{}
	c.table.Match(r, m)
	return m
}

// request is what the table looks at.
func request(method, host, target string, fields []Field) *table.Request {
	r := &table.Request{Method: method, Host: table.CanonicalHost(host), Header: &filter.Header{}}
	r.Path, r.Query, _ = strings.Cut(target, "?")
	for _, f := range fields {
		r.Header.Add(f.Name, f.Value)
	}
	return r
}

// answers tells whether the gateway answers the exchange itself, not an upstream.
func (c *Collector) answers(r *table.Route, x *Exchange) bool {
	if len(r.Targets) == 0 {
		return true
	}
	return r.Chain.Preflight && x.Method == "OPTIONS" && x.has("origin") && x.has("access-control-request-method")
}

// Finish makes the cases, sorted by domain, module, route and the order in which they
// were recorded. The first request of each method and class of status comes first when
// a route has more kinds than it may have cases.
func (c *Collector) Finish() []Case {
	var out []Case
	for _, id := range slices.Sorted(maps.Keys(c.kinds)) {
		out = append(out, c.route(id, c.kinds[id].list)...)
	}
	c.list()
	slices.SortStableFunc(out, func(a, b Case) int {
		return cmp.Or(strings.Compare(a.Domain, b.Domain), strings.Compare(a.Module, b.Module))
	})
	return out
}

func (c *Collector) route(id string, list []*kind) (out []Case) {
	first, rest, seen := []*kind{}, []*kind{}, map[string]bool{}
	for _, k := range list {
		if seen[k.what] {
			rest = append(rest, k)
		} else {
			first = append(first, k)
		}
		seen[k.what] = true
	}
	shapes, names := map[string]bool{}, map[string]bool{}
	r := c.table.Route(id)
	for _, k := range append(first, rest...) {
		if len(out) == c.o.PerRoute {
			c.sum.Repeats++
			continue
		}
		b := newBuilder(c, r, k.x)
		made, ok := b.build()
		if !ok {
			c.sum.Undone++
			continue
		}
		// What was left out may have been all that told two kinds apart.
		shape := k.what + "\x00" + shapeOf(&made.Spec.Request)
		if shapes[shape] {
			c.sum.Repeats++
			continue
		}
		shapes[shape] = true
		made.Name = unique(made.Name, names)
		p := c.places[id]
		made.Domain, made.Module, made.Route = p.domain, p.module, p.name
		b.scope.Commit()
		out = append(out, made)
	}
	return out
}

// shapeOf names what a request is made of, without its values.
func shapeOf(q *cases.Request) string {
	_, query, _ := strings.Cut(q.Path, "?")
	parts := append(queryNames(query), "", fmt.Sprint(q.Body != "" || q.JSON != nil, q.WebSocket != nil))
	for _, name := range slices.Sorted(maps.Keys(q.Headers)) {
		if name != echoStatus {
			parts = append(parts, name)
		}
	}
	return strings.Join(parts, "\x00")
}

// unique adds a number to a name that is taken.
func unique(name string, taken map[string]bool) string {
	out := name
	for n := 2; taken[out]; n++ {
		out = fmt.Sprintf("%s (%d)", name, n)
	}
	taken[out] = true
	return out
}
