package load

import (
	"path/filepath"
	"strings"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/compiler/load/index"
)

// FuzzSyntax runs all that looks at syntax over any text: it never panics, and
// whatever it says has a place in the file. Evaluation is left out; CUE has no
// bounds of its own.
func FuzzSyntax(f *testing.F) {
	archives, err := filepath.Glob("../testdata/*/*.txtar")
	if err != nil || len(archives) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range archives {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if strings.HasSuffix(file.Name, ".cue") {
				f.Add(file.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const name = "routes/a.example/m.cue"
		x, err := parser.ParseFile(name, data)
		if err != nil {
			if d := syntaxError(file{name, data}, err); d.Pos.File != name || d.Message == "" {
				t.Errorf("syntax error without a place: %+v", d)
			}
			return
		}
		files := []*ast.File{x}
		found := guard(x)
		found = append(found, checkNames(files, domainFile)...)
		found = append(found, checkNames(files, sharedFile)...)
		found = append(found, checkRoutes(files)...)
		found = append(found, checkShared(files, files)...)
		found = append(found, checkParams(files, templatesOf(files, nil), []string{"#Route"})...)
		for _, d := range found {
			if d.Pos.File != name || d.Pos.Line < 1 || d.Message == "" {
				t.Errorf("diagnostic without a place: %+v", d)
			}
		}
		ix := index.New(files)
		for _, l := range ix.Labels() {
			// It ends, whatever refers to whatever.
			_ = ix.Cyclic(l) || ix.Cyclic("routes", l, "priority")
			if p, _ := ix.Lookup("routes", l, l); p.IsValid() && p.File != name {
				t.Errorf("place in another file: %+v", p)
			}
		}
	})
}
