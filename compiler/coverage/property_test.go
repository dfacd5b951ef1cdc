package coverage_test

import (
	"math/rand/v2"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/ci/bench/mixed"
	"github.com/lintel-gateway/lintel/compiler/coverage"
)

// TestGrows adds the results of the example's cases one by one, in some order: no
// point is ever lost, and each report is sound.
func TestGrows(t *testing.T) {
	in := example(t)
	all := in.Results
	runs := 3
	if testing.Short() {
		runs = 1
	}
	for seed := range uint64(runs) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		order := rnd.Perm(len(all))
		in.Results = nil
		before := map[string]bool{}
		for len(order) > 0 {
			for range min(len(order), 1+rnd.IntN(40)) {
				in.Results = append(in.Results, all[order[0]])
				order = order[1:]
			}
			r := compute(t, in)
			sound(t, r)
			now := covered(r)
			for p := range before {
				if !now[p] {
					t.Fatalf("seed %d, %d results: %s was covered and no longer is", seed, len(in.Results), p)
				}
			}
			before = now
		}
		if len(before) == 0 {
			t.Error("no case reached anything: the test tests nothing")
		}
	}
}

// TestOrderOfResults holds that a report depends on the set of results alone.
func TestOrderOfResults(t *testing.T) {
	in := example(t)
	want := compute(t, in)
	rnd := rand.New(rand.NewPCG(1, 2))
	rnd.Shuffle(len(in.Results), func(i, j int) { in.Results[i], in.Results[j] = in.Results[j], in.Results[i] })
	if diff := cmp.Diff(want, compute(t, in)); diff != "" {
		t.Error(diff)
	}
}

// TestNothingPlayed holds that nothing is covered and every route listed.
func TestNothingPlayed(t *testing.T) {
	in := example(t)
	in.Results = nil
	r := compute(t, in)
	sound(t, r)
	if len(covered(r)) != 0 || r.Totals.All.Percent != 0 || len(r.Uncovered) != r.Totals.Routes.Total || r.Totals.Routes.Total == 0 {
		t.Errorf("covered %d points, totals %+v, %d routes listed", len(covered(r)), r.Totals, len(r.Uncovered))
	}
}

// TestFailuresProveNothing holds that failed cases reach nothing.
func TestFailuresProveNothing(t *testing.T) {
	in := example(t)
	for i := range in.Results {
		in.Results[i].Passed = false
	}
	r := compute(t, in)
	sound(t, r)
	if len(covered(r)) != 0 || r.Cases.Failed != len(in.Results) {
		t.Errorf("covered %d points, cases %+v", len(covered(r)), r.Cases)
	}
}

// BenchmarkCompute measures a run of 1,000 mixed routes with a case each.
func BenchmarkCompute(b *testing.B) {
	fsys := fstest.MapFS{}
	for name, text := range mixed.New(1000).Files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	in := compiled(b, fsys)
	for b.Loop() {
		compute(b, in)
	}
	b.ReportMetric(float64(len(in.Cases.Cases)), "cases")
}

// covered names the points that were reached.
func covered(r *coverage.Report) map[string]bool {
	out := map[string]bool{}
	for rt := range routesOf(r) {
		for _, p := range rt.Points {
			if p.Covered {
				out[rt.ID+" "+string(p.Kind)+" "+p.Name+" "+string(p.Side)] = true
			}
		}
	}
	return out
}

// sound holds a report to itself: covered points have cases that passed, true sides
// cases that the route took, a route without one is listed, and all sums agree.
func sound(t *testing.T, r *coverage.Report) {
	t.Helper()
	listed := map[string]bool{}
	for _, u := range r.Uncovered {
		listed[u.Route] = true
	}
	var sum coverage.Totals
	filters := 0
	for rt := range routesOf(r) {
		took := false
		missing := 0
		for _, p := range rt.Points {
			if p.Covered != (p.Reached > 0) || p.Covered != (len(p.Cases) > 0) {
				t.Errorf("%s: point %+v", rt.ID, p)
			}
			for _, i := range p.Cases {
				c := r.Played[i]
				here := false
				for _, id := range c.Took {
					here = here || id == rt.ID
				}
				if c.State != coverage.Passed || here != (p.Side != coverage.False) {
					t.Errorf("%s: point %+v has case %+v", rt.ID, p, c)
				}
			}
			if !p.Covered {
				missing++
			}
			took = took || p.Kind == coverage.KindRoute && p.Covered
			count(&sum, p)
			if p.Kind == coverage.KindFilter {
				filters++
			}
		}
		if listed[rt.ID] == took || rt.Covered != took {
			t.Errorf("%s: took a case %v, covered %v, listed %v", rt.ID, took, rt.Covered, listed[rt.ID])
		}
		if len(rt.Missing) != missing || rt.Count.Total-rt.Count.Covered != missing {
			t.Errorf("%s: %d points missing, %v, %+v", rt.ID, missing, rt.Missing, rt.Count)
		}
	}
	same := func(what string, got coverage.Totals) {
		t.Helper()
		if diff := cmp.Diff(pairs(sum), pairs(got)); diff != "" {
			t.Errorf("the sum over %s (-points +sum)\n%s", what, diff)
		}
	}
	same("all", r.Totals)
	var domains, modules, owners coverage.Totals
	for _, d := range r.Domains {
		merge(&domains, d.Totals)
		for _, m := range d.Modules {
			merge(&modules, m.Totals)
		}
	}
	for _, o := range r.Owners {
		merge(&owners, o.Totals)
	}
	same("domains", domains)
	same("modules", modules)
	same("owners", owners)
	byName := coverage.Count{}
	for _, f := range r.Filters {
		byName.Covered += f.Count.Covered
		byName.Total += f.Count.Total
	}
	if byName.Total != filters || byName.Covered != sum.Filters.Covered {
		t.Errorf("filters by name come to %s of %d", byName, filters)
	}
}

func count(t *coverage.Totals, p coverage.Point) {
	for _, c := range []*coverage.Count{&t.All, map[coverage.Kind]*coverage.Count{
		coverage.KindRoute: &t.Routes, coverage.KindHost: &t.Hosts, coverage.KindPredicate: &t.Predicates, coverage.KindFilter: &t.Filters,
	}[p.Kind]} {
		c.Total++
		if p.Covered {
			c.Covered++
		}
	}
}

func counts(t *coverage.Totals) []*coverage.Count {
	return []*coverage.Count{&t.Routes, &t.Hosts, &t.Predicates, &t.Filters, &t.All}
}

func merge(into *coverage.Totals, t coverage.Totals) {
	for i, c := range counts(&t) {
		counts(into)[i].Covered += c.Covered
		counts(into)[i].Total += c.Total
	}
}

func pairs(t coverage.Totals) []string {
	var out []string
	for _, c := range counts(&t) {
		out = append(out, c.String())
	}
	return out
}
