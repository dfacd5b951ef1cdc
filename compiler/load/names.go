package load

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/load/index"
	"github.com/lintel-gateway/lintel/compiler/suggest"
)

// topNames are the names that mean something at the top of a route file.
func topNames() []string {
	return []string{"domain", "upstreams", "secrets", "routes", "settings", "groups"}
}

// environmentNames are those that mean something at the top of an environment's file.
func environmentNames() []string { return []string{"domains", "upstreams", "secrets", "settings"} }

// fileKind says what a file is for, which decides what may stand in it.
type fileKind uint8

const (
	domainFile fileKind = iota
	sharedFile
	environmentFile
)

// names are those that mean something at the top of such a file.
func (k fileKind) names() []string {
	if k == environmentFile {
		return environmentNames()
	}
	return topNames()
}

func (k fileKind) String() string {
	if k == environmentFile {
		return "an environment's file"
	}
	return "a route file"
}

// entry is one member of a top-level struct, such as one route, as written.
type entry struct {
	file  string
	name  string
	label ast.Label
	value ast.Expr
}

// members lists what is written under a top-level name, comprehensions
// included; computed names are left out, nobody can know them from the syntax.
func members(files []*ast.File, top string) (out []entry) {
	for _, f := range files {
		eachField(f.Decls, func(fd *ast.Field) {
			if name, _, err := ast.LabelName(fd.Label); err != nil || name != top {
				return
			}
			eachInExpr(fd.Value, func(m *ast.Field) {
				if name, _, err := ast.LabelName(m.Label); err == nil {
					out = append(out, entry{file: f.Filename, name: name, label: m.Label, value: m.Value})
				}
			})
		})
	}
	return out
}

// eachField calls fn for the fields of a struct, also those inside embedded
// structs, the sides of "&" and comprehensions.
func eachField(decls []ast.Decl, fn func(*ast.Field)) {
	for _, d := range decls {
		switch d := d.(type) {
		case *ast.Field:
			fn(d)
		case *ast.EmbedDecl:
			eachInExpr(d.Expr, fn)
		case *ast.Comprehension:
			eachInExpr(d.Value, fn)
		}
	}
}

func eachInExpr(e ast.Expr, fn func(*ast.Field)) {
	switch e := e.(type) {
	case *ast.StructLit:
		eachField(e.Elts, fn)
	case *ast.BinaryExpr:
		eachInExpr(e.X, fn)
		eachInExpr(e.Y, fn)
	case *ast.ParenExpr:
		eachInExpr(e.X, fn)
	case *ast.Comprehension:
		eachInExpr(e.Value, fn)
	}
}

// checkNames finds what CUE accepts silently at the top of files: names that mean
// nothing, another package, and in shared files what belongs to one domain.
func checkNames(files []*ast.File, kind fileKind) (found diag.List) {
	report := func(code string, n ast.Node, name, message, hint string) {
		found = append(found, diag.Diagnostic{
			Code: code, Severity: diag.Error, Pos: index.Place(n), Path: name, Message: message, Hint: hint,
		})
	}
	for _, f := range files {
		if p := f.PackageName(); p != "routes" {
			found = append(found, diag.Diagnostic{
				Code: "wrong-package", Severity: diag.Error,
				Pos:     diag.Pos{File: f.Filename, Line: 1, Column: 1},
				Message: `a route file begins with "package routes"`, Hint: packageHint(p),
			})
		}
		eachField(f.Decls, func(fd *ast.Field) {
			name, _, err := ast.LabelName(fd.Label)
			switch {
			case err != nil:
				report("unknown-name", fd.Label, "", "a computed name cannot stand at the top of a route file",
					"move it under routes or upstreams")
			case strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#"):
			case !slices.Contains(kind.names(), name):
				hint := suggest.Phrase(name, kind.names())
				if hint == "" {
					hint = fmt.Sprintf(`here may stand %s; a name of your own begins with "_" or "#"`, strings.Join(kind.names(), ", "))
				}
				report("unknown-name", fd.Label, name, fmt.Sprintf("%q means nothing at the top of %s", name, kind), hint)
			case kind == sharedFile && (name == "routes" || name == "domain"):
				report("route-in-shared", fd.Label, name,
					fmt.Sprintf("%q cannot stand here, this file applies to every domain", name),
					"move it into a domain's folder")
			case kind == domainFile && name == "settings":
				report("settings-in-domain", fd.Label, name, "settings hold for every domain and cannot stand in one",
					"move them into a file of the routes folder itself, such as templates.cue")
			case kind == domainFile && name == "groups":
				report("groups-in-domain", fd.Label, name, "groups are declared for the whole repository and cannot stand in a domain",
					"move them into a file of the routes folder itself; a domain or a route names its groups in its own field groups")
			case isCases(f.Filename) && name != "routes":
				report("cases-only", fd.Label, name, "a cases file adds nothing but tests",
					"move it to "+strings.TrimSuffix(path.Base(f.Filename), ".cases.cue")+".cue")
			}
		})
	}
	return found
}

func packageHint(have string) string {
	if have == "" {
		return "make it the first line that is no comment"
	}
	return fmt.Sprintf("it says %q", "package "+have)
}

// checkRoutes finds routes that are written in two files, and cases files that do
// more than add cases to routes that are there.
func checkRoutes(files []*ast.File) (found diag.List) {
	first := map[string]entry{}
	var cases []entry
	for _, e := range members(files, "routes") {
		if isCases(e.file) {
			cases = append(cases, e)
			continue
		}
		f, has := first[e.name]
		if !has {
			first[e.name] = e
			continue
		}
		if f.file != e.file {
			found = append(found, diag.Diagnostic{
				Code: "duplicate-route", Severity: diag.Error, Pos: index.Place(e.label), Path: diag.Path("routes", e.name),
				Message: fmt.Sprintf("the route %q is written in two files of the domain", e.name),
				Hint:    "rename one of them, or write the route in one file",
				Notes:   []diag.Note{{Pos: index.Place(f.label), Message: "the other one"}},
			})
		}
	}
	computed := hasComputed(files)
	for _, e := range cases {
		found = append(found, onlyTests(e, diag.Path("routes", e.name))...)
		if _, has := first[e.name]; !has && !computed {
			found = append(found, diag.Diagnostic{
				Code: "unknown-route", Severity: diag.Error, Pos: index.Place(e.label), Path: diag.Path("routes", e.name),
				Message: fmt.Sprintf("the route %q does not exist in this domain", e.name),
				Hint:    suggest.Phrase(e.name, slices.Sorted(maps.Keys(first))),
			})
		}
	}
	return found
}

// hasComputed tells whether any route's name is computed, so that the syntax does
// not tell which routes there are.
func hasComputed(files []*ast.File) (found bool) {
	for _, f := range files {
		eachField(f.Decls, func(fd *ast.Field) {
			if name, _, err := ast.LabelName(fd.Label); err != nil || name != "routes" {
				return
			}
			eachInExpr(fd.Value, func(m *ast.Field) {
				_, _, err := ast.LabelName(m.Label)
				found = found || err != nil
			})
		})
	}
	return found
}

func onlyTests(e entry, at string) (found diag.List) {
	eachInExpr(e.value, func(f *ast.Field) {
		if name, _, err := ast.LabelName(f.Label); err == nil && name != "tests" {
			found = append(found, diag.Diagnostic{
				Code: "cases-only", Severity: diag.Error, Pos: index.Place(f.Label), Path: at + "." + name,
				Message: "a cases file adds nothing but tests to a route",
				Hint:    "move the field to the route itself",
			})
		}
	})
	return found
}

// checkShared finds upstreams and secrets that a domain defines although the
// shared files do.
func checkShared(files, shared []*ast.File) (found diag.List) {
	for _, top := range []string{"upstreams", "secrets"} {
		have := map[string]entry{}
		for _, e := range members(shared, top) {
			have[e.name] = e
		}
		for _, e := range members(files, top) {
			s, has := have[e.name]
			if !has {
				continue
			}
			found = append(found, diag.Diagnostic{
				Code: "redefines-shared", Severity: diag.Error, Pos: index.Place(e.label),
				Path:    diag.Path(top, e.name),
				Message: fmt.Sprintf("%q is shared by all domains and cannot be defined again here", e.name),
				Hint:    "choose another name",
				Notes:   []diag.Note{{Pos: index.Place(s.label), Message: "the shared one"}},
			})
		}
	}
	return found
}
