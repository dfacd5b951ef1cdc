package compiler_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/ci/bench/mixed"
	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// TestIncremental edits a repository in a random order of edits and holds, after
// each, that a compile with everything that was cached before gives the bytes and
// the diagnostics of a compile without a cache.
func TestIncremental(t *testing.T) {
	routes, edits := 400, 16
	if testing.Short() {
		routes, edits = 200, 6
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	repo, dir := mixed.New(routes), t.TempDir()
	compile := func(cache string) *compiler.Result {
		t.Helper()
		res, err := compiler.Compile(context.Background(), compiler.Options{FS: repo.FS(), Cache: cache})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	any := func() string { return repo.Domains[rnd.IntN(len(repo.Domains))] }
	drop := func(file string) {
		for _, d := range repo.Domains {
			delete(repo.Files, d+file)
		}
	}
	kinds := []struct {
		name string
		edit func(i int)
	}{
		{"another route", func(i int) {
			repo.Files[any()+"/m0.cue"] += fmt.Sprintf("\nroutes: \"more-%d\": {path: exact: \"/more/%d\", upstream: \"svc0\"}\n", i, i)
		}},
		{"lines that move", func(int) { f := any() + "/m1.cue"; repo.Files[f] = "// moved down\n" + repo.Files[f] }},
		{"an unused upstream", func(i int) {
			repo.Files[any()+"/domain.cue"] += fmt.Sprintf("\nupstreams: \"spare-%d\": endpoints: [\"10.0.0.1:80\"]\n", i)
		}},
		{"an unused upstream that may stay", func(i int) {
			repo.Files[any()+"/domain.cue"] += fmt.Sprintf("\nupstreams: \"kept-%d\": endpoints: [\"10.0.0.1:80\"] // lintel:allow unused-upstream: kept\n", i)
		}},
		{"a new domain", func(i int) {
			repo.Files[fmt.Sprintf("d0000%d-new.example/x.cue", i%10)] = fmt.Sprintf("package routes\ndomain: hosts: [\"new-%d.example\"]\nroutes: r: filters: respond: {}\n", i)
		}},
		{"a shared file", func(i int) { repo.Files["templates.cue"] += fmt.Sprintf("\n_unused%d: 1\n", i) }},
		{"a shared upstream", func(int) {
			repo.Files["shared.cue"] = "package routes\nupstreams: spare: endpoints: [\"10.0.0.9:80\"]\n"
		}},
		{"nothing", func(int) {}},
		{"a host of another domain", func(i int) {
			repo.Files[fmt.Sprintf("d0000%d-new.example/x.cue", i%10)] = "package routes\ndomain: hosts: [\"d00000.example\"]\nroutes: r: filters: respond: {}\n"
		}},
		{"that host given back", func(int) {
			for i := range 10 {
				delete(repo.Files, fmt.Sprintf("d0000%d-new.example/x.cue", i))
			}
		}},
		{"a mistake", func(int) { repo.Files[any()+"/wrong.cue"] = "package routes\nroutes: wrong: upstream: \"none\"\n" }},
		{"the mistake undone", func(int) { drop("/wrong.cue") }},
	}
	compile(dir)
	good := 0
	for i := range edits {
		k := kinds[rnd.IntN(len(kinds))]
		kind := k.name
		k.edit(i)
		if rnd.IntN(2) == 0 {
			compile(dir) // so that the next one finds proofs, too
		}
		warm, cold := compile(dir), compile("off")
		if d := cmp.Diff(plain(cold.Diagnostics), plain(warm.Diagnostics)); d != "" {
			t.Fatalf("edit %d, %s: diagnostics (-cold +warm):\n%s", i, kind, d)
		}
		if len(warm.Silenced) != len(cold.Silenced) {
			t.Fatalf("edit %d, %s: %d findings are silenced, without a cache %d", i, kind, len(warm.Silenced), len(cold.Silenced))
		}
		for range 2 { // the second finds what the first has kept
			only, err := compiler.Compile(context.Background(), compiler.Options{FS: repo.FS(), Cache: dir, BundleOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(plain(cold.Diagnostics), plain(only.Diagnostics)); d != "" {
				t.Fatalf("edit %d, %s: diagnostics with the bundle only (-cold +warm):\n%s", i, kind, d)
			}
			if (cold.Bundle == nil) != (only.Bundle == nil) || cold.Bundle != nil && cold.Bundle.Digest() != only.Bundle.Digest() {
				t.Fatalf("edit %d, %s: the bundle alone is another", i, kind)
			}
		}
		if (cold.Bundle == nil) != (warm.Bundle == nil) {
			t.Fatalf("edit %d, %s: one compile has a bundle, the other has none", i, kind)
		}
		if cold.Bundle == nil {
			continue
		}
		good++
		if d := cmp.Diff(cold.Bundle.Files(), warm.Bundle.Files()); d != "" {
			t.Fatalf("edit %d, %s: the files of the bundle differ", i, kind)
		}
		if _, err := bundle.Decode(warm.Bundle.Files(), bundle.Limits{}); err != nil {
			t.Fatalf("edit %d, %s: %v", i, kind, err)
		}
	}
	if good == 0 {
		t.Error("no edit compiles")
	}
}
