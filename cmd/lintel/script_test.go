package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lintel-gateway/lintel/schemas/bundle"
)

func TestMain(m *testing.M) {
	testscript.Main(tidy{m}, map[string]func(){"lintel": func() { os.Exit(run()) }})
}

// tidy runs the tests and removes the programs that were built for them.
type tidy struct{ *testing.M }

func (t tidy) Run() int {
	code := t.M.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	return code
}

// TestScript runs the scripts that specify the command line. UPDATE_SCRIPTS=1
// rewrites the expected output in them.
func TestScript(t *testing.T) {
	routes, err := filepath.Abs("../../routes")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"genkey": genKey, "freeaddr": freeAddr, "get": httpGet, "getca": getCA, "gateway": gatewayPath,
			"k6": k6Path, "noneleft": noneLeft, "busy": busy, "follow": follow,
		},
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("LINTEL_CACHE", filepath.Join(e.WorkDir, ".cache"))
			e.Setenv("EXAMPLE", routes)
			e.Setenv("TERMINALS", filepath.Join(filepath.Dir(routes), "cmd", "lintel", "testdata"))
			return nil
		},
	})
}

// genKey is the command genkey NAME of the scripts: it writes an Ed25519 key pair
// to NAME.key and NAME.pub. The pair depends on the name alone.
func genKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: genkey NAME")
	}
	seed := sha256.Sum256([]byte(args[0]))
	private, public, err := bundle.MarshalKeys(ed25519.NewKeyFromSeed(seed[:]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".key"), private, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".pub"), public, 0o600))
}
