package quick

import (
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"
	"golang.org/x/text/unicode/norm"
)

// declaration is one top-level field of a file.
type declaration struct {
	expr ast.Expr
	file int // index of the file in its list
}

// names are the top-level names of a list of files.
type names struct {
	fields map[string][]declaration
	// referable are the names that other expressions can refer to: those that are
	// not written in quotes.
	referable map[string]bool
	imports   []map[string]string // of each file: local name → path
	// odd tells that a file has something at its top that is no plain field.
	odd bool
}

func newNames(files []*ast.File) *names {
	n := &names{fields: map[string][]declaration{}, referable: map[string]bool{}}
	for i, f := range files {
		imports := map[string]string{}
		for spec := range f.ImportSpecs() {
			path, err := literal.Unquote(spec.Path.Value)
			if err != nil {
				n.odd = true
				continue
			}
			path, _, _ = strings.Cut(path, ":")
			local := path[strings.LastIndexByte(path, '/')+1:]
			if spec.Name != nil {
				local = spec.Name.Name
			}
			imports[local] = path
		}
		n.imports = append(n.imports, imports)
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.Package, *ast.ImportDecl, *ast.CommentGroup:
			case *ast.Field:
				name, referable, ok := label(d)
				if !ok {
					n.odd = true
					continue
				}
				n.fields[name] = append(n.fields[name], declaration{d.Value, i})
				n.referable[name] = n.referable[name] || referable
			default:
				n.odd = true
			}
		}
	}
	return n
}

// label is the name of a plain field, and whether expressions can refer to it.
func label(f *ast.Field) (name string, referable, ok bool) {
	if f.Constraint != token.ILLEGAL || f.Alias != nil || len(f.Attrs) > 0 {
		return "", false, false
	}
	return labelName(f)
}

// labelName is the name of a field as CUE reads it.
func labelName(f *ast.Field) (name string, referable, ok bool) {
	switch l := f.Label.(type) {
	case *ast.Ident:
		return l.Name, true, true
	case *ast.BasicLit:
		name, _, err := ast.LabelName(l)
		// A name in quotes is part of the data, whatever it begins with.
		return norm.NFC.String(name), false, err == nil && !internal(name)
	}
	return "", false, false
}

// internal tells whether a name is a definition or hidden: not a part of the data.
func internal(name string) bool { return name != "" && (name[0] == '#' || name[0] == '_') }
