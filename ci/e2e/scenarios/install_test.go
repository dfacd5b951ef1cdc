package scenarios

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/ci/e2e/document"
)

// TestPage: the document has its part, and the part is a script that a shell can read.
func TestPage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", page))
	if err != nil {
		t.Fatal(err)
	}
	commands, err := document.Commands(string(text), part)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("sh", "-n", "-c", commands).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	for _, want := range []string{"lintel init", "lintel render", "helm upgrade", "lintel status"} {
		if !strings.Contains(commands, want) {
			t.Errorf("the page has no %q", want)
		}
	}
}
