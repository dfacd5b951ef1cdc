package diff

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// content makes a bundle's content by chance, of few values, so that any two have
// much in common.
func content(r *rand.Rand) bundle.Content {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	some := func(list ...string) (out []string) {
		for _, s := range list {
			if r.IntN(2) == 0 {
				out = append(out, s)
			}
		}
		return out
	}
	upstreams := func() map[string]route.Upstream {
		out := map[string]route.Upstream{}
		for _, name := range some("u", "v") {
			u := route.Upstream{Pool: route.Pool{MaxIdle: r.IntN(3)}}
			addresses := some("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80")
			r.Shuffle(len(addresses), func(i, k int) { addresses[i], addresses[k] = addresses[k], addresses[i] })
			for _, a := range addresses {
				e := route.Endpoint{Address: a, Weight: r.IntN(2)}
				if r.IntN(3) == 0 {
					e.Labels = map[string]string{pick("stage", "zone"): pick("a", "b")}
				}
				u.Endpoints = append(u.Endpoints, e)
			}
			out[name] = u
		}
		return out
	}
	secrets := func() map[string]route.Secret {
		out := map[string]route.Secret{}
		for _, name := range some("k", "l") {
			out[name] = route.Secret{File: pick("a", "b")}
		}
		return out
	}
	conditions := func() map[string]route.Condition {
		out := map[string]route.Condition{}
		for _, name := range some("x", "7") {
			v := pick("1", "2")
			if r.IntN(2) == 0 {
				out[name] = route.Condition{Exact: &v}
			} else {
				out[name] = route.Condition{Prefix: &v}
			}
		}
		return out
	}
	c := bundle.Content{
		Shared: route.Shared{Upstreams: upstreams(), Secrets: secrets()},
		Owners: map[string]string{},
	}
	hosts := func() []string { return append(some("a.example", "b.example"), "c.example") }
	for _, name := range append(some("d1.example", "d2.example", "d3.example"), "d4.example") {
		d := route.Domain{Name: name, Hosts: hosts(), MethodMismatch: 404 + r.IntN(2), Upstreams: upstreams(), Secrets: secrets(), Routes: []route.Route{}}
		if r.IntN(2) == 0 {
			c.Owners[name] = pick("x", "y")
		}
		for _, id := range append(some("r1", "r2", "r3", "r4", "r5"), "r6") {
			x := route.Route{
				ID:       name + "/" + id,
				Match:    route.Match{Hosts: d.Hosts, Path: route.Path{Exact: "/" + pick(id, "p")}, Methods: some("GET", "POST"), Headers: conditions(), Query: conditions()},
				Upstream: "u", Retry: route.Retry{Attempts: r.IntN(2), On: some("connect", "reset")}, OnRouteChange: "keep",
				Timeouts: route.Timeouts{Connect: route.Duration(r.IntN(2))},
			}
			if r.IntN(3) == 0 {
				x.Hosts = hosts()
			}
			if r.IntN(3) == 0 {
				x.Path = route.Path{Template: "/{" + id + "}"}
			}
			if r.IntN(4) == 0 {
				x.Upstream, x.Split = "", []route.Share{{Upstream: pick("u", "v"), Weight: 1}, {Upstream: pick("v", "w"), Weight: 2}}
			}
			x.Filters = route.Filters{}
			for _, f := range some("cors", "headers") {
				x.Filters[f] = json.RawMessage(pick(`{"a":["x","y"]}`, `{"a":["y","x"]}`, `{"a":["x"],"b":[{"n":1},{"n":2}]}`, `{"b":[{"n":1},{"n":3}],"c":1.50}`, `{"b":[[1],[1]],"c":true}`))
			}
			d.Routes = append(d.Routes, x)
		}
		c.Domains = append(c.Domains, d)
	}
	return c
}

func encoded(t *testing.T, c bundle.Content) Side {
	t.Helper()
	b, err := bundle.Encode(c, bundle.Meta{Compiler: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return Side{Name: "x", Bundle: b}
}

func computed(t *testing.T, old, new Side) *Report {
	t.Helper()
	r, err := Compute(old, new)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestProperties holds, for contents made by chance: nothing differs from itself; a
// report is empty exactly when the canonical forms are equal; and a report holds all
// that differs, for who does to the old side what it says has the new one.
func TestProperties(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 40
	}
	for seed := range rounds {
		rnd := rand.New(rand.NewPCG(uint64(seed), 7))
		a, b := content(rnd), content(rnd)
		old, new := encoded(t, a), encoded(t, b)
		if r := computed(t, old, old); !r.Empty() || r.Effect != EffectNone || r.Line(3) != noEffect {
			t.Fatalf("seed %d: a bundle differs from itself: %s", seed, r.Line(3))
		}
		r := computed(t, old, new)
		if same := old.Bundle.Manifest().Content == new.Bundle.Manifest().Content; same != (r.Effect == EffectNone) {
			t.Fatalf("seed %d: effect %q, same content %v", seed, r.Effect, same)
		}
		done := encoded(t, applied(t, old.Bundle, r))
		if left := computed(t, done, new); !left.Empty() {
			raw, _ := json.MarshalIndent(left.Groups, "", " ")
			t.Fatalf("seed %d: a report leaves out %s", seed, raw)
		}
		if d := cmp.Diff(new.Bundle.Manifest().Content, done.Bundle.Manifest().Content); d != "" {
			t.Fatalf("seed %d: an empty report of different contents: %s", seed, d)
		}
	}
}

// applied does to what a bundle holds what a report says.
func applied(t *testing.T, b *bundle.Bundle, r *Report) bundle.Content {
	t.Helper()
	domains := map[string]map[string]any{}
	for _, in := range b.Domains() {
		d := tree(t, in.Def)
		routes := map[string]any{}
		for _, x := range d["routes"].([]any) {
			routes[nameOf(x.(map[string]any)["id"].(string))] = x
		}
		d["routes"] = routes
		if o := b.Manifest().Owners[in.Def.Name]; o != "" {
			d["owner"] = o
		}
		domains[in.Def.Name] = d
	}
	domains[""] = tree(t, b.Shared().Def)
	for _, g := range r.Groups {
		for _, it := range g.Items {
			if it.Kind == KindDomain {
				domain(t, domains, it)
			}
		}
		d := domains[g.Domain]
		for _, it := range g.Items {
			if it.Kind == KindDomain || d == nil {
				continue
			}
			things, _ := d[it.Kind+"s"].(map[string]any)
			if things == nil {
				things = map[string]any{}
				d[it.Kind+"s"] = things
			}
			switch it.Change {
			case Added:
				things[it.Name] = decode(t, it.Definition)
			case Removed:
				delete(things, it.Name)
			case Renamed:
				things[it.Name] = things[it.Was]
				delete(things, it.Was)
			default:
				edit(t, things[it.Name].(map[string]any), it.Fields)
			}
		}
	}
	out := bundle.Content{Owners: map[string]string{}}
	into(t, domains[""], &out.Shared)
	delete(domains, "")
	for name, d := range domains {
		if o, ok := d["owner"].(string); ok {
			out.Owners[name] = o
		}
		delete(d, "owner")
		d["name"] = name
		var list []any
		for id, x := range d["routes"].(map[string]any) {
			x.(map[string]any)["id"] = name + "/" + id
			list = append(list, x)
		}
		d["routes"] = list
		var def route.Domain
		into(t, d, &def)
		out.Domains = append(out.Domains, def)
	}
	return out
}

func domain(t *testing.T, domains map[string]map[string]any, it Item) {
	switch it.Change {
	case Added:
		domains[it.Name] = decode(t, it.Definition).(map[string]any)
		domains[it.Name]["routes"] = map[string]any{}
	case Removed:
		delete(domains, it.Name)
	case Renamed:
		domains[it.Name] = domains[it.Was]
		delete(domains, it.Was)
		fallthrough
	default:
		d := domains[it.Name]
		edit(t, d, it.Fields)
		for _, f := range it.Fields {
			for _, name := range f.Routes {
				d["routes"].(map[string]any)[name].(map[string]any)["hosts"] = d["hosts"]
			}
		}
	}
}

// edit does to a thing what its fields say.
func edit(t *testing.T, thing map[string]any, fields []Field) {
	t.Helper()
	for _, f := range fields {
		var parent any = thing
		set := func(v any) { t.Fatal("a field without a path") }
		var last any
		for i, p := range f.Path {
			switch x := parent.(type) {
			case map[string]any:
				if x[p] == nil && i < len(f.Path)-1 {
					x[p] = map[string]any{}
				}
				set = func(v any) {
					if x[p] = v; v == nil {
						delete(x, p)
					}
				}
				last = x[p]
			case []any:
				at := slices.IndexFunc(x, func(e any) bool {
					m, _ := e.(map[string]any)
					return m["address"] == p || m["upstream"] == p
				})
				if at < 0 && f.Change != Added {
					var err error
					if at, err = strconv.Atoi(p); err != nil {
						t.Fatalf("%s: no such element", strings.Join(f.Path, "."))
					}
				}
				outer := set
				set = func(v any) {
					switch f.Change {
					case Added:
						k, _ := strconv.Atoi(f.newAt[len(f.newAt)-1])
						outer(slices.Insert(slices.Clone(x), min(k, len(x)), v))
					case Removed:
						outer(slices.Delete(slices.Clone(x), at, at+1))
					default:
						x[at] = v
					}
				}
				if at >= 0 {
					last = x[at]
				}
			}
			parent = last
		}
		if f.New == nil {
			set(nil)
			continue
		}
		set(decode(t, f.New))
	}
}

func tree(t *testing.T, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, raw).(map[string]any)
}

func decode(t *testing.T, raw []byte) any {
	t.Helper()
	var v any
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func into(t *testing.T, v, to any) {
	t.Helper()
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, to)
	}
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", raw, err))
	}
}
