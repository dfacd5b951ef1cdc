package coverage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/coverage"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// pointsOf writes the points of a route with the cases that reached them.
func pointsOf(t *testing.T, r *coverage.Report, id string) map[string][]string {
	t.Helper()
	for rt := range routesOf(r) {
		if rt.ID != id {
			continue
		}
		out := map[string][]string{}
		for _, p := range rt.Points {
			names := []string{}
			for _, i := range p.Cases {
				names = append(names, r.Played[i].Name)
			}
			out[strings.TrimSpace(fmt.Sprintf("%s %s %s", p.Kind, p.Name, p.Side))] = names
		}
		return out
	}
	t.Fatalf("there is no route %s", id)
	return nil
}

func routesOf(r *coverage.Report) func(func(*coverage.Route) bool) {
	return func(yield func(*coverage.Route) bool) {
		for _, d := range r.Domains {
			for _, m := range d.Modules {
				for i := range m.Routes {
					if !yield(&m.Routes[i]) {
						return
					}
				}
			}
		}
	}
}

func caseNamed(t *testing.T, in coverage.Input, name string) int {
	t.Helper()
	i := slices.IndexFunc(in.Cases.Cases, func(c cases.Case) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no case %q", name)
	}
	return i
}

// result returns the result of a case, or nil.
func result(t *testing.T, in coverage.Input, name string) *cases.Result {
	t.Helper()
	index := caseNamed(t, in, name)
	for i := range in.Results {
		if in.Results[i].Index == index {
			return &in.Results[i]
		}
	}
	return nil
}

func TestComputePoints(t *testing.T) {
	r := compute(t, shop(t))
	for id, want := range map[string]map[string][]string{
		"shop.example/cart-read": {
			"route": {"taken"}, "host shop.example": {"taken"}, "host *.shop.example": {}, "host img.shop.example": {},
			"predicate method true": {"taken"}, "predicate method false": {},
			"predicate header x-stage true": {"taken"}, "predicate header x-stage false": {"another stage"},
			// The cases that would show these failed or were not played.
			"predicate query v true": {"taken"}, "predicate query v false": {},
			"predicate cookie beta true": {"taken"}, "predicate cookie beta false": {},
			"filter requestId": {"taken"}, "filter headers": {"taken"},
		},
		"shop.example/cart-write": {
			// A preflight is taken by the method that it asks about, and goes no
			// further than the filter that answers it.
			"route": {"a browser asks first"}, "host api.shop.example": {"a browser asks first"},
			"predicate method true": {"a browser asks first"}, "predicate method false": {"a wrong method"},
			"filter cors": {"a browser asks first"}, "filter headers": {},
		},
		"shop.example/rest": {"route": {"another stage"}, "host shop.example": {"another stage"}},
		"shop.example/old":  {"route": {}, "host www.shop.example": {}, "filter redirect": {}},
	} {
		if diff := cmp.Diff(want, pointsOf(t, r, id)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", id, diff)
		}
	}
	want := coverage.Outcome{Total: 7, Passed: 5, Failed: 1, NotPlayed: 1}
	if r.Cases != want {
		t.Errorf("cases %+v, want %+v", r.Cases, want)
	}
	if diff := cmp.Diff([]coverage.Uncovered{{Route: "shop.example/old", File: "routes/shop.example/site.cue", Line: 8, Column: 9}}, r.Uncovered); diff != "" {
		t.Errorf("uncovered (-want +got)\n%s", diff)
	}
}

// TestComputeBase holds that a route which was there before may lack a case.
func TestComputeBase(t *testing.T) {
	in := shop(t)
	in.Base = map[string]bool{"shop.example/old": true, "gone.example/route": true}
	r := compute(t, in)
	if len(r.Uncovered) != 0 {
		t.Errorf("uncovered %v", r.Uncovered)
	}
	for rt := range routesOf(r) {
		if rt.New == (rt.ID == "shop.example/old") {
			t.Errorf("%s: new is %v", rt.ID, rt.New)
		}
	}
	in.Base = map[string]bool{}
	if r := compute(t, in); len(r.Uncovered) != 1 {
		t.Errorf("nothing was there before, and uncovered is %v", r.Uncovered)
	}
}

// TestComputeTruth holds that what the gateway said counts, not what the table says.
func TestComputeTruth(t *testing.T) {
	in := shop(t)
	// The gateway named another route than the table would take.
	result(t, in, "another stage").Routes = []string{"shop.example/cart-read"}
	r := compute(t, in)
	points := pointsOf(t, r, "shop.example/cart-read")
	if got := points["route"]; !slices.Contains(got, "another stage") {
		t.Errorf("the route took %v", got)
	}
	if got := points["predicate header x-stage false"]; len(got) != 0 {
		t.Errorf("the trace was believed although the gateway contradicts it: %v", got)
	}
	// Of two answers to a repeated request, each names its route.
	result(t, in, "another stage").Routes = []string{"shop.example/rest", "", "shop.example/old", "shop.example/rest"}
	r = compute(t, in)
	if len(r.Uncovered) != 0 {
		t.Errorf("uncovered %v", r.Uncovered)
	}
	if got := pointsOf(t, r, "shop.example/cart-read")["predicate header x-stage false"]; len(got) != 0 {
		t.Errorf("the trace of one request was believed for two answers that differ: %v", got)
	}
	if got := r.Played[caseNamed(t, in, "another stage")].Took; !slices.Equal(got, []string{"shop.example/rest", "shop.example/old"}) {
		t.Errorf("took %v", got)
	}
}

// TestComputeOnce holds that a case counts once for a point although two patterns of
// the route take its host.
func TestComputeOnce(t *testing.T) {
	in := shop(t)
	i := caseNamed(t, in, "another stage")
	in.Cases.Cases[i].Spec.Request.Host = "img.shop.example"
	none := ""
	in.Cases.Cases[i].Spec.Expect.Route = &none
	result(t, in, "another stage").Routes = []string{""}
	for rt := range routesOf(compute(t, in)) {
		for _, p := range rt.Points {
			if p.Name == "header x-stage" && p.Side == coverage.False && p.Reached != 1 {
				t.Errorf("one case reached it %d times", p.Reached)
			}
		}
	}
}

// TestComputePreflight holds that only a preflight ends at the filter that answers it.
func TestComputePreflight(t *testing.T) {
	in := shop(t)
	request := &in.Cases.Cases[caseNamed(t, in, "a browser asks first")].Spec.Request
	request.Method = "POST"
	points := pointsOf(t, compute(t, in), "shop.example/cart-write")
	for _, name := range []string{"filter cors", "filter headers", "predicate method true"} {
		if len(points[name]) != 1 {
			t.Errorf("%s is reached by %v", name, points[name])
		}
	}
}

// TestComputeSilent holds that the table stands in for a gateway that names no
// routes, but not for a case that no route was to take.
func TestComputeSilent(t *testing.T) {
	in := shop(t)
	want := compute(t, in)
	for i := range in.Results {
		if in.Results[i].Passed {
			in.Results[i].Routes = nil
		}
	}
	if diff := cmp.Diff(want, compute(t, in)); diff != "" {
		t.Errorf("(-named +silent)\n%s", diff)
	}
	none := ""
	in.Cases.Cases[caseNamed(t, in, "another stage")].Spec.Expect.Route = &none
	if got := pointsOf(t, compute(t, in), "shop.example/rest")["route"]; len(got) != 0 {
		t.Errorf("a case that no route took counts for %v", got)
	}
}

// TestComputeRefused holds that a path which the gateway refuses reaches nothing.
func TestComputeRefused(t *testing.T) {
	in := shop(t)
	i := caseNamed(t, in, "a wrong method")
	in.Cases.Cases[i].Spec.Request.Path = "/../cart"
	if got := pointsOf(t, compute(t, in), "shop.example/cart-write")["predicate method false"]; len(got) != 0 {
		t.Errorf("reached by %v", got)
	}
	in.Cases.Cases[i].Spec.Request.Path = "/./%63art?x=1"
	if got := pointsOf(t, compute(t, in), "shop.example/cart-write")["predicate method false"]; len(got) != 1 {
		t.Errorf("the path is /cart, and the point is reached by %v", got)
	}
}

// TestComputeMostSpecificHost holds that a case comes in through one pattern.
func TestComputeMostSpecificHost(t *testing.T) {
	in := shop(t)
	i := caseNamed(t, in, "taken")
	for host, want := range map[string]string{
		"shop.example": "host shop.example", "WWW2.Shop.example:8080": "host *.shop.example", "IMG.shop.example": "host img.shop.example", "a.b.shop.example.": "host *.shop.example",
	} {
		in.Cases.Cases[i].Spec.Request.Host = host
		points := pointsOf(t, compute(t, in), "shop.example/cart-read")
		for _, name := range []string{"host shop.example", "host *.shop.example", "host img.shop.example"} {
			if got := len(points[name]) > 0; got != (name == want) {
				t.Errorf("%s: %s is reached: %v", host, name, got)
			}
		}
	}
}

func TestComputeErrors(t *testing.T) {
	in := shop(t)
	for name, change := range map[string]func(*coverage.Input){
		"no program":   func(in *coverage.Input) { in.Program = nil },
		"no table":     func(in *coverage.Input) { in.Table = nil },
		"no cases":     func(in *coverage.Input) { in.Cases = nil },
		"out of range": func(in *coverage.Input) { in.Results = []cases.Result{{Index: 7}} },
		"negative":     func(in *coverage.Input) { in.Results = []cases.Result{{Index: -1}} },
		"twice":        func(in *coverage.Input) { in.Results = []cases.Result{{Index: 1}, {Index: 1}} },
	} {
		broken := in
		change(&broken)
		if r, err := coverage.Compute(broken); err == nil || r != nil || !strings.HasPrefix(err.Error(), "compute coverage: ") {
			t.Errorf("%s: got %v, %v", name, r, err)
		}
	}
}

// TestPointCasesAreBounded plays one case often.
func TestPointCasesAreBounded(t *testing.T) {
	in := shop(t)
	one := in.Cases.Cases[caseNamed(t, in, "taken")]
	in.Cases.Cases, in.Results = nil, nil
	const n = coverage.MaxPointCases + 5
	for range n {
		in.Cases.Cases = append(in.Cases.Cases, one)
	}
	in.Results = played(in.Cases)
	for rt := range routesOf(compute(t, in)) {
		if rt.ID != one.Route {
			continue
		}
		if p := rt.Points[0]; p.Reached != n || len(p.Cases) != coverage.MaxPointCases || len(rt.Cases) != n {
			t.Errorf("reached %d, %d cases named, %d of the route", p.Reached, len(p.Cases), len(rt.Cases))
		}
	}
}
