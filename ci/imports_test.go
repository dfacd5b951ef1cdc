// Package ci holds the tests of the repository itself: which packages may import
// which, and what may stand where.
package ci

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/lintel-gateway/lintel/"

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps=false", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = ".."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	return pkgs
}

// bans says which packages (by prefix below the module) must not import which.
var bans = []struct {
	from, not, reason string
	except            []string
}{
	{"schemas/route", module, "the contract imports nothing of ours", nil},
	{"schemas/bundle", module, "the contract imports only the route types", []string{module + "schemas/route"}},
	{"runtime", module + "compiler", "the data plane carries no compiler", nil},
	{"runtime", module + "cmd", "nothing imports cmd", nil},
	{"runtime", "cuelang.org/", "CUE is touched only under compiler/", nil},
	{"schemas", "cuelang.org/", "CUE is touched only under compiler/", nil},
	{"cmd", "cuelang.org/", "CUE is touched only under compiler/", nil},
	{"compiler", module + "cmd", "nothing imports cmd", nil},
	{"compiler", module + "runtime", "the compiler builds a table and nothing else of the runtime", []string{module + "runtime/table", module + "runtime/filter"}},
	{"schemas", module + "runtime", "the contract knows neither side", nil},
	{"schemas", module + "compiler", "the contract knows neither side", nil},
	{"", "k8s.io/", "Kubernetes is the agent's alone", nil},
	{"", "go.k6.io/", "k6 is a separate program", nil},
	{"runtime/proxy", "net/http", "the request path is our own", nil},
	{"runtime/upstream", "net/http", "the request path is our own", nil},
	{"runtime/h2", "net/http", "the request path is our own", nil},
	{"runtime/table", "net/http", "the request path is our own", nil},
	{"runtime/filter", "net/http", "the request path is our own", nil},
}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range list(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, b := range bans {
			if name != b.from && !strings.HasPrefix(name, b.from+"/") && b.from != "" {
				continue
			}
			seen[b.from] = true
			for _, imp := range p.Imports {
				if imp != b.not && !strings.HasPrefix(imp, b.not) {
					continue
				}
				if strings.HasPrefix(imp, p.ImportPath+"/") || slices.ContainsFunc(b.except, func(e string) bool { return imp == e || strings.HasPrefix(imp, e+"/") }) {
					continue
				}
				t.Errorf("%s imports %s: %s", name, imp, b.reason)
			}
		}
	}
	for _, b := range bans {
		if !seen[b.from] {
			t.Errorf("the ban on %q concerns no package: rename it with the folder", b.from)
		}
	}
}

// TestGatewayIsSmall follows every dependency of the data plane's binary.
func TestGatewayIsSmall(t *testing.T) {
	for _, p := range list(t) {
		if p.ImportPath != module+"cmd/lintel-gateway" {
			continue
		}
		for _, d := range p.Deps {
			for _, banned := range []string{"cuelang.org/", "k8s.io/", "go.k6.io/", module + "compiler", "github.com/coder/websocket", "testing"} {
				if d == banned || strings.HasSuffix(banned, "/") && strings.HasPrefix(d, banned) || strings.HasPrefix(d, banned+"/") && banned != "testing" {
					t.Errorf("lintel-gateway links %s", d)
				}
			}
		}
		return
	}
	t.Error("there is no cmd/lintel-gateway")
}

// TestK6Imports reads the files of the module in k6/, which the list above does not
// see: it may take of Lintel what plays cases, and no more.
func TestK6Imports(t *testing.T) {
	read := 0
	err := filepath.WalkDir("../k6", func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		read++
		for _, imp := range f.Imports {
			name, ours := strings.CutPrefix(strings.Trim(imp.Path.Value, `"`), module)
			if !ours || name == "k6" || strings.HasPrefix(name, "schemas/") || name == "runtime/runtimetest" || strings.HasPrefix(name, "runtime/runtimetest/") {
				continue
			}
			t.Errorf("%s imports %s: the program with k6 is under another licence, and carries what plays cases alone", path, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if read == 0 {
		t.Error("there is nothing in k6/")
	}
}

// topLevel is what may stand in the repository's root.
var topLevel = []string{
	"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "bin", "charts", "ci", "cmd", "compiler",
	"cue.mod", "go.mod", "go.sum", "k6", "routes", "runtime", "schemas",
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(topLevel, e.Name()) {
			t.Errorf("%s does not belong in the root", e.Name())
		}
	}
}

// TestFilesStaySmall asks the question at 400 lines that a reviewer would.
func TestFilesStaySmall(t *testing.T) {
	err := filepath.WalkDir("..", func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := e.Name()
		if e.IsDir() && strings.HasPrefix(name, ".") && name != ".." {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_gen.go") {
			return nil
		}
		for _, banned := range []string{"util", "utils", "common", "helpers", "manager", "types.go"} {
			if name == banned || name == banned+".go" || strings.Contains(path, "/"+banned+"/") {
				t.Errorf("%s: the name says nothing", path)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if n := strings.Count(string(text), "\n"); n > 400 {
			t.Errorf("%s has %d lines: what are its two duties?", path, n)
		}
		// k6 learns of its extensions in no other way.
		if strings.Contains(string(text), "\nfunc init() {") && path != filepath.Join("..", "k6", "register.go") {
			t.Errorf("%s has an init function", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
