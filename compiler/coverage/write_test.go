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
