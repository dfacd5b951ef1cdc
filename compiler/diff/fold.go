package diff

import "strings"

// leastAlike is how many routes must change alike to be told together: a template that
// changes should be read once, and not once for each route.
const leastAlike = 3

// fold gathers the items of a group that are told together: routes that change alike,
// in the place of the first of them. Any other item stands alone. Without verbose,
// routes that moved are left out.
func (g *Group) fold(verbose bool) (out [][]*Item) {
	alike := map[string][]*Item{}
	for i := range g.Items {
		if it := &g.Items[i]; it.Kind == KindRoute && it.Change == Changed {
			alike[it.change()] = append(alike[it.change()], it)
		}
	}
	for i := range g.Items {
		it := &g.Items[i]
		if it.Change == Moved && !verbose {
			continue
		}
		same := alike[it.change()]
		switch {
		case it.Kind != KindRoute || it.Change != Changed || len(same) < leastAlike:
			out = append(out, []*Item{it})
		case same[0] == it:
			out = append(out, same)
		}
	}
	return out
}

// change is what changed in an item, whatever its name and place.
func (it *Item) change() string {
	var b strings.Builder
	for i := range it.Fields {
		f := &it.Fields[i]
		b.WriteString(strings.Join(f.Path, "\x00") + "\x01" + f.Change + "\x01")
		b.Write(f.Old)
		b.WriteByte(1)
		b.Write(f.New)
		b.WriteByte(1)
	}
	return b.String()
}
