package compiler_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// TestMistakes compiles each archive's route files and compares what is said with
// its want/diag.txt.
func TestMistakes(t *testing.T) {
	archives, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			fsys := fstest.MapFS{}
			want := -1
			for i, f := range a.Files {
				if p, ok := strings.CutPrefix(f.Name, "routes/"); ok {
					fsys[p] = &fstest.MapFile{Data: f.Data}
				} else if f.Name == "want/diag.txt" {
					want = i
				}
			}
			if want < 0 {
				t.Fatal("the archive has no want/diag.txt")
			}
			res, err := compiler.Compile(context.Background(), compiler.Options{FS: fsys, Cache: "off"})
			if err != nil {
				t.Fatal(err)
			}
			got := plain(res.Diagnostics)
			if *update {
				a.Files[want].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(a.Files[want].Data), got); diff != "" {
				t.Errorf("diagnostics differ (-want +got):\n%s", diff)
			}
			if !res.Diagnostics.HasErrors() || res.Bundle != nil {
				t.Error("a mistake must be an error and give no bundle")
			}
		})
	}
}

// plain is the form of the golden files: one line for a diagnostic, indented ones
// for its hint and notes.
func plain(l diag.List) string {
	var b bytes.Buffer
	for _, d := range l {
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s [%s]\n", d.Pos.File, d.Pos.Line, d.Pos.Column, d.Path, d.Message, d.Code)
		if d.Hint != "" {
			fmt.Fprintf(&b, "\thint: %s\n", d.Hint)
		}
		for _, n := range d.Notes {
			fmt.Fprintf(&b, "\tnote: %s:%d:%d: %s\n", n.Pos.File, n.Pos.Line, n.Pos.Column, n.Message)
		}
	}
	return b.String()
}
