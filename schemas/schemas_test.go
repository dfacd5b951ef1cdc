package schemas_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/lintel-gateway/lintel/schemas"
)

func TestFiles(t *testing.T) {
	names, contents := schemas.Files()
	if len(names) != len(contents) || !slices.IsSorted(names) || !slices.Contains(names, "route.cue") {
		t.Fatalf("files: %q", names)
	}
	for i, name := range names {
		if !bytes.Contains(append([]byte("\n"), contents[i]...), []byte("\npackage schemas\n")) {
			t.Errorf("%s is not of package schemas", name)
		}
	}
}

func TestLintelCUE(t *testing.T) {
	for module, want := range map[string]string{
		"example.com/gw": `import "example.com/gw/schemas"`,
		"":               `import "lintel.local/routes/schemas"`,
	} {
		if got := schemas.LintelCUE(module); !bytes.Contains(got, []byte("\n"+want+"\n")) {
			t.Errorf("LintelCUE(%q) lacks %s:\n%s", module, want, got)
		}
	}
}
