package mixed_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/ci/bench/mixed"
	"github.com/lintel-gateway/lintel/ci/bench/paths"
)

func TestNew(t *testing.T) {
	r := mixed.New(1_000)
	if d := cmp.Diff(r.Files, mixed.New(1_000).Files); d != "" {
		t.Errorf("the same number gives other files:\n%s", d)
	}
	var all strings.Builder
	for text := range maps.Values(r.Files) {
		all.WriteString(text)
	}
	for what, want := range map[string]int{
		"\nroutes: ": 1_000, ": #Rest & {": 600, ": _public & {": 300, "description: \"Legacy": 100, "tests: \"answers\"": 1_000,
	} {
		if got := strings.Count(all.String(), what); got != want {
			t.Errorf("%q is there %d times, want %d", what, got, want)
		}
	}
}

func TestEdit(t *testing.T) {
	r := mixed.New(100)
	before := maps.Clone(r.Files)
	for i := range 3 {
		r.Edit(i)
	}
	changed := 0
	for name, text := range r.Files {
		if text != before[name] {
			changed++
			if strings.Count(text, "\nroutes: \"edited\"") != 1 {
				t.Errorf("%s:\n%s", name, text)
			}
		}
	}
	if changed != 1 {
		t.Errorf("%d files changed, want 1", changed)
	}
}

// TestPaths holds that no two operations of one interface tie.
func TestPaths(t *testing.T) {
	all := paths.All()
	if len(all) < 1_000 {
		t.Fatalf("%d operations", len(all))
	}
	seen := map[string]paths.Entry{}
	for _, e := range all {
		parts := strings.Split(e.Path, "/")
		for i, p := range parts {
			if strings.HasPrefix(p, "{") {
				parts[i] = "{}"
			}
		}
		key := e.Method + " " + strings.Join(parts, "/")
		if other, has := seen[key]; has {
			t.Errorf("%v ties with %v", e, other)
		}
		seen[key] = e
	}
}
