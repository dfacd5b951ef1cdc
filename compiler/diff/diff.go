// Package diff says what one bundle changes of another, in the terms of those who
// write routes. It compares the canonical form: how route files are formatted, in
// what order and in which files things stand, and which templates they come from is
// not seen, and neither are defaults that somebody writes out.
//
// # The JSON
//
// A report is one object. "format" is 1; a change that would break a reader raises
// it, new fields do not. "old" and "new" name the sides: name, digest, content,
// revision. "effect" is "none" when gateways do the same with either side, and "hot"
// when they swap the new one in, which restarts nothing. "counts" has domains,
// routes, upstreams and secrets, each with added, removed, changed, renamed, moved.
//
// "groups" lists the domains in which something differs: {domain, owner, items}, with
// the domain "" first for what all domains share. An item is {kind, change, name, was,
// old, new, definition, fields}: kind is domain, route, upstream or secret; change is
// added, removed, changed, renamed (then "was" is the old name) or moved (to another
// file: no difference in what runs); old and new are {file, line, column} on the side
// that has it; definition is all of what was added or removed. A field is {path,
// change, old, new, added, removed, oldPlace, newPlace, routes}: path is a list of
// names; change is added, removed, changed or reordered; old and new are the whole
// values; added and removed are the elements by which lists of texts differ; routes
// are the names of routes that change along with their domain's hosts.
//
// "unserved" is there when both sides were compiled from route files: cases (counts)
// and settings (whether they differ), neither of which ever runs.
package diff

import (
	"slices"

	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// Side is one side of a comparison. Bundle is required.
type Side struct {
	// Name is what people call the side: a directory, a revision, a URL.
	Name   string
	Bundle *bundle.Bundle
	// Program is what the bundle was compiled from, for the places of fields; nil
	// when that is not known.
	Program *ir.Program
}

// Compute compares two sides.
func Compute(old, new Side) (*Report, error) {
	o, err := open(old)
	if err != nil {
		return nil, err
	}
	n, err := open(new)
	if err != nil {
		return nil, err
	}
	d := &differ{old: o, new: n, report: &Report{Format: reportFormat, Old: o.ref(), New: n.ref(), Groups: []Group{}}}
	d.shared()
	d.domains()
	if d.err != nil {
		return nil, d.err
	}
	d.count()
	d.report.Unserved = unserved(old.Program, new.Program)
	return d.report, nil
}

// differ is one comparison under way.
type differ struct {
	old, new *view
	report   *Report
	err      error
}

// count counts the items and says what the effect is.
func (d *differ) count() {
	r := d.report
	r.Effect = EffectNone
	for _, g := range r.Groups {
		for i := range g.Items {
			it := &g.Items[i]
			*r.Counts.of(it.Kind).of(it.Change)++
			if it.runs() {
				r.Effect = EffectHot
			}
		}
	}
}

// runs tells whether an item changes what gateways do. The owner stands in the
// manifest alone.
func (it *Item) runs() bool {
	if it.Change == Moved {
		return false
	}
	return it.Kind != KindDomain || it.Change != Changed ||
		slices.ContainsFunc(it.Fields, func(f Field) bool { return f.Path[0] != "owner" })
}
