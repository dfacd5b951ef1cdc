package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestImports holds the module to its borders: of Lintel it takes the contract alone,
// and gitops-engine is behind one package.
func TestImports(t *testing.T) {
	const ours, own = "github.com/lintel-gateway/lintel/", "github.com/lintel-gateway/lintel/cmd/lintel-sync/"
	engine := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imp := range f.Imports {
			name := strings.Trim(imp.Path.Value, `"`)
			if strings.Contains(name, "/gitops-engine/") {
				engine[filepath.Dir(path)] = true
			}
			if rest, ok := strings.CutPrefix(name, ours); ok && !strings.HasPrefix(name, own) && !strings.HasPrefix(rest, "schemas/") {
				t.Errorf("%s imports %s: only schemas is for this module", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(engine) != 1 || !engine["apply"] {
		t.Errorf("gitops-engine is imported in %v, and should be in apply alone", engine)
	}
}
