package coverage_test

import (
	"context"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/coverage"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/filter/standard"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// shop is the repository of testdata/shop.txtar and its run.
func shop(t testing.TB) coverage.Input {
	t.Helper()
	arc, err := txtar.ParseFile("testdata/shop.txtar")
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for _, f := range arc.Files {
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return compiled(t, fsys)
}

// example is the repository's own routes and a run of their cases.
func example(t testing.TB) coverage.Input {
	t.Helper()
	return compiled(t, os.DirFS("../../routes"))
}

// compiled compiles routes, builds the gateway's table from the bundle and plays the
// cases in thought.
func compiled(t testing.TB, routes fs.FS) coverage.Input {
	t.Helper()
	res, err := compiler.Compile(context.Background(), compiler.Options{FS: routes, Cache: "off"})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range res.Diagnostics {
		if res.Bundle == nil {
			t.Error(d.Line())
		}
	}
	if res.Bundle == nil {
		t.FailNow()
	}
	set, err := res.Cases()
	if err != nil {
		t.Fatal(err)
	}
	return coverage.Input{Program: res.Program, Table: built(t, res.Bundle), Cases: set, Results: played(set)}
}

func built(t testing.TB, b *bundle.Encoded) *table.Table {
	t.Helper()
	decoded, err := bundle.Decode(b.Files(), bundle.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	filters, err := standard.Registry()
	if err != nil {
		t.Fatal(err)
	}
	tab, err := table.Build(table.Input{Shared: decoded.Shared(), Domains: decoded.Domains()}, nil,
		table.Env{Filters: filters, Secret: func(route.Secret) *filter.Secret { return &filter.Secret{} }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tab.Close)
	return tab
}

// played makes the results of a run in which every case passed but those whose name
// begins with "fails", and in which "skipped" ones were not played.
func played(set *cases.Set) []cases.Result {
	var out []cases.Result
	for i := range set.Cases {
		c := &set.Cases[i]
		switch {
		case strings.HasPrefix(c.Name, "skipped"):
		case strings.HasPrefix(c.Name, "fails"):
			out = append(out, failed(i))
		default:
			out = append(out, cases.Result{Index: i, Passed: true, Routes: []string{*c.Spec.Expect.Route}, Millis: float64(i%7) + 0.25})
		}
	}
	return out
}

func failed(index int) cases.Result {
	return cases.Result{
		Index: index, Millis: 3.5, Routes: []string{"shop.example/cart-read"},
		Got: &cases.Answer{
			Status: 502, Headers: map[string][]string{"content-type": {"application/json"}, "x-lintel-route": {"shop.example/cart-read"}},
			Body: `{"status":502,"code":"upstream-connect"}`, BodySize: 40,
		},
		Mismatches: []cases.Mismatch{
			{Field: "route", Want: `"shop.example/rest"`, Got: `"shop.example/cart-read"`},
			{Field: "status", Want: "200", Got: "502"},
			{Field: "json", Want: `{"id": 7}`, Got: `{"status": 502}`, Diff: "  map[string]any{\n-\t\"id\": float64(7),\n+\t\"status\": float64(502),\n  }\n"},
		},
	}
}

func compute(t testing.TB, in coverage.Input) *coverage.Report {
	t.Helper()
	r, err := coverage.Compute(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
