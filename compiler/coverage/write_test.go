package coverage_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/coverage"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), -update rewrites:\n%s", name, diff)
	}
}

func TestWriteJSON(t *testing.T) {
	var b bytes.Buffer
	// Another bundle format or filter default would change the digest, which is not
	// what is tested.
	r := compute(t, shop(t))
	r.Bundle = "sha256:0123"
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "shop.json", b.Bytes())
}

func TestWriteText(t *testing.T) {
	r := compute(t, shop(t))
	for name, o := range map[string]coverage.TextOptions{
		"shop.txt":        {},
		"shop-narrow.txt": {Width: 60, Lines: 2},
		"shop-color.txt":  {Width: 120, Color: true},
	} {
		var b bytes.Buffer
		if err := r.WriteText(&b, o); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
	}
}

// TestWriteTextBase holds that new routes without a case stand before old ones, and
// that only a new route among old ones is marked as new on the page.
func TestWriteTextBase(t *testing.T) {
	in := shop(t)
	in.Results = nil
	in.Base = map[string]bool{"help.example/home": true, "shop.example/rest": true, "shop.example/cart-write": true}
	r := compute(t, in)
	var b bytes.Buffer
	if err := r.WriteText(&b, coverage.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	var order []string
	_, list, _ := strings.Cut(b.String(), "not covered:\n")
	for line := range strings.Lines(list) {
		order = append(order, strings.Fields(line)[1])
	}
	if diff := cmp.Diff([]string{"cart-read", "old", "home", "cart-write", "rest"}, order); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	const mark = `<span class="new">`
	if n := strings.Count(html(t, r, coverage.Page{}), mark); n != 2 {
		t.Errorf("%d routes are marked as new", n)
	}
	in.Base = nil
	if n := strings.Count(html(t, compute(t, in), coverage.Page{}), mark); n != 0 {
		t.Errorf("all routes are new, and %d are marked", n)
	}
}

// TestWriteTextComplete holds that nothing is listed when nothing is missing, and
// that no name acts on the terminal.
func TestWriteTextComplete(t *testing.T) {
	one := coverage.Count{Covered: 1, Total: 1, Percent: 100}
	r := &coverage.Report{
		Domains: []coverage.Domain{{Name: "a.example", Owner: "x\x1b[2J\u202ey", Totals: coverage.Totals{Routes: one, All: one}}},
	}
	var b bytes.Buffer
	if err := r.WriteText(&b, coverage.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); strings.Contains(got, "not covered") || strings.ContainsAny(got, "\x1b\u202e") {
		t.Errorf("got %q", got)
	}
}
