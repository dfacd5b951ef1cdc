package scaffold

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/format"
)

// routesOf are the routes of a new repository.
func routesOf(t *testing.T) fstest.MapFS {
	t.Helper()
	files, err := Files(Options{})
	if err != nil {
		t.Fatal(err)
	}
	routes := fstest.MapFS{}
	for _, f := range files {
		if name, ok := strings.CutPrefix(f.Name, "routes/"); ok {
			routes[name] = &fstest.MapFile{Data: f.Text}
		}
	}
	return routes
}

// definition is a template or an anchor of the library.
type definition struct {
	name, doc string
	params    []string
}

// library reads the definitions of routes/templates.cue, with the parameters that each
// declares or has from the template that it is made of.
func library(t *testing.T) (out []definition) {
	t.Helper()
	file, err := parser.ParseFile("templates.cue", routesOf(t)["templates.cue"].Data, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	params := map[string][]string{}
	for _, decl := range file.Decls {
		field, ok := decl.(*ast.Field)
		if !ok {
			continue
		}
		name, _, err := ast.LabelName(field.Label)
		if err != nil {
			t.Fatal(err)
		}
		d := definition{name: name}
		for _, c := range ast.Comments(field) {
			for _, line := range c.List {
				d.doc += strings.TrimPrefix(strings.TrimPrefix(line.Text, "//"), " ") + "\n"
			}
		}
		expr := field.Value.(*ast.BinaryExpr)
		d.params = append(d.params, params[expr.X.(*ast.Ident).Name]...)
		for _, e := range expr.Y.(*ast.StructLit).Elts {
			if f, ok := e.(*ast.Field); ok {
				if name, _, err := ast.LabelName(f.Label); err == nil && strings.HasPrefix(name, "#") {
					d.params = append(d.params, name)
				}
			}
		}
		params[name] = d.params
		out = append(out, d)
	}
	return out
}

// TestDocumented holds that the comment of every template and anchor begins with its
// name, and that a template's names each parameter and has an example, which compiles
// without a finding and is in its form.
func TestDocumented(t *testing.T) {
	templates := 0
	for _, d := range library(t) {
		if !strings.HasPrefix(d.doc, d.name+" ") {
			t.Errorf("the comment of %s does not begin with what it is: %q", d.name, d.doc)
		}
		if strings.HasPrefix(d.name, "_") {
			continue
		}
		templates++
		text, example, ok := strings.Cut(d.doc, "\nExample:\n")
		if !ok {
			t.Errorf("%s has no example", d.name)
			continue
		}
		for _, p := range d.params {
			if !strings.Contains(text, "\n\t"+p+" ") {
				t.Errorf("the comment of %s does not tell of its parameter %s", d.name, p)
			}
		}
		compileExample(t, d.name, strings.ReplaceAll(example, "\n\t", "\n"))
	}
	if templates < 8 {
		t.Errorf("only %d templates were read", templates)
	}
}

// more is what the examples need beside the starter.
const more = `package routes

upstreams: {
	"orders-next": endpoints: ["orders-next.shop.svc:8080"]
	live: endpoints: ["live.shop.svc:8080"]
	admin: endpoints: ["admin.shop.svc:8080"]
}
`

func compileExample(t *testing.T, name, example string) {
	t.Helper()
	if !strings.Contains(example, ": "+name+" & {") {
		t.Errorf("the example of %s does not use it:\n%s", name, example)
	}
	routes := routesOf(t)
	routes["shop.example/more.cue"] = &fstest.MapFile{Data: []byte(more)}
	text := "package routes\n" + example
	routes["shop.example/example.cue"] = &fstest.MapFile{Data: []byte(text)}
	res, err := compiler.Compile(context.Background(), compiler.Options{FS: routes, Cache: "off"})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range res.Diagnostics {
		if d.Code != "unused-upstream" {
			t.Errorf("the example of %s: %s", name, d.Line())
		}
	}
	formed, err := format.Source("example.cue", []byte(text))
	if err != nil || string(formed) != text {
		t.Errorf("the example of %s is not in its form: %v\n%s", name, err, formed)
	}
}

// TestLibraryIsPlayed holds that the routes whose cases compiler/filtercases plays use
// every anchor, and every template with every parameter.
func TestLibraryIsPlayed(t *testing.T) {
	arc, err := txtar.ParseFile("testdata/templates.txtar")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]map[string]bool{}
	for _, f := range arc.Files {
		file, err := parser.ParseFile(f.Name, f.Data)
		if err != nil {
			t.Fatal(err)
		}
		ast.Walk(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Field:
				if id, ok := n.Value.(*ast.Ident); ok {
					used[id.Name] = map[string]bool{}
				}
			case *ast.BinaryExpr:
				id, isName := n.X.(*ast.Ident)
				s, isStruct := n.Y.(*ast.StructLit)
				if !isName || !isStruct {
					break
				}
				if used[id.Name] == nil {
					used[id.Name] = map[string]bool{}
				}
				for _, e := range s.Elts {
					if f, ok := e.(*ast.Field); ok {
						name, _, _ := ast.LabelName(f.Label)
						used[id.Name][name] = true
					}
				}
			}
			return true
		}, nil)
	}
	inTemplates := map[string]bool{"_api": true, "_private": true}
	for _, d := range library(t) {
		if used[d.name] == nil && !inTemplates[d.name] {
			t.Errorf("no case reaches %s", d.name)
		}
		for _, p := range d.params {
			if !used[d.name][p] {
				t.Errorf("no case reaches %s with its parameter %s", d.name, p)
			}
		}
	}
}
