package check_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestOrigins holds where findings point that templates and anchors have a part in.
func TestOrigins(t *testing.T) {
	names, err := filepath.Glob("testdata/origins/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, file := range names {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			arc, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := diagnose(t, arc, "routes/")
			for i, f := range arc.Files {
				if f.Name != "want" {
					continue
				}
				if *update {
					arc.Files[i].Data = []byte(got)
					if err := os.WriteFile(file, txtar.Format(arc), 0o644); err != nil {
						t.Fatal(err)
					}
				} else if d := cmp.Diff(string(f.Data), got); d != "" {
					t.Errorf("(-want +got), -update rewrites:\n%s", d)
				}
			}
			if got == "" {
				t.Error("nothing is found")
			}
		})
	}
}
