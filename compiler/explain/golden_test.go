package explain_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/explain"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

var update = flag.Bool("update", false, "rewrite the expected answers in testdata")

// TestGolden asks what the archives ask. Those without route files are about the
// repository's own routes, where lines move: their numbers are left out.
func TestGolden(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal(archives, err)
	}
	for _, file := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			golden(t, file)
		})
	}
}

func golden(t *testing.T, file string) {
	arc, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	files, want := fstest.MapFS{}, map[string]string{}
	for _, f := range arc.Files {
		want[f.Name] = string(f.Data)
		if name, ok := strings.CutPrefix(f.Name, "routes/"); ok {
			files[name] = &fstest.MapFile{Data: f.Data}
		}
	}
	o, own := compiler.Options{FS: files, Cache: "off"}, len(files) == 0
	if own {
		o.FS = os.DirFS("../../routes")
	}
	b, prog := compile(t, o)
	full, plain := explainer(t, b, prog), explainer(t, b, nil)
	out := &txtar.Archive{Comment: arc.Comment}
	asked := 0
	for _, f := range arc.Files {
		if strings.HasSuffix(f.Name, ".out") {
			continue
		}
		out.Files = append(out.Files, f)
		name, ok := strings.CutSuffix(f.Name, ".ask")
		if !ok {
			continue
		}
		asked++
		got := ask(t, full, plain, string(f.Data))
		if own {
			got = regexp.MustCompile(`\.cue:\d+`).ReplaceAllString(got, ".cue:N")
		}
		name += ".out"
		if diff := cmp.Diff(want[name], got); diff != "" && !*update {
			t.Errorf("%s (-want +got), -update rewrites:\n%s", name, diff)
		}
		out.Files = append(out.Files, txtar.File{Name: name, Data: []byte(got)})
	}
	if asked == 0 {
		t.Error("nothing is asked")
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func compile(t testing.TB, o compiler.Options) (*bundle.Bundle, *ir.Program) {
	t.Helper()
	res, err := compiler.Compile(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if res.Bundle == nil {
		var b strings.Builder
		_ = diag.Printer{}.Print(&b, "text", res.Diagnostics)
		t.Fatalf("the files do not compile:\n%s", b.String())
	}
	b, err := bundle.Decode(res.Bundle.Files(), bundle.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return b, res.Program
}

func explainer(t testing.TB, b *bundle.Bundle, prog *ir.Program) *explain.Explainer {
	t.Helper()
	e, err := explain.New(b, prog)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// ask answers one question, twice, and holds that the answers are equal. The word
// bundle asks plain, which knows no more than the bundle.
func ask(t *testing.T, e, plain *explain.Explainer, question string) string {
	t.Helper()
	var options explain.TextOptions
	var headers []string
	lines := strings.Split(strings.TrimSpace(question), "\n")
	json := false
	for _, l := range lines[1:] {
		switch l {
		case "all":
			options.All = true
		case "json":
			json = true
		case "bundle":
			e = plain
		default:
			headers = append(headers, l)
		}
	}
	method, url, _ := strings.Cut(lines[0], " ")
	q, err := explain.Parse(method, url, headers)
	if err != nil {
		t.Fatal(err)
	}
	var answers [2]string
	for i := range answers {
		x, err := e.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if json {
			err = x.WriteJSON(&out)
		} else {
			err = x.WriteText(&out, options)
		}
		if err != nil {
			t.Fatal(err)
		}
		answers[i] = out.String()
	}
	if answers[0] != answers[1] {
		t.Errorf("%s is told in two ways:\n%s", lines[0], cmp.Diff(answers[0], answers[1]))
	}
	return answers[0]
}
