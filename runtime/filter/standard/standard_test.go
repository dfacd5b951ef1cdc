package standard

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folders are the folders of filters: those with a schema.
func folders(t *testing.T) []string {
	t.Helper()
	schemas, err := filepath.Glob("../*/schema.cue")
	if err != nil || len(schemas) == 0 {
		t.Fatalf("no filters: %v", err)
	}
	return schemas
}

// TestEveryFolderIsListed compares the folders with the generated list.
func TestEveryFolderIsListed(t *testing.T) {
	reg, err := Registry()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(reg.Names()), len(folders(t)); got != want {
		t.Errorf("%d filters are listed, %d have a folder: run make generate", got, want)
	}
}

// TestEveryFilterIsDocumented reads every README as its users do: what it is called,
// where it stands, its options, and at least one example.
func TestEveryFilterIsDocumented(t *testing.T) {
	for _, spec := range Specs() {
		dir := filepath.Join("..", strings.ToLower(spec.Name))
		text, err := os.ReadFile(filepath.Join(dir, "README.md"))
		if err != nil {
			t.Errorf("filter %s: %v", spec.Name, err)
			continue
		}
		for _, want := range []string{"# " + spec.Name + "\n", "| Phase | " + spec.Phase.String() + ", priority ", "## Options", "## Examples", "```cue"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s/README.md has no %q", dir, want)
			}
		}
		schema, err := os.ReadFile(filepath.Join(dir, "schema.cue"))
		if err != nil || string(schema) != spec.Schema {
			t.Errorf("filter %s does not embed its schema.cue: %v", spec.Name, err)
		}
	}
}
