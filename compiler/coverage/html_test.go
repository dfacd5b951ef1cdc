package coverage_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	stdhtml "html"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/lintel-gateway/lintel/compiler/coverage"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

func pageOf(in coverage.Input) coverage.Page {
	p := coverage.Page{Title: "Coverage of routes", Digest: in.Cases.Bundle, Revision: "4f2c1d9", Duration: 3210 * time.Millisecond}
	for i := range in.Results {
		if r := &in.Results[i]; !r.Passed {
			p.Failures = append(p.Failures, coverage.Failure{
				Case: &in.Cases.Cases[r.Index], Result: r,
				Curl:   "curl --http1.1 -H 'x-stage: next' http://127.0.0.1:8080/cart/7",
				Reason: "the route shop.example/cart-read took the request: it stands before shop.example/rest, and everything that it asks for held",
			})
		}
	}
	return p
}

func html(t testing.TB, r *coverage.Report, p coverage.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteHTML(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// hostile is a report and a page in which everything that somebody can write is an
// attack on the page.
func hostile(t testing.TB) (*coverage.Report, coverage.Page) {
	in := shop(t)
	r, p := compute(t, in), pageOf(in)
	const evil = `"'></code></style><script>document.title="taken"</script><img src=x onerror=document.title="taken">{{.}}` + "\u202e\x00`${1}"
	for i := range r.Played {
		r.Played[i].Name, r.Played[i].File = evil, evil
	}
	for i := range r.Domains {
		r.Domains[i].Name, r.Domains[i].Owner = evil, evil
		for j := range r.Domains[i].Modules {
			r.Domains[i].Modules[j].Name = evil
		}
	}
	for rt := range routesOf(r) {
		rt.Name, rt.Path, rt.Description, rt.File, rt.Methods = evil, evil, evil, evil, []string{evil}
		for i := range rt.Points {
			rt.Points[i].Name = evil
		}
		for i := range rt.Missing {
			rt.Missing[i] = evil
		}
	}
	for i := range r.Owners {
		r.Owners[i].Name = evil
	}
	for i := range r.Filters {
		r.Filters[i].Name = evil
	}
	for i := range r.Uncovered {
		r.Uncovered[i].File = evil
	}
	p.Title, p.Digest, p.Revision = evil, evil, evil
	p.Failures = append(p.Failures, coverage.Failure{
		Case: &cases.Case{Route: evil, Name: evil, File: evil}, Curl: evil, Reason: evil,
		Result: &cases.Result{
			Got:        &cases.Answer{Headers: map[string][]string{evil: {evil}}, Body: evil, BodySize: 1 << 20},
			Mismatches: []cases.Mismatch{{Field: evil, Want: evil, Got: evil, Diff: "-" + evil + "\n+" + evil}},
		},
	})
	return r, p
}

// large is a report of n routes with failures, as a big repository has them.
func large(n int) (*coverage.Report, coverage.Page) {
	r := &coverage.Report{Bundle: "sha256:" + strings.Repeat("7", 64)}
	all := coverage.Count{Covered: n - n/10, Total: n, Percent: 90}
	r.Totals = coverage.Totals{Routes: all, Hosts: all, Predicates: all, Filters: all, All: all}
	for i := range n {
		if i%50 == 0 {
			r.Domains = append(r.Domains, coverage.Domain{Name: fmt.Sprintf("d%d.example", i/50), Owner: "team-of-many", Totals: r.Totals})
		}
		d := &r.Domains[len(r.Domains)-1]
		if i%10 == 0 {
			d.Modules = append(d.Modules, coverage.Module{Name: fmt.Sprintf("module-%d", i/10), Totals: r.Totals})
		}
		m := &d.Modules[len(d.Modules)-1]
		id := fmt.Sprintf("%s/operation-%d", d.Name, i)
		rt := coverage.Route{
			ID: id, Name: fmt.Sprintf("operation-%d", i), File: "routes/" + d.Name + "/" + m.Name + ".cue", Line: i + 1, New: true,
			Methods: []string{"GET"}, Path: fmt.Sprintf("template /api/v2/things/{thing}/parts/%d/{part}", i), Covered: i%10 != 0,
			Count: coverage.Count{Covered: 7, Total: 9, Percent: 77.7}, Cases: []int{2 * i, 2*i + 1}, Missing: []string{"method: never false", "header x-stage: never false"},
			Points: []coverage.Point{
				{Kind: coverage.KindRoute, Covered: true},
				{Kind: coverage.KindHost, Name: "api." + d.Name, Covered: true},
				{Kind: coverage.KindHost, Name: "*." + d.Name},
				{Kind: coverage.KindPredicate, Name: "method", Side: coverage.True, Covered: true},
				{Kind: coverage.KindPredicate, Name: "method", Side: coverage.False},
				{Kind: coverage.KindPredicate, Name: "header x-stage", Side: coverage.True, Covered: true},
				{Kind: coverage.KindPredicate, Name: "header x-stage", Side: coverage.False},
				{Kind: coverage.KindFilter, Name: "headers", Covered: true},
				{Kind: coverage.KindFilter, Name: "requestId", Covered: true},
			},
		}
		if !rt.Covered {
			r.Uncovered = append(r.Uncovered, coverage.Uncovered{Route: id, File: rt.File, Line: rt.Line})
		}
		m.Routes = append(m.Routes, rt)
		for _, name := range []string{"finds one of them", "is not found"} {
			r.Played = append(r.Played, coverage.Case{Route: id, Name: name, File: rt.File, Line: i + 5, State: coverage.Passed, Took: []string{id}, Millis: 1.5})
		}
	}
	r.Cases = coverage.Outcome{Total: 2 * n, Passed: 2 * n}
	return r, coverage.Page{Title: "Coverage", Duration: time.Second}
}

// TestHTMLSize holds that a page of many routes stays one that opens quickly.
func TestHTMLSize(t *testing.T) {
	r, p := large(1000)
	if n := len(html(t, r, p)); n > 2<<20 || n < 200<<10 {
		t.Errorf("the page of 1,000 routes has %d bytes", n)
	}
}

// TestHTMLFailuresAreBounded holds that a run in which all fails makes a page, too.
func TestHTMLFailuresAreBounded(t *testing.T) {
	r, p := large(10)
	text := "x" + strings.Repeat("é", 40<<10)
	for i := range 2000 {
		p.Failures = append(p.Failures, coverage.Failure{
			Case:   &cases.Case{Name: fmt.Sprintf("case-%d.", i)},
			Result: &cases.Result{Mismatches: []cases.Mismatch{{Field: "body", Diff: "-x"}}},
		})
	}
	p.Failures[0].Result.Mismatches[0].Want = text
	p.Failures[1].Case, p.Failures[1].Result = nil, nil // what is not known is not shown
	got := html(t, r, p)
	if len(got) > 1<<20 || strings.Contains(got, "case-300.") || !strings.Contains(got, "case-299.") || !strings.Contains(got, "1700 more failing cases") {
		t.Errorf("the page has %d bytes", len(got))
	}
	if strings.Contains(got, "\ufffd") || !utf8.ValidString(got) || strings.Count(got, "é") > 10<<10 {
		t.Error("a long text is not cut, or in the middle of a character")
	}
}

// TestHTMLEscapes holds that nothing that somebody wrote becomes markup.
func TestHTMLEscapes(t *testing.T) {
	r, p := hostile(t)
	got := html(t, r, p)
	if n := strings.Count(strings.ToLower(got), "<script"); n != 1 {
		t.Errorf("there are %d scripts", n)
	}
	if n := strings.Count(got, "</style>"); n != 1 {
		t.Errorf("the style ends %d times", n)
	}
	for _, bad := range []string{"<img", "onerror=document.title=\"taken\">"} {
		if strings.Contains(got, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if !strings.Contains(got, "&lt;script&gt;") {
		t.Error("what was written is not shown")
	}
}

// TestHTMLStandsAlone holds that the page asks for nothing, that every id is there
// once and every link leads to one, and that without scripts nothing is hidden but
// the filter.
func TestHTMLStandsAlone(t *testing.T) {
	in := shop(t)
	got := html(t, compute(t, in), pageOf(in))
	for _, bad := range []string{" src=", "@import", "url(", "<link", "fetch(", "XMLHttpRequest", " style=", " onclick="} {
		if strings.Contains(got, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(got, -1) {
		if ids[m[1]] {
			t.Errorf("the id %s is there twice", m[1])
		}
		ids[m[1]] = true
	}
	refs := regexp.MustCompile(` (?:href="#|aria-labelledby="|for=")([^"]*)"`).FindAllStringSubmatch(got, -1)
	for _, m := range refs {
		for _, id := range strings.Fields(m[1]) {
			if !ids[id] {
				t.Errorf("something points to %q, which is not there", id)
			}
		}
	}
	if len(refs) < 10 || !ids["r0"] || !ids["r4"] {
		t.Errorf("there are %d references and the ids %v", len(refs), ids)
	}
	for _, tag := range regexp.MustCompile(`<[a-z]+[^>]* hidden[ >]`).FindAllString(got, -1) {
		if !strings.Contains(tag, `id="find"`) && !strings.Contains(tag, `id="none"`) {
			t.Errorf("%s is hidden", tag)
		}
	}
}

// TestHTMLPolicy holds that the page's policy allows its own style and script, and
// nothing else.
func TestHTMLPolicy(t *testing.T) {
	in := shop(t)
	got := html(t, compute(t, in), pageOf(in))
	for tag, directive := range map[string]string{"style": "style-src", "script": "script-src"} {
		_, text, _ := strings.Cut(got, "<"+tag+">")
		text, _, _ = strings.Cut(text, "</"+tag+">")
		sum := sha256.Sum256([]byte(text))
		want := directive + " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"
		if text == "" || !strings.Contains(stdhtml.UnescapeString(got), want) {
			t.Errorf("the policy does not say %s", want)
		}
	}
	if !strings.Contains(got, `content="default-src 'none';`) {
		t.Error("the policy allows what it does not name")
	}
}

// TestHTMLRoutes holds what the page says of single routes and their cases.
func TestHTMLRoutes(t *testing.T) {
	in := shop(t)
	one := in.Cases.Cases[caseNamed(t, in, "home")]
	for range 25 {
		in.Cases.Cases = append(in.Cases.Cases, one)
		in.Results = append(in.Results, cases.Result{Index: len(in.Cases.Cases) - 1, Passed: true, Millis: 1234})
	}
	got := html(t, compute(t, in), pageOf(in))
	routes := map[string]string{}
	for _, part := range strings.Split(got, `<details class="route"`)[1:] {
		_, name, _ := strings.Cut(part, "<b>")
		name, _, _ = strings.Cut(name, "</b>")
		part, _, _ = strings.Cut(part, "</details>")
		routes[name] = stdhtml.UnescapeString(regexp.MustCompile(`(\s*<[^>]*>\s*)+`).ReplaceAllString(part, "|"))
	}
	for route, texts := range map[string][]string{
		"home":       {"|and 6 more|", "|passed|home|1.2 s|main.cue:7|"},
		"rest":       {"|passed|another stage|of shop.example/cart-read|1."},
		"cart-read":  {"|another stage|went to shop.example/rest|", "|failed|fails without a version|3.50 ms|", "|not played|skipped", "|Reads a cart|", "|header x-stage|true ✓|false ✓|", "|query v|true ✓|false ✗|", "|filter headers|✓|"},
		"cart-write": {"|a wrong method|went to no route|", "|filter headers|✗|", "|filter headers: never reached|"},
		"old":        {"|✗|old|regex /item[0-9]+|no passing case|"},
	} {
		for _, text := range texts {
			if !strings.Contains(routes[route], text) {
				t.Errorf("%s does not say %q:\n%s", route, text, routes[route])
			}
		}
	}
}

// TestHTMLContrast holds text to a contrast of 4.5 (WCAG 2.2, criterion 1.4.3) in
// both colour schemes.
func TestHTMLContrast(t *testing.T) {
	css, err := os.ReadFile("page/page.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, _ := strings.Cut(string(css), "@media (prefers-color-scheme:dark)")
	dark, _, ok := strings.Cut(rest, "*{")
	if !ok {
		t.Fatal("the colour schemes were not found")
	}
	for scheme, text := range map[string]string{"light": light, "dark": dark} {
		color := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z]+):#([0-9a-f]{3,6})[;}\s]`).FindAllStringSubmatch(text, -1) {
			color[m[1]] = luminance(t, m[2])
		}
		for _, pair := range []string{
			"text/bg", "text/card", "text/code", "text/mbg", "soft/bg", "soft/card", "soft/track", "link/card",
			"y/card", "y/bg", "y/ybg", "m/card", "m/bg", "m/mbg", "n/card", "n/bg", "n/nbg",
		} {
			a, b, _ := strings.Cut(pair, "/")
			x, okX := color[a]
			y, okY := color[b]
			if !okX || !okY {
				t.Fatalf("%s: %s is not defined", scheme, pair)
			}
			if ratio := (max(x, y) + 0.05) / (min(x, y) + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s has a contrast of %.2f", scheme, pair, ratio)
			}
		}
	}
}

// luminance is the relative luminance of a colour (WCAG 2.2).
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	v, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	channel := func(shift int) float64 {
		c := float64(v>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
}

func BenchmarkWriteHTML(b *testing.B) {
	r, p := large(1000)
	for b.Loop() {
		var out bytes.Buffer
		if err := r.WriteHTML(&out, p); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(out.Len()), "B/page")
	}
}
