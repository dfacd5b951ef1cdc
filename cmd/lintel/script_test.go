package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lintel": func() { os.Exit(run()) }})
}

// TestScript runs the scripts that specify the command line. UPDATE_SCRIPTS=1
// rewrites the expected output in them.
func TestScript(t *testing.T) {
	routes, err := filepath.Abs("../../routes")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("LINTEL_CACHE", filepath.Join(e.WorkDir, ".cache"))
			e.Setenv("EXAMPLE", routes)
			return nil
		},
	})
}
