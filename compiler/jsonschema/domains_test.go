package jsonschema_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"github.com/lintel-gateway/lintel/schemas"
)

// exampleDomains are the example's domains as data, as `cue export` prints them: what
// the files say, templates applied and no default filled in.
func exampleDomains(t *testing.T) map[string]map[string]any {
	t.Helper()
	folders, err := filepath.Glob("../../routes/*.example")
	if err != nil || len(folders) < 8 {
		t.Fatalf("the example has the domains %q: %v", folders, err)
	}
	out := map[string]map[string]any{}
	for _, dir := range folders {
		out[filepath.Base(dir)] = exported(t, dir)
	}
	return out
}

func exported(t *testing.T, dir string) map[string]any {
	t.Helper()
	var bctx *build.Context
	bctx = build.NewContext(build.Loader(func(_ token.Pos, path string) *build.Instance {
		if !strings.HasSuffix(path, "/schemas") {
			return nil
		}
		in := bctx.NewInstance("", nil)
		in.ImportPath = path
		names, texts := schemas.Files()
		for i := range names {
			if err := in.AddSyntax(parsed(t, names[i], texts[i])); err != nil {
				t.Fatal(err)
			}
		}
		if err := in.Complete(); err != nil {
			t.Fatal(err)
		}
		return in
	}))
	in := bctx.NewInstance("", nil)
	for _, pattern := range []string{dir + "/*.cue", filepath.Dir(dir) + "/*.cue"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := in.AddSyntax(parsed(t, name, text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := in.Complete(); err != nil {
		t.Fatal(err)
	}
	whole := cuecontext.New().BuildInstance(in)
	domain := map[string]any{}
	for _, name := range []string{"domain", "upstreams", "secrets", "routes"} {
		v := whole.LookupPath(cue.ParsePath(name))
		if !v.Exists() {
			continue
		}
		text, err := v.MarshalJSON()
		if err != nil {
			t.Fatalf("%s: %s: %v", dir, name, err)
		}
		var data any
		if err := json.Unmarshal(text, &data); err != nil {
			t.Fatal(err)
		}
		domain[name] = data
	}
	return domain
}

func parsed(t *testing.T, name string, text []byte) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(name, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
