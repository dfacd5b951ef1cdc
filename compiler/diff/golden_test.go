package diff_test

import (
	"bytes"
	"context"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diff"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

var update = flag.Bool("update", false, "write the expected reports anew")

// side compiles routes, which must be without a mistake.
func side(t testing.TB, name string, routes fs.FS) diff.Side {
	t.Helper()
	res, err := compiler.Compile(context.Background(), compiler.Options{FS: routes, Cache: "off", Compiler: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if res.Bundle == nil {
		for _, d := range res.Diagnostics {
			t.Errorf("%s: %s", name, d.Line())
		}
		t.FailNow()
	}
	b, err := bundle.Decode(res.Bundle.Files(), bundle.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return diff.Side{Name: name, Bundle: b, Program: res.Program}
}

func compute(t testing.TB, old, new diff.Side) *diff.Report {
	t.Helper()
	r, err := diff.Compute(old, new)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// forms are the report in every form, by the name of the file with what is expected.
func forms(t *testing.T, r *diff.Report) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"want.txt":  func(b *bytes.Buffer) error { return r.WriteText(b, diff.TextOptions{Verbose: true}) },
		"want.md":   func(b *bytes.Buffer) error { return r.WriteMarkdown(b, diff.MarkdownOptions{}) },
		"want.json": func(b *bytes.Buffer) error { return r.WriteJSON(b) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		// What the sides are, in place of digests that follow every release.
		text := b.String()
		for _, ref := range []struct {
			name string
			diff.Ref
		}{{"OLD", r.Old}, {"NEW", r.New}} {
			text = strings.ReplaceAll(text, ref.Digest, "DIGEST-"+ref.name)
			text = strings.ReplaceAll(text, ref.Content, "CONTENT-"+ref.name)
		}
		out[name] = text
	}
	return out
}

// TestGolden holds the reports of edits to small repositories. Each file has the
// routes of either side below old/ and new/; what is in both/ belongs to both.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			arc, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			repos, want := map[string]fstest.MapFS{"old": {}, "new": {}}, map[string]string{}
			kept := []txtar.File{}
			for _, f := range arc.Files {
				where, rest, ok := strings.Cut(f.Name, "/")
				if !ok {
					want[f.Name] = string(f.Data)
					continue
				}
				kept = append(kept, f)
				for side, repo := range repos {
					if where == side || where == "both" {
						repo[rest] = &fstest.MapFile{Data: f.Data}
					}
				}
			}
			r := compute(t, side(t, "old", repos["old"]), side(t, "new", repos["new"]))
			got := forms(t, r)
			if *update {
				for _, name := range []string{"want.txt", "want.md", "want.json"} {
					kept = append(kept, txtar.File{Name: name, Data: []byte(got[name])})
				}
				arc.Files = kept
				if err := os.WriteFile(name, txtar.Format(arc), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if (r.Line(9) == "no effect: same content") != (r.Effect == diff.EffectNone) {
				t.Errorf("in one line: %s", r.Line(9))
			}
			back := compute(t, side(t, "new", repos["new"]), side(t, "old", repos["old"]))
			if back.Empty() != r.Empty() || back.Effect != r.Effect {
				t.Errorf("the other way: empty %v, effect %s", back.Empty(), back.Effect)
			}
			if (r.Old.Content == r.New.Content) != (r.Effect == diff.EffectNone) {
				t.Errorf("effect %q with contents %s and %s", r.Effect, r.Old.Content, r.New.Content)
			}
		})
	}
}
