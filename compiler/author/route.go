package author

import (
	"context"
	"errors"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/table"
)

// Route is what is asked for of a new route.
type Route struct {
	Domain, Name string
	// Module is the module that it is written into. Absent: the one in which its
	// upstream is declared, or the domain's only one, or one of the route's name.
	Module string
	// Kind is the name of a kind; absent: the first of Kinds.
	Kind string
	// Hosts are host patterns of the domain's; absent: all of the domain's.
	Hosts []string
	// Path is the path. One with braces is a template; another is exact, or a prefix
	// if the kind is one of prefixes.
	Path string
	// Methods are the methods that it takes; absent: GET for an API, what the kind
	// says, or any.
	Methods []string
	// Upstream is the upstream, of a canary the proven one; Next is a canary's next.
	Upstream, Next string
	// Percent is the share of Next, from 0 to 100.
	Percent int
	// To is where a redirect leads; Status is its status, or 0 for the template's.
	To     string
	Status int
	// Endpoints declare Upstream beside the route, which must not be there yet.
	Endpoints []string
}

var routeName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// AddRoute plans a route and its cases. Mistakes in what was asked for are of type
// Mistake; what the compiler would say of the result is of type Findings.
func (r *Repo) AddRoute(ctx context.Context, want Route) (*Plan, error) {
	if want.Kind == "" {
		want.Kind = Kinds()[0].Name
	}
	k, err := KindOf(want.Kind)
	if err != nil {
		return nil, err
	}
	d, err := r.domain(want.Domain)
	if err != nil {
		return nil, err
	}
	if err := r.valid(&want, k, d); err != nil {
		return nil, err
	}
	name, err := file(want.Domain, want.Module)
	if err != nil {
		return nil, err
	}
	var first, last error
	for _, c := range r.candidates(&want, k) {
		p, err := r.try(ctx, name, c, &want, k)
		if err == nil || !errors.As(err, new(*Findings)) && !errors.Is(err, errOther) {
			return p, err
		}
		if last = err; first == nil {
			first = err
		}
	}
	if alike(first, last) {
		return nil, first
	}
	return nil, last
}

// alike tells whether two ways to write a route have the same findings: then they are
// the author's, and not those of a template that does not fit.
func alike(a, b error) bool {
	var x, y *Findings
	return errors.As(a, &x) && errors.As(b, &y) && slices.EqualFunc(x.Result.Diagnostics, y.Result.Diagnostics,
		func(a, b diag.Diagnostic) bool { return a.Code == b.Code })
}

// errOther says that a route came out otherwise than it was asked for.
var errOther = errors.New("the route came out otherwise than it was asked for")

// valid holds what was asked for to what is there, and fills in what was left out.
func (r *Repo) valid(want *Route, k Kind, d *ir.Domain) error {
	if want.Name == "" {
		return mistake("name", "the route needs a name such as order-read")
	}
	if want.Path == "" {
		return mistake("path", "the route needs a path such as /orders/{id}")
	}
	if !routeName.MatchString(want.Name) {
		return mistake("name", "%q is no name of a route such as order-read: use lower-case letters, digits and \"-\"", want.Name)
	}
	for _, other := range d.Routes {
		if other.Name == want.Name {
			return mistake("name", "%s has a route %q already, at %s: choose another name", want.Domain, want.Name, other.Pos)
		}
	}
	if !strings.HasPrefix(want.Path, "/") {
		return mistake("path", "%q is no path: it begins with \"/\", as /orders/{id}", want.Path)
	}
	for _, h := range want.Hosts {
		if !table.HostCovers(d.Def.Hosts, h) {
			return mistake("host", "host %q is not covered by the hosts of %s: %s", h, want.Domain, strings.Join(d.Def.Hosts, ", "))
		}
	}
	if err := r.methods(want, k); err != nil {
		return err
	}
	if err := r.targets(want, k); err != nil {
		return err
	}
	if want.Module == "" {
		want.Module = r.module(want, d)
	}
	return nil
}

func (r *Repo) methods(want *Route, k Kind) error {
	if k.methods != nil {
		if len(want.Methods) > 0 && !slices.Equal(want.Methods, k.methods) {
			return mistake("method", "a route of kind %s takes %s: leave its methods out", k.Name, strings.Join(k.methods, ", "))
		}
		want.Methods = k.methods
	}
	if len(want.Methods) == 0 && k.Name == "api" {
		want.Methods = []string{"GET"}
	}
	want.Methods = slices.Clone(want.Methods)
	slices.Sort(want.Methods)
	want.Methods = slices.Compact(want.Methods)
	for _, m := range want.Methods {
		if known := []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}; !slices.Contains(known, m) {
			return unknown("method", "method", m, known)
		}
	}
	return nil
}

func (r *Repo) targets(want *Route, k Kind) error {
	have := r.Upstreams(want.Domain)
	if len(want.Endpoints) > 0 {
		if slices.Contains(have, want.Upstream) {
			return mistake("endpoint", "the upstream %q is there already: leave its endpoints out", want.Upstream)
		}
		if err := validEndpoints(want.Upstream, want.Endpoints); err != nil {
			return err
		}
		have = append(have, want.Upstream)
	}
	for _, t := range []struct {
		needed     bool
		what, name string
	}{{k.Upstream, "upstream", want.Upstream}, {k.Next, "next", want.Next}} {
		switch {
		case t.needed && t.name == "":
			return mistake(t.what, "a route of kind %s needs an upstream: one of %s", k.Name, strings.Join(have, ", "))
		case !t.needed && t.name != "":
			return mistake(t.what, "a route of kind %s has no such upstream: leave %q out", k.Name, t.name)
		case t.needed && !slices.Contains(have, t.name):
			return unknown(t.what, "upstream", t.name, have)
		}
	}
	switch {
	case k.To && want.To == "":
		return mistake("to", "a redirect needs a place that it leads to, such as https://shop.example/new")
	case !k.To && (want.To != "" || want.Status != 0):
		return mistake("to", "a route of kind %s leads nowhere else: that is for redirects", k.Name)
	case k.Next && want.Upstream == want.Next:
		return mistake("next", "a canary needs two upstreams, and %q is both", want.Next)
	case k.Next && (want.Percent < 0 || want.Percent > 100):
		return mistake("percent", "%d is no share in percent from 0 to 100", want.Percent)
	}
	return nil
}

// module is the module that a route belongs to.
func (r *Repo) module(want *Route, d *ir.Domain) string {
	if want.Upstream != "" {
		if pos, depth := d.Index.Lookup("upstreams", want.Upstream); depth == 2 && path.Dir(pos.File) == path.Join(r.base, want.Domain) {
			return strings.TrimSuffix(path.Base(pos.File), ".cue")
		}
	}
	modules := map[string]bool{}
	for _, other := range d.Routes {
		modules[other.Module] = true
	}
	if len(modules) == 1 {
		return slices.Collect(maps.Keys(modules))[0]
	}
	return want.Name
}
