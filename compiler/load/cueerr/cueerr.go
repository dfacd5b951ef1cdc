// Package cueerr turns CUE's errors into diagnostics: one for each mistake, at
// the place where the author wrote it, in words that name the field and say what
// to do. CUE's own messages are the fallback, never the rule.
package cueerr

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/load/index"
	"github.com/lintel-gateway/lintel/compiler/shape"
)

// Source is what the translation knows of the package that failed.
type Source struct {
	Index  *index.Index
	Schema *shape.Schema
	// Value is the package's value; the zero Value when it could not be built.
	Value cue.Value
	// Packages are the paths of the packages that a file may import.
	Packages []string
	// Own tells whether a file belongs to the package itself, and not to the files
	// it shares with others or to the schema.
	Own func(file string) bool
	// Embedded tells whether a file is the compiler's own and never to be named.
	Embedded func(file string) bool
}

// mistake is one or several of CUE's errors that have one cause.
type mistake struct {
	path   []string
	errs   []errors.Error
	format string
	args   []any
}

// Diagnose translates err. The list is sorted and has no repeats.
func Diagnose(err error, src Source) diag.List {
	t := translator{Source: src, params: map[string]bool{}, direct: map[string]bool{}}
	for _, m := range group(errors.Errors(err)) {
		t.translate(m)
	}
	return fold(t.mixed(t.unknownOnce(echoes(t.out.Sort()))))
}

// unknownOnce keeps of the unknown fields at one place the one that is written there:
// what refers to it has it too.
func (t *translator) unknownOnce(l diag.List) diag.List {
	at := func(d diag.Diagnostic) diag.Pos {
		return diag.Pos{File: d.Pos.File, Line: d.Pos.Line, Column: d.Pos.Column}
	}
	own := map[diag.Pos]bool{}
	for _, d := range l {
		if d.Code == "unknown-field" && t.direct[d.Path] {
			own[at(d)] = true
		}
	}
	return slices.DeleteFunc(l, func(d diag.Diagnostic) bool {
		return d.Code == "unknown-field" && own[at(d)] && !t.direct[d.Path]
	})
}

// echoes drops the cycles of routes that a template's cycle makes.
func echoes(l diag.List) diag.List {
	own := func(d diag.Diagnostic) bool {
		return d.Code == "cycle" && (strings.HasPrefix(d.Path, "#") || strings.HasPrefix(d.Path, "_"))
	}
	if !slices.ContainsFunc(l, own) {
		return l
	}
	return slices.DeleteFunc(l, func(d diag.Diagnostic) bool { return d.Code == "cycle" && !own(d) })
}

// mixed makes one finding of a route that is joined with something that is no route:
// then the fields of both are not allowed, also those that a route has.
func (t *translator) mixed(l diag.List) diag.List {
	fields, filters := t.Schema.Def("#Route").Names(), t.Schema.Def("#Filters").Names()
	split := func(d diag.Diagnostic) (route, name string) {
		i := strings.LastIndexByte(d.Path, '.')
		if d.Code != "unknown-field" || !strings.HasPrefix(d.Path, "routes.") || strings.Count(d.Path, ".") != 2 {
			return "", ""
		}
		return d.Path[:i], d.Path[i+1:]
	}
	joined, hint := map[string]bool{}, map[string]string{}
	for _, d := range l {
		switch route, name := split(d); {
		case slices.Contains(fields, name):
			joined[route] = true
		case slices.Contains(filters, name):
			hint[route] = "filters are joined in their own field: filters: _name & {...}"
		}
	}
	var out diag.List
	said := map[string]bool{}
	for _, d := range l {
		route, _ := split(d)
		switch {
		case !joined[route]:
			out = append(out, d)
		case !said[route]:
			said[route] = true
			d.Path, d.Message, d.Hint = route, "the route is joined with something that is no route", hint[route]
			if d.Hint == "" {
				d.Hint = "join it with #Route, or with a template that is made of #Route"
			}
			out = append(out, d)
		}
	}
	return out
}

// group joins the errors of one path, and those inside a failed disjunction.
func group(errs []errors.Error) []mistake {
	var out []mistake
	for _, e := range errs {
		m := mistake{path: plain(e.Path()), errs: []errors.Error{e}}
		m.format, m.args = e.Msg()
		last := len(out) - 1
		if last >= 0 && out[last].isDisjunction() && len(out[last].path) > 0 && hasPrefix(m.path, out[last].path) {
			out[last].errs = append(out[last].errs, e)
			continue
		}
		if i := slices.IndexFunc(out, func(o mistake) bool {
			return len(m.path) > 0 && slices.Equal(o.path, m.path)
		}); i >= 0 {
			out[i].errs = append(out[i].errs, e)
			continue
		}
		out = append(out, m)
	}
	// Lists that differ in length mostly differ in elements too.
	return slices.DeleteFunc(out, func(m mistake) bool {
		return slices.ContainsFunc(out, func(o mistake) bool {
			return o.isLengths() && len(m.path) > len(o.path) && hasPrefix(m.path, o.path)
		})
	})
}

func (m mistake) isDisjunction() bool {
	return strings.Contains(m.format, "errors in empty disjunction")
}

func (m mistake) isLengths() bool {
	return strings.HasPrefix(m.format, "incompatible list lengths")
}

func (m mistake) last() string {
	if len(m.path) == 0 {
		return ""
	}
	return m.path[len(m.path)-1]
}

// single is the mistake made of one of the errors.
func single(e errors.Error) mistake {
	m := mistake{path: plain(e.Path()), errs: []errors.Error{e}}
	m.format, m.args = e.Msg()
	return m
}

// fold drops what is said of one place twice: a loop makes the same mistake for
// every route, and one value may be wrong for several fields that take it.
func fold(l diag.List) diag.List {
	return slices.CompactFunc(l, func(a, b diag.Diagnostic) bool {
		if a.Pos != b.Pos || a.Code != b.Code || !a.Pos.IsValid() {
			return false
		}
		switch a.Code {
		case "wrong-type", "bad-format", "out-of-range", "not-allowed-value":
			return true
		}
		return a.Message == b.Message
	})
}

// plain removes CUE's quotes from the elements of a path.
func plain(path []string) []string {
	out := make([]string, len(path))
	for i, s := range path {
		if strings.HasPrefix(s, `"`) {
			if u, err := literal.Unquote(s); err == nil {
				s = u
			}
		}
		out[i] = s
	}
	return out
}

func hasPrefix(path, prefix []string) bool {
	return len(path) >= len(prefix) && slices.Equal(path[:len(prefix)], prefix)
}

// places returns the position that the author is to look at, and the others in
// route files. Positions in the package's own files come before shared ones; with
// shared ones alone, the nearest label of the author's is the best.
func (t *translator) places(m mistake) (best diag.Pos, others []diag.Pos) {
	own, shared := t.positions(m)
	all := append(own, shared...)
	if len(own) == 0 {
		if p, _ := t.Index.Lookup(m.path...); p.IsValid() {
			return p, all
		}
	}
	if len(all) == 0 {
		return diag.Pos{}, nil
	}
	return t.Index.Extend(all[0]), all[1:]
}

// origin points to the template that a wrong value comes from, when nothing of it
// stands in the author's file.
func (t *translator) origin(m mistake) []diag.Note {
	if own, shared := t.positions(m); len(own) == 0 {
		return notes(shared[:min(1, len(shared))], "the value comes from here")
	}
	return t.declared(m.path)
}

// declared names the place where a template declares the parameter at the path; it has
// nothing to say of other paths.
func (t *translator) declared(path []string) []diag.Note {
	if len(path) < 2 || !strings.HasPrefix(path[len(path)-1], "#") {
		return nil
	}
	for _, o := range t.Index.Origins(path...) {
		if strings.HasPrefix(o.Name, "#") {
			return []diag.Note{{Pos: o.Pos, Message: fmt.Sprintf("%s declares it here", o.Name)}}
		}
	}
	return nil
}

// positions are CUE's own, without those in the compiler's files.
func (t *translator) positions(m mistake) (own, shared []diag.Pos) {
	for _, e := range m.errs {
		for _, p := range append([]token.Pos{e.Position()}, e.InputPositions()...) {
			at := index.At(p)
			switch {
			case !at.IsValid() || t.Embedded(at.File):
			case t.Own(at.File):
				own = appendNew(own, at)
			default:
				shared = appendNew(shared, at)
			}
		}
	}
	return own, shared
}

func appendNew(list []diag.Pos, p diag.Pos) []diag.Pos {
	if slices.Contains(list, p) {
		return list
	}
	return append(list, p)
}
