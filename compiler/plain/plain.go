// Package plain says what route files say without CUE: as the YAML that somebody would
// write who has no templates, anchors or expressions. What is saved in lines is measured
// against it.
package plain

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"github.com/lintel-gateway/lintel/schemas"
)

// source is one route file.
type source struct {
	name string
	data []byte
	// shared tells that it applies to every domain.
	shared bool
}

func (s source) cases() bool { return strings.HasSuffix(s.name, ".cases.cue") }

// read reads the route files of a directory, which compiles: by domain, the shared ones
// under "".
func read(fsys fs.FS) (map[string][]source, error) {
	out := map[string][]source{}
	names, err := fs.Glob(fsys, "*.cue")
	if err != nil {
		return nil, err
	}
	inside, err := fs.Glob(fsys, "*/*.cue")
	if err != nil {
		return nil, err
	}
	for _, name := range append(names, inside...) {
		dir := path.Dir(name)
		if strings.HasPrefix(dir, "_") {
			continue // environments
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		if dir == "." {
			dir = ""
		}
		out[dir] = append(out[dir], source{name: name, data: data, shared: dir == ""})
	}
	if len(out[""]) == 0 || len(out) == 1 {
		return nil, fmt.Errorf("there are no shared files, or no domains")
	}
	return out, nil
}

// evaluate says what the files of one package say: what is written, and no default of
// the schema's, for it has none.
func evaluate(files []source) (map[string]any, error) {
	var schema *build.Instance
	ctx := build.NewContext(build.Loader(func(_ token.Pos, name string) *build.Instance {
		if strings.HasSuffix(name, "/schemas") {
			return schema
		}
		return nil // CUE's own
	}))
	schema = ctx.NewInstance("", nil)
	schema.ImportPath = schemas.Module + "/schemas"
	names, texts := schemas.Files()
	for i, name := range names {
		if err := add(schema, name, texts[i]); err != nil {
			return nil, err
		}
	}
	if err := schema.Complete(); err != nil {
		return nil, err
	}
	all := ctx.NewInstance("", nil)
	for _, f := range files {
		data := f.data
		if f.name == "lintel.cue" {
			data = schemas.LintelCUE("")
		}
		if err := add(all, f.name, data); err != nil {
			return nil, err
		}
	}
	if err := all.Complete(); err != nil {
		return nil, err
	}
	raw, err := cuecontext.New().BuildInstance(all).MarshalJSON()
	if err != nil {
		return nil, err
	}
	var out map[string]any
	return out, json.Unmarshal(raw, &out)
}

func add(in *build.Instance, name string, data []byte) error {
	f, err := parser.ParseFile(name, data)
	if err != nil {
		return err
	}
	for spec := range f.ImportSpecs() {
		if p, err := literal.Unquote(spec.Path.Value); err == nil && strings.HasSuffix(p, "/schemas") {
			spec.Path.Value = strconv.Quote(schemas.Module + "/schemas")
		}
	}
	return in.AddSyntax(f)
}

// named calls fn for every field with a name that is written in the expression itself,
// also inside embedded structs and the sides of "&".
func named(e ast.Expr, fn func(name string, f *ast.Field)) {
	switch e := e.(type) {
	case *ast.StructLit:
		for _, d := range e.Elts {
			switch d := d.(type) {
			case *ast.Field:
				if name, _, err := ast.LabelName(d.Label); err == nil {
					fn(name, d)
				}
			case *ast.EmbedDecl:
				named(d.Expr, fn)
			}
		}
	case *ast.BinaryExpr:
		named(e.X, fn)
		named(e.Y, fn)
	case *ast.ParenExpr:
		named(e.X, fn)
	}
}

// sortedDomains are the names of the domains.
func sortedDomains(files map[string][]source) (out []string) {
	for name := range files {
		if name != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
