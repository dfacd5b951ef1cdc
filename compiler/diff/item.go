package diff

import (
	"cmp"
	"encoding/json"
	"strings"
)

// item compares two values, which are pointers; one of them may be nil. It returns
// nothing when they are equal.
func (d *differ) item(oldDomain, newDomain, kind, name string, old, new any) []Item {
	it := Item{Kind: kind, Name: name}
	thing := thingOf(kind, name)
	o, n := d.tree(old), d.tree(new)
	switch {
	case d.err != nil:
		return nil
	case o == nil && n == nil:
		return nil
	case o == nil:
		it.Change, it.Definition = Added, d.raw(new)
	case n == nil:
		it.Change, it.Definition = Removed, d.raw(old)
	default:
		it.Change = Changed
		if it.Fields, d.err = compareTrees(o, n); d.err != nil || len(it.Fields) == 0 {
			return nil
		}
	}
	if o != nil {
		it.Old = d.old.itemPlace(oldDomain, kind, name)
	}
	if n != nil {
		it.New = d.new.itemPlace(newDomain, kind, name)
	}
	for i := range it.Fields {
		f := &it.Fields[i]
		if f.Old != nil && len(f.oldAt) > 0 {
			f.OldPlace = d.old.field(oldDomain, thing, f.oldAt)
		}
		if f.New != nil && len(f.newAt) > 0 {
			f.NewPlace = d.new.field(newDomain, thing, f.newAt)
		}
	}
	return []Item{it}
}

// thingOf is the path of a thing in route files.
func thingOf(kind, name string) []string {
	if kind == KindDomain {
		return []string{"domain"}
	}
	return []string{kind + "s", name}
}

func (v *view) itemPlace(domain, kind, name string) *Place {
	if kind == KindRoute {
		return v.route(domain + "/" + name)
	}
	thing := thingOf(kind, name)
	return v.lookup(domain, len(thing), thing...)
}

// tree is the JSON of what a pointer leads to, nil of a nil pointer.
func (d *differ) tree(v any) any {
	if d.err != nil {
		return nil
	}
	var tree any
	tree, d.err = treeOf(v)
	return tree
}

func (d *differ) raw(v any) json.RawMessage {
	raw, err := marshal(v)
	if err != nil && d.err == nil {
		d.err = err
	}
	return raw
}

// byName orders items of one kind.
func byName(a, b Item) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Was, b.Was))
}
