package check_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/check"
)

var update = flag.Bool("update", false, "rewrite the expected diagnostics")

// TestRules compiles the good and the bad repository of every rule. The bad one
// yields exactly the diagnostics in want/diag.txt, the good one none.
func TestRules(t *testing.T) {
	for _, rule := range check.Rules() {
		t.Run(rule.Code, func(t *testing.T) {
			file := filepath.Join("testdata", rule.Code+".txtar")
			arc, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatalf("every rule has a good and a bad case: %v", err)
			}
			got := diagnose(t, arc, "bad/")
			if !strings.Contains(got, "["+rule.Code+"]") {
				t.Errorf("the bad case does not show the rule:\n%s", got)
			}
			if good := diagnose(t, arc, "good/"); good != "" {
				t.Errorf("the good case has findings:\n%s", good)
			}
			for i, f := range arc.Files {
				if f.Name != "want/diag.txt" {
					continue
				}
				if *update {
					arc.Files[i].Data = []byte(got)
					if err := os.WriteFile(file, txtar.Format(arc), 0o644); err != nil {
						t.Fatal(err)
					}
				} else if d := cmp.Diff(string(f.Data), got); d != "" {
					t.Errorf("diagnostics (-want +got), -update rewrites:\n%s", d)
				}
			}
			source := strings.ReplaceAll(rule.Code, "-", "_") + ".go"
			if _, err := os.Stat(source); err != nil {
				t.Errorf("the rule is not in a file of its own: %v", err)
			}
			if rule.Purpose == "" || strings.HasSuffix(rule.Purpose, ".") {
				t.Errorf("purpose %q does not complete the sentence", rule.Purpose)
			}
		})
	}
}

// base is what most cases share.
const base = `package routes

domain: {hosts: ["shop.example", "*.shop.example"], owner: "team-shop"}
upstreams: orders: endpoints: ["127.0.0.1:8080"]
routes: "uses-orders": #Route & {path: exact: "/uses-orders", upstream: "orders"}
`

func diagnose(t *testing.T, arc *txtar.Archive, tree string) string {
	t.Helper()
	files := fstest.MapFS{}
	own := false
	for _, f := range arc.Files {
		if name, ok := strings.CutPrefix(f.Name, tree); ok {
			if name == "own" {
				own = true
				continue
			}
			files[name] = &fstest.MapFile{Data: f.Data}
		}
	}
	if !own {
		files["shop.example/base.cue"] = &fstest.MapFile{Data: []byte(base)}
	}
	res, err := compiler.Compile(context.Background(), compiler.Options{FS: files, Cache: "off"})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, d := range res.Diagnostics {
		b.WriteString(d.Line() + "\n")
		if d.Hint != "" {
			b.WriteString("  hint: " + d.Hint + "\n")
		}
		for _, n := range d.Notes {
			b.WriteString("  note: " + n.Pos.String() + ": " + n.Message + "\n")
		}
	}
	return b.String()
}
