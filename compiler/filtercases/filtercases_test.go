package filtercases

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/compiler/check"
	"github.com/lintel-gateway/lintel/runtime/filter/standard"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// base is the domain that the examples of the filters' documents belong to.
const base = `package routes

domain: {hosts: ["shop.example", "*.shop.example"], owner: "team-shop"}
upstreams: orders: endpoints: ["orders.shop.svc:8080"]
secrets: token: file: "shop/token"
`

// TestDocumentedExamples compiles every example of every filter's README and asks each
// of its routes for an answer.
func TestDocumentedExamples(t *testing.T) {
	for _, spec := range standard.Specs() {
		t.Run(spec.Name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("../../runtime/filter", strings.ToLower(spec.Name), "README.md"))
			if err != nil {
				t.Fatal(err)
			}
			blocks := strings.Split(string(text), "```cue\n")[1:]
			if len(blocks) == 0 {
				t.Fatal("the README has no example")
			}
			for _, b := range blocks {
				code, _, _ := strings.Cut(b, "```")
				s := serve(t, fstest.MapFS{
					"shop.example/base.cue":    {Data: []byte(base)},
					"shop.example/example.cue": {Data: []byte("package routes\n\n" + code)},
				})
				s.askAll(t, spec.Name)
			}
		})
	}
}

// askAll sends each route a request that it takes and looks who answered.
func (s *served) askAll(t *testing.T, filter string) {
	t.Helper()
	used := false
	for _, d := range s.Program.Domains {
		for _, r := range d.Routes {
			c := &cases.Case{Route: r.Def.ID}
			c.Spec.Request.Host, c.Spec.Request.Path = check.Sample(r.Def)
			if len(r.Def.Methods) > 0 {
				c.Spec.Request.Method = r.Def.Methods[0]
			}
			if res := s.player.Play(t.Context(), 0, c); !res.Passed || res.Got.Status >= 500 {
				t.Errorf("route %s: %+v answered %+v: %+v", r.Def.ID, c.Spec.Request, res.Got, res.Mismatches)
			}
			_, has := r.Def.Filters[filter]
			used = used || has
		}
	}
	if !used {
		t.Errorf("the example does not use the filter %s", filter)
	}
}

// TestFilterCases plays the cases in runtime/filter/<name>/testdata/*.txtar: route
// files below routes/, with their cases beside the routes.
func TestFilterCases(t *testing.T) {
	archives, err := filepath.Glob("../../runtime/filter/*/testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	covered := map[string]bool{}
	for _, path := range archives {
		folder := filepath.Base(filepath.Dir(filepath.Dir(path)))
		covered[folder] = true
		t.Run(folder+"/"+strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			arc, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := fstest.MapFS{"shop.example/base.cue": {Data: []byte(base)}}
			for _, f := range arc.Files {
				files[strings.TrimPrefix(f.Name, "routes/")] = &fstest.MapFile{Data: f.Data}
			}
			if serve(t, files).run(t) == 0 {
				t.Error("there are no cases")
			}
		})
	}
	for _, spec := range standard.Specs() {
		if !covered[strings.ToLower(spec.Name)] {
			t.Errorf("filter %s has no cases", spec.Name)
		}
	}
}

// TestExample plays the cases of the repository's own routes.
func TestExample(t *testing.T) {
	if n := serve(t, os.DirFS("../../routes")).run(t); n < 20 {
		t.Errorf("only %d cases", n)
	}
}
