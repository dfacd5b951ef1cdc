package load

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/ci/bench/mixed"
)

// both loads a tree with the quick evaluation and with CUE alone, and holds the one
// against the other. It returns how many domains the quick one took, of how many.
func both(t testing.TB, fsys fs.FS) (quick, domains int) {
	t.Helper()
	fast, err := Load(t.Context(), Options{FS: fsys})
	if err != nil {
		t.Fatal(err)
	}
	full, err := Load(t.Context(), Options{FS: fsys, OnlyCUE: true})
	if err != nil {
		t.Fatal(err)
	}
	if full.Quick != 0 {
		t.Fatalf("%d domains were evaluated quickly where CUE was asked for", full.Quick)
	}
	if d := cmp.Diff(full.Diagnostics, fast.Diagnostics); d != "" {
		t.Fatalf("diagnostics differ (-CUE +quick):\n%s", d)
	}
	derived := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Index" || p.Last().String() == ".Key" }, cmp.Ignore())
	if d := cmp.Diff(full.Program, fast.Program, derived); d != "" {
		t.Fatalf("programs differ (-CUE +quick):\n%s", d)
	}
	return fast.Quick, len(full.Program.Domains)
}

// some is every archive, or a fifth of them in a short run.
func some(t *testing.T, pattern string, least int) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) < least {
		t.Fatalf("%d files, %v", len(files), err)
	}
	if !testing.Short() {
		return files
	}
	var out []string
	for i := 0; i < len(files); i += 5 {
		out = append(out, files[i])
	}
	return out
}

// example is the example repository, or two of its domains in a short run.
func example(t *testing.T) fs.FS {
	t.Helper()
	routes := os.DirFS("../../routes")
	if !testing.Short() {
		return routes
	}
	out := fstest.MapFS{}
	for _, pattern := range []string{"*.cue", "pay.example/*.cue", "ops.example/*.cue"} {
		names, err := fs.Glob(routes, pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			data, err := fs.ReadFile(routes, name)
			if err != nil {
				t.Fatal(err)
			}
			out[name] = &fstest.MapFile{Data: data}
		}
	}
	return out
}

// TestOracle holds the quick evaluation against CUE on whole repositories, and that it
// takes what it is made for.
func TestOracle(t *testing.T) {
	t.Run("example", func(t *testing.T) {
		// One domain calls a function.
		if quick, all := both(t, example(t)); quick < all-1 {
			t.Errorf("%d of %d domains were evaluated quickly", quick, all)
		}
	})
	t.Run("mixed", func(t *testing.T) {
		if quick, all := both(t, mixed.New(200).FS()); quick < all {
			t.Errorf("%d of %d domains were evaluated quickly", quick, all)
		}
	})
	t.Run("broken", func(t *testing.T) {
		for _, file := range some(t, "../testdata/broken/*.txtar", 60) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			fsys := fstest.MapFS{}
			for _, f := range a.Files {
				if name, ok := strings.CutPrefix(f.Name, "routes/"); ok && !strings.Contains(name, "|") {
					fsys[name] = &fstest.MapFile{Data: f.Data}
				}
			}
			if len(fsys) > 0 {
				t.Run(filepath.Base(file), func(t *testing.T) { both(t, fsys) })
			}
		}
	})
	t.Run("mistakes", func(t *testing.T) {
		for _, file := range some(t, "../testdata/mistakes/*.txtar", 50) {
			t.Run(filepath.Base(file), func(t *testing.T) {
				a, err := txtar.ParseFile(file)
				if err != nil {
					t.Fatal(err)
				}
				fsys := fstest.MapFS{}
				for _, f := range a.Files {
					fsys[f.Name] = &fstest.MapFile{Data: f.Data}
				}
				both(t, fsys)
			})
		}
	})
}
