package table

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// ledger is a filter kind that notes what is built and closed.
type ledger struct{ built, closed []string }

type entry struct {
	l    *ledger
	name string
}

func (e *entry) Request(*filter.Exchange) filter.Verdict { return filter.Continue }

func (e *entry) Close() error {
	e.l.closed = append(e.l.closed, e.name)
	return nil
}

func (l *ledger) spec(name string, priority int) filter.Spec {
	return filter.Spec{Name: name, Priority: priority, New: func(env filter.Env, config json.RawMessage) (filter.Filter, error) {
		made := fmt.Sprint(name, string(config), env.Params)
		l.built = append(l.built, made)
		return &entry{l, made}, nil
	}}
}

func filtered(set map[string]string) func(*route.Route) {
	return func(r *route.Route) {
		r.Filters = route.Filters{}
		for name, config := range set {
			r.Filters[name] = json.RawMessage(config)
		}
	}
}

// TestFiltersAreBuiltOnce builds a filter once for equal configurations, apart where
// the parameters of the path matter, and closes it once.
func TestFiltersAreBuiltOnce(t *testing.T) {
	l := &ledger{}
	reg, err := filter.NewRegistry([]filter.Spec{l.spec("a", 1), l.spec("b", 2)})
	if err != nil {
		t.Fatal(err)
	}
	d := domainOf(t, "x",
		rt("1", "x", "template", "/1/{id}", filtered(map[string]string{"a": `{}`, "b": `{"set":{"x":"\"{id}"}}`})),
		rt("2", "x", "template", "/2/{no}", filtered(map[string]string{"a": `{}`, "b": `{"set":{"x":"\"{id}"}}`})),
		rt("3", "x", "template", "/3/{no}", filtered(map[string]string{"a": `{}`, "b": `{"set":{"x":"y"}}`})),
		rt("4", "x", "template", "/4/{id}", filtered(map[string]string{"a": `{}`, "b": `{"set":{"x":"y"}}`})),
		rt("5", "x", "exact", "/5", filtered(map[string]string{"a": `{}`})),
	)
	tab, err := Build(Input{Domains: []*bundle.Domain{d}}, nil, Env{Filters: reg})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`a{}[]`, `b{"set":{"x":"\"{id}"}}[id]`, `b{"set":{"x":"\"{id}"}}[no]`, `b{"set":{"x":"y"}}[]`}
	slices.Sort(l.built)
	if !slices.Equal(l.built, want) {
		t.Errorf("built\n%q\nwant\n%q", l.built, want)
	}
	routes := tab.Routes()
	if routes[2].Chain != routes[3].Chain || routes[0].Chain == routes[1].Chain || routes[3].Chain == routes[4].Chain {
		t.Error("routes share a chain that differ, or do not share one that is equal")
	}
	if n := len(routes[3].Chain.Steps); n != 2 || routes[3].Chain.Steps[0].Spec.Name != "a" {
		t.Errorf("%d steps, or not in their order", n)
	}
	tab.Close()
	slices.Sort(l.closed)
	if !slices.Equal(l.closed, want) {
		t.Errorf("closed\n%q\nwant\n%q", l.closed, want)
	}
}

// TestFiltersOfARefusedDomainAreClosed leaves nothing open behind a refusal.
func TestFiltersOfARefusedDomainAreClosed(t *testing.T) {
	l := &ledger{}
	reg, err := filter.NewRegistry([]filter.Spec{l.spec("a", 1)})
	if err != nil {
		t.Fatal(err)
	}
	d := domainOf(t, "x",
		rt("1", "x", "exact", "/1", filtered(map[string]string{"a": `{}`})),
		rt("2", "x", "exact", "/2", filtered(map[string]string{"unheard": `{}`})),
	)
	if _, err := Build(Input{Domains: []*bundle.Domain{d}}, nil, Env{Filters: reg}); err == nil {
		t.Fatal("an unknown filter is accepted")
	}
	if len(l.built) != 1 || !slices.Equal(l.built, l.closed) {
		t.Errorf("built %q, closed %q", l.built, l.closed)
	}
}
