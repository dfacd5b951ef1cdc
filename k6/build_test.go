package k6

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// build runs build.sh and returns what it said and what the program says.
func build(t *testing.T, env ...string) (said, version string, err error) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "bin", "lintel-k6")
	cmd := exec.CommandContext(t.Context(), "sh", "build.sh", program)
	cmd.Env = append(os.Environ(), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return out.String(), "", err
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(program), "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the program: %q %v", left, err)
	}
	text, err := exec.CommandContext(t.Context(), program, "x", "lintel", "version").Output()
	return out.String(), string(text), err
}

// TestBuild builds in both ways, and looks that the second stands in for the first.
func TestBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("=== SKIPPED: -short: lintel-k6 is not built in its two ways ===")
	}
	want := lintelK6(t, "", nil, "x", "lintel", "version").stdout
	t.Run("xk6", func(t *testing.T) {
		said, version, err := build(t, "LINTEL_K6_BUILD=xk6")
		if err != nil && strings.Contains(said, "dial tcp") {
			t.Skipf("=== SKIPPED: xk6 needs a network ===\n%s", said)
		}
		if err != nil || version != want || said != "" {
			t.Errorf("%q %v\n%s", version, err, said)
		}
	})
	t.Run("xk6 fails", func(t *testing.T) {
		said, version, err := build(t, "XK6_K6_REPO=/nowhere")
		if err != nil || version != want || strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "lintel-k6: xk6 FAILED (") {
			t.Errorf("%q %v\n%s", version, err, said)
		}
	})
	t.Run("xk6 alone fails", func(t *testing.T) {
		if said, _, err := build(t, "LINTEL_K6_BUILD=xk6", "XK6_K6_REPO=/nowhere"); err == nil || !strings.Contains(said, "/nowhere") {
			t.Errorf("%v\n%s", err, said)
		}
	})
}
