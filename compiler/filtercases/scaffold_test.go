package filtercases

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/compiler/scaffold"
)

// TestScaffold plays the cases of a new repository, and those of every template of its
// library with every parameter.
func TestScaffold(t *testing.T) {
	made, err := scaffold.Files(scaffold.Options{})
	if err != nil {
		t.Fatal(err)
	}
	arc, err := txtar.ParseFile("../scaffold/testdata/templates.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, f := range made {
		if name, ok := strings.CutPrefix(f.Name, "routes/"); ok {
			files[name] = &fstest.MapFile{Data: f.Text}
		}
	}
	for _, f := range arc.Files {
		files[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	s := serve(t, files)
	for _, d := range s.Diagnostics {
		t.Error(d.Line())
	}
	if n := s.run(t); n < 30 {
		t.Errorf("only %d cases", n)
	}
}
