package k6

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/schemas/release"
)

func TestVersion(t *testing.T) {
	got := lintelK6(t, "", nil, "x", "lintel", "version")
	if want := fmt.Sprintf(`{"extension":%q,"k6":"v1.8.1","format":1}`+"\n", release.Version); got.code != 0 || got.stdout != want {
		t.Errorf("exit %d: %s%s", got.code, got.stdout, got.stderr)
	}
}

func TestScripts(t *testing.T) {
	for name, file := range map[string]string{"replay": "replay.js", "load": "load.js", "swap": "swap.js", "types": "lintel.d.ts"} {
		if got := lintelK6(t, "", nil, "x", "lintel", "script", name); got.code != 0 || got.stdout != scriptText(t, file) {
			t.Errorf("%s: exit %d, %d bytes: %s", name, got.code, len(got.stdout), got.stderr)
		}
	}
	for _, args := range [][]string{{"script"}, {"script", "other"}, {"script", "replay", "load"}, {"version", "x"}} {
		if got := lintelK6(t, "", nil, append([]string{"x", "lintel"}, args...)...); got.code == 0 || got.stdout != "" {
			t.Errorf("%v: exit %d: %.60s", args, got.code, got.stdout)
		}
	}
}

// TestTypes checks the scripts against the types, with the compiler that
// types/package-lock.json pins.
func TestTypes(t *testing.T) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("=== SKIPPED: the types are checked with npm, and there is none ===")
	}
	dir := t.TempDir()
	for _, name := range []string{"types/package.json", "types/package-lock.json", "types/tsconfig.json", "lintel.d.ts", "replay.js", "load.js", "swap.js"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("=== SKIPPED: npm cannot install the TypeScript compiler: %v ===\n%s", err, out)
	}
	check := func(wantError string) {
		t.Helper()
		tsc := exec.CommandContext(t.Context(), filepath.Join(dir, "node_modules", ".bin", "tsc"), "--project", dir)
		tsc.Dir = dir
		out, err := tsc.CombinedOutput()
		if (err != nil) != (wantError != "") || !strings.Contains(string(out), wantError) {
			t.Errorf("want %q: %v\n%s", wantError, err, out)
		}
	}
	check("")
	wrong := `import lintel from "k6/x/lintel"; lintel.options({ target: "a:1", tagret: 1 });`
	if err := os.WriteFile(filepath.Join(dir, "wrong.js"), []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	check("tagret")
}
