package load

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/schemas"
)

// outdated warns of copies of the schema that differ from the compiler's own:
// editors follow the copies, the compiler does not.
func outdated(t *tree, o Options) (found diag.List) {
	root, module := ModuleRoot(o.Dir)
	if t.lintel != nil {
		want := schemas.LintelCUE(module)
		if o.FS != nil {
			want = schemas.LintelCUE(importedModule(t.lintel))
		}
		if !bytes.Equal(t.lintel, want) {
			found = append(found, outdatedFile(path.Join(o.Base, lintelFile)))
		}
	}
	if root == "" || o.FS != nil {
		return found
	}
	names, contents := schemas.Files()
	for i, name := range names {
		have, err := os.ReadFile(filepath.Join(root, "schemas", name))
		if err == nil && !bytes.Equal(have, contents[i]) {
			found = append(found, outdatedFile(path.Join("schemas", name)))
		}
	}
	return found
}

func outdatedFile(name string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "schema-outdated", Severity: diag.Warning, Pos: diag.Pos{File: name, Line: 1, Column: 1},
		Message: fmt.Sprintf("%s differs from the schema of this compiler, which it uses instead", name),
		Hint:    "run lintel schema sync",
	}
}

// ModuleRoot finds the CUE module that a routes directory belongs to: the nearest
// folder upward that holds cue.mod/module.cue, and the module's path without its
// version. Both are empty when there is none; the compiler needs none.
func ModuleRoot(dir string) (root, module string) {
	abs, err := filepath.Abs(dir)
	if err != nil || dir == "" {
		return "", ""
	}
	for {
		data, err := os.ReadFile(filepath.Join(abs, "cue.mod", "module.cue"))
		if err == nil && len(data) <= MaxFile {
			return abs, modulePath(data)
		}
		up := filepath.Dir(abs)
		if up == abs {
			return "", ""
		}
		abs = up
	}
}

func modulePath(data []byte) string {
	f, err := parser.ParseFile("module.cue", data)
	if err != nil {
		return ""
	}
	for _, d := range f.Decls {
		if fd, ok := d.(*ast.Field); ok {
			if name, _, err := ast.LabelName(fd.Label); err == nil && name == "module" {
				if lit, ok := fd.Value.(*ast.BasicLit); ok {
					p, _, _ := cutVersion(lit.Value)
					return p
				}
			}
		}
	}
	return ""
}

// importedModule is the module under whose name a lintel.cue imports the schema.
func importedModule(data []byte) string {
	f, err := parser.ParseFile(lintelFile, data, parser.ImportsOnly)
	if err != nil {
		return ""
	}
	for spec := range f.ImportSpecs() {
		if p, _, _ := cutVersion(spec.Path.Value); isSchemas(p) {
			return path.Dir(p)
		}
	}
	return ""
}

// cutVersion unquotes a module or import path and cuts "@v0" from it.
func cutVersion(quoted string) (module, version string, ok bool) {
	s, err := literal.Unquote(quoted)
	if err != nil {
		return "", "", false
	}
	return strings.Cut(s, "@")
}
