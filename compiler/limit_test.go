package compiler_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/load"
)

// childEnv names the archive that a child process of the tests compiles: what
// hangs or bombs CUE cannot be stopped inside the test's own process.
const childEnv = "LINTEL_TEST_COMPILE"

func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		os.Exit(compileChild(name))
	}
	os.Exit(m.Run())
}

func compileChild(name string) int {
	a, err := txtar.ParseFile(name)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fsys := fstest.MapFS{}
	for _, f := range a.Files {
		fsys[strings.TrimPrefix(f.Name, "routes/")] = &fstest.MapFile{Data: f.Data}
	}
	res, err := compiler.Compile(context.Background(), compiler.Options{
		FS: fsys, Cache: "off", Limits: load.Limits{Wall: 2 * time.Second}, // shorter than by default, for the test's sake
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Print(plain(res.Diagnostics))
	if res.Diagnostics.HasErrors() {
		return 100
	}
	return 0
}

// TestEvil compiles files that hang or bomb CUE: each must end with a diagnostic
// that names the file.
func TestEvil(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds for each file")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	archives, err := filepath.Glob("testdata/evil/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, exe)
			cmd.Env = append(os.Environ(), childEnv+"="+name)
			begin := time.Now()
			out, err := cmd.CombinedOutput()
			t.Logf("%s, %d MiB: %s", time.Since(begin).Round(time.Millisecond), maxRSS(cmd)>>20, out)
			if cmd.ProcessState.ExitCode() != 100 {
				t.Fatalf("exit %d (%v)", cmd.ProcessState.ExitCode(), err)
			}
			// CUE bounds strings.Repeat itself; for the rest it has no bound.
			if !strings.HasPrefix(string(out), "routes/") || strings.Count(string(out), " [evaluation") != 1 {
				t.Errorf("want one diagnostic evaluation-limit or evaluation that names a file")
			}
		})
	}
}
