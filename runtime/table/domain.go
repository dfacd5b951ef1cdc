package table

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/runtime/upstream/identity"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// maxPath bounds the text of one path pattern in bytes.
const maxPath = 4096

// Domain is the built form of one domain, shared by every table whose bundle
// holds the same bytes for it.
type Domain struct {
	arena arena // first: every match reads its beginning

	Name           string
	MethodMismatch int

	def       *route.Domain
	from      origin
	key       [32]byte
	hosts     []string // pattern of each root
	routes    []Route  // by id
	upstreams []*upstream.Upstream
	steps     []*filter.Step
	env       Env
	refs      atomic.Int32
}

// origin is the digests of what a domain was built from.
type origin struct{ domain, shared [32]byte }

// domainKey identifies all that a domain is built from: its own bytes and the
// shared definitions that it may use.
func domainKey(d *bundle.Domain, shared *bundle.Shared) [32]byte {
	h := sha256.New()
	h.Write(d.Digest[:])
	if shared != nil {
		used := map[string]bool{}
		for i := range d.Def.Routes {
			for _, name := range upstreamNames(&d.Def.Routes[i]) {
				used[name] = true
			}
		}
		for name, u := range shared.Def.Upstreams {
			if used[name] {
				writeJSON(h, name, u)
			}
		}
		// A secret is named inside a filter's configuration: any may be meant.
		writeJSON(h, "secrets", shared.Def.Secrets)
	}
	return [32]byte(h.Sum(nil))
}

func writeJSON(w interface{ Write([]byte) (int, error) }, name string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain data: cannot fail
	}
	fmt.Fprintf(w, "%d:%s%d:", len(name), name, len(b))
	_, _ = w.Write(b)
}

func upstreamNames(r *route.Route) []string {
	if r.Upstream != "" {
		return []string{r.Upstream}
	}
	out := make([]string, 0, len(r.Split))
	for _, s := range r.Split {
		out = append(out, s.Upstream)
	}
	return out
}

// domainBuild holds what one domain needs only while it is built.
type domainBuild struct {
	d      *Domain
	shared *bundle.Shared
	live   map[string]*upstream.Upstream
	chains chains
	params map[string][]string
	old    *Domain // the domain of that name in the table before, or nil
}

// names returns one shared list for equal names: few lists serve many routes, and
// those stay in the processor's caches.
func (b *domainBuild) names(params []string) []string {
	if len(params) == 0 {
		return nil
	}
	key := strings.Join(params, "/")
	if have, ok := b.params[key]; ok {
		return have
	}
	b.params[key] = params
	return params
}

// buildDomain builds a domain with one reference, or releases all it took.
func buildDomain(in *bundle.Domain, shared *bundle.Shared, from origin, key [32]byte, old *Domain, env Env) (*Domain, error) {
	d := &Domain{Name: in.Def.Name, MethodMismatch: in.Def.MethodMismatch, def: in.Def, from: from, key: key, env: env}
	d.refs.Store(1)
	// Deferred, not on the error paths: a filter that panics must not leak.
	done := false
	defer func() {
		if !done {
			d.release()
		}
	}()
	b := &domainBuild{d: d, shared: shared, live: map[string]*upstream.Upstream{}, chains: newChains(), params: map[string][]string{}, old: old}
	for name := range in.Def.Upstreams {
		if _, err := b.upstream(name); err != nil {
			return nil, err
		}
	}
	d.routes = make([]Route, len(in.Def.Routes))
	for i := range in.Def.Routes {
		if err := b.route(&d.routes[i], &in.Def.Routes[i]); err != nil {
			return nil, fmt.Errorf("route %s: %w", in.Def.Routes[i].ID, err)
		}
		env.rest()
		if i > 0 && d.routes[i-1].Def.ID >= d.routes[i].Def.ID {
			return nil, fmt.Errorf("route %s: routes are not sorted by a unique id", d.routes[i].Def.ID)
		}
	}
	d.plant()
	done = true
	return d, nil
}

func (b *domainBuild) route(r *Route, def *route.Route) error {
	rank, err := RankOf(&def.Match)
	if err != nil {
		return err
	}
	if len(def.Path.Value()) > maxPath {
		return fmt.Errorf("path is longer than %d bytes", maxPath)
	}
	if !strings.HasPrefix(def.ID, b.d.Name+"/") {
		return fmt.Errorf("id does not start with the domain's name %q", b.d.Name)
	}
	if len(def.Hosts) == 0 {
		return fmt.Errorf("has no hosts")
	}
	r.Def, r.Domain, r.rank, r.params = def, b.d, rank, b.names(rank.Template.Params())
	if rank.Class == ClassRegex {
		if r.regex, err = CompileRegex(def.Path.Regex); err != nil {
			return err
		}
	}
	if r.conditions, err = compileConditions(&def.Match); err != nil {
		return err
	}
	if r.Chain, err = b.chain(r); err != nil {
		return err
	}
	if r.Targets, err = b.targets(def); err != nil {
		return err
	}
	b.count(r)
	return nil
}

// count gives a route the counters that it had in the table before.
func (b *domainBuild) count(r *Route) {
	if b.old != nil {
		if before := b.old.route(r.Def.ID); before != nil {
			r.Requests, r.Turns = before.Requests, before.Turns
		}
	}
	if r.Requests == nil {
		r.Requests = &Counter{}
	}
	switch {
	case len(r.Targets) < 2:
		r.Turns = nil
	case r.Turns == nil:
		r.Turns = &Counter{}
	}
}

func (b *domainBuild) targets(def *route.Route) ([]Target, error) {
	shares := def.Split
	if def.Upstream != "" {
		shares = []route.Share{{Upstream: def.Upstream, Weight: 1}}
	}
	var out []Target
	for _, s := range shares {
		u, err := b.upstream(s.Upstream)
		if err != nil {
			return nil, err
		}
		out = append(out, Target{u, s.Weight})
	}
	return out, nil
}

// upstream returns the live upstream of a name in the domain or the shared part.
func (b *domainBuild) upstream(name string) (*upstream.Upstream, error) {
	if u := b.live[name]; u != nil {
		return u, nil
	}
	domain := b.d.Name
	def, ok := b.d.def.Upstreams[name]
	if !ok && b.shared != nil {
		domain = ""
		def, ok = b.shared.Def.Upstreams[name]
	}
	if !ok {
		return nil, fmt.Errorf("upstream %q is not declared", name)
	}
	// A shared upstream knows the shared secrets only: those of domains may have the
	// same names.
	u, err := b.d.env.Upstreams.Acquire(domain, name, &def, func(secret string) (identity.Secret, error) {
		return b.secretOf(secret, domain != "")
	})
	if err != nil {
		return nil, err
	}
	b.live[name] = u
	b.d.upstreams = append(b.d.upstreams, u)
	return u, nil
}

// plant writes the routes into one arena, a tree for each host pattern.
func (d *Domain) plant() {
	byHost := map[string][]*Route{}
	for i := range d.routes {
		r := &d.routes[i]
		for _, h := range r.Def.Hosts {
			byHost[h] = append(byHost[h], r)
		}
	}
	d.hosts = sortedKeys(byHost)
	f := newFlattener(d.routes)
	for _, h := range d.hosts {
		root, regexes := &branch{}, []*Route(nil)
		for _, r := range byHost[h] {
			if r.rank.Class == ClassRegex {
				regexes = append(regexes, r)
			} else {
				root.add(r)
			}
			d.env.rest()
		}
		slices.SortFunc(regexes, func(a, b *Route) int {
			if c := a.rank.Compare(b.rank); c != 0 {
				return c
			}
			return strings.Compare(a.Def.ID, b.Def.ID)
		})
		f.a.roots = append(f.a.roots, hostRoot{f.tree(root), f.candidates(regexes)})
	}
	d.arena = *f.done()
}

func (d *Domain) route(id string) *Route {
	i, ok := slices.BinarySearchFunc(d.routes, id, func(r Route, id string) int { return strings.Compare(r.Def.ID, id) })
	if !ok {
		return nil
	}
	return &d.routes[i]
}

func (d *Domain) release() {
	if d.refs.Add(-1) != 0 {
		return
	}
	for _, s := range d.steps {
		_ = s.Close() // there is nobody to tell, and nothing to do about it
	}
	for _, u := range d.upstreams {
		d.env.Upstreams.Release(u)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Same tells whether two built routes run alike: equal definitions, and upstreams
// of equal definition. It decides what onRouteChange does to upgraded connections.
func (r *Route) Same(o *Route) bool {
	if r == o {
		return true
	}
	a, errA := json.Marshal(r.Def)
	b, errB := json.Marshal(o.Def)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		return false
	}
	for i := range r.Targets {
		x, y := r.Targets[i].Upstream, o.Targets[i].Upstream
		if x == y {
			continue
		}
		a, errA := json.Marshal(x.Def)
		b, errB := json.Marshal(y.Def)
		if errA != nil || errB != nil || x.Domain != y.Domain || !bytes.Equal(a, b) {
			return false
		}
	}
	return true
}
