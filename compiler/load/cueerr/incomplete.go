package cueerr

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/load/index"
)

func incomplete(format string) bool {
	return strings.HasPrefix(format, "incomplete value") || strings.HasPrefix(format, "invalid interpolation") ||
		strings.HasPrefix(format, "non-concrete value") || strings.HasPrefix(format, "cannot reference optional field") ||
		strings.HasPrefix(format, "incomplete") || strings.HasPrefix(format, "required field missing")
}

// incomplete finds what is not set: mostly a parameter of a template, which CUE
// reports wherever the template uses it.
func (t *translator) incomplete(m mistake) {
	if t.Index.Cyclic(m.path...) {
		t.cycle(m)
		return
	}
	for n := len(m.path); n > 0; n-- {
		open := t.open(m.path[:n])
		if len(open) == 0 {
			continue
		}
		for _, name := range open {
			t.parameter(m, m.path[:n], name)
		}
		return
	}
	if t.badDefault(m) {
		return
	}
	pos, _ := t.places(m)
	d := diag.Diagnostic{
		Code: "incomplete", Pos: pos, Path: diag.Path(m.path...),
		Message: fmt.Sprintf("%s has a type and no value", field(m.path)),
		Hint:    "set it, or leave the field out",
		Notes:   t.origin(m),
	}
	if values := arg(m, 0); strings.HasPrefix(m.format, "incomplete value") && strings.Contains(values, " | ") {
		d.Message = fmt.Sprintf("%s may be %s, and nothing decides", field(m.path), short(choices(values)))
		d.Hint = "set it here; two templates with different defaults decide nothing"
	}
	if strings.HasPrefix(m.format, "non-concrete value") || strings.HasPrefix(m.format, "invalid interpolation") {
		d.Message = fmt.Sprintf("%s is computed from a value that is not set", field(m.path))
		d.Hint = "set the value that it is computed from"
	}
	t.report(d)
}

// badDefault tells of a default that does not fit: CUE leaves it out without a word, and
// then nothing is set. It is said where the default is written, once for all routes.
func (t *translator) badDefault(m mistake) bool {
	if !strings.HasPrefix(m.format, "incomplete value") {
		return false
	}
	all := slices.DeleteFunc(t.Index.Origins(m.path...), func(o index.Origin) bool { return o.Default == "" })
	if len(all) != 1 {
		return false
	}
	d := diag.Diagnostic{
		Code: "incomplete", Pos: all[0].Pos, Path: cmp.Or(all[0].Path, diag.Path(m.path...)),
		Message: fmt.Sprintf("the default %s does not fit %s", short(all[0].Default), field(m.path)),
		Hint:    t.expected(m.path),
	}
	if pos, depth := t.Index.Lookup(m.path[:min(2, len(m.path))]...); all[0].Name != "" && depth == 2 && m.path[0] == "routes" {
		d.Notes = []diag.Note{{Pos: pos, Message: fmt.Sprintf("%q is made with it", m.path[1])}}
	}
	t.report(d)
	return true
}

// choices leaves of a disjunction, as CUE prints it, the values without the bounds.
func choices(values string) string {
	parts := slices.DeleteFunc(strings.Split(values, " | "), func(p string) bool { return strings.ContainsAny(p, "<>=~") })
	if len(parts) < 2 {
		return values
	}
	return strings.Join(parts, " or ")
}

// open lists the parameters of the struct at a path that have no value.
func (t *translator) open(path []string) (names []string) {
	if !t.Value.Exists() {
		return nil
	}
	it, err := t.Value.LookupPath(selectors(path)).Fields(cue.Definitions(true))
	if err != nil {
		return nil
	}
	for it.Next() {
		// A parameter with a default is concrete only once the default is taken.
		v, _ := it.Value().Default()
		if s := it.Selector(); s.IsDefinition() && !v.IsConcrete() {
			names = append(names, s.String())
		}
	}
	return names
}

func (t *translator) parameter(m mistake, owner []string, name string) {
	where := diag.Path(append(owner[:len(owner):len(owner)], name)...)
	if t.params[where] {
		return
	}
	t.params[where] = true
	pos, _ := t.Index.Lookup(owner...)
	if !pos.IsValid() {
		pos, _ = t.places(m)
	}
	t.report(diag.Diagnostic{
		Code: "parameter-missing", Pos: pos, Path: where,
		Message: fmt.Sprintf("the template parameter %s is not set", name),
		Hint:    fmt.Sprintf("add %s: … to %s", name, diag.Path(owner...)),
		Notes:   t.declared(append(owner[:len(owner):len(owner)], name)),
	})
}
