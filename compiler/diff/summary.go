package diff

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// noEffect is what people read when gateways do the same with either side.
const noEffect = "no effect: same content"

// hot says what it takes to bring a change in.
const hot = "hot: gateways swap this in, nothing restarts"

// Summary counts the changes in one line: "1 route added, 2 changed; 1 upstream
// removed". Routes that moved are not counted. Without a change it is "no effect:
// same content".
func (r *Report) Summary() string {
	var out []string
	if r.Effect == EffectNone {
		out = append(out, noEffect)
	}
	for _, k := range []struct {
		name string
		c    Count
	}{{KindDomain, r.Counts.Domains}, {KindRoute, r.Counts.Routes}, {KindUpstream, r.Counts.Upstreams}, {KindSecret, r.Counts.Secrets}} {
		k.c.Moved = 0
		if text := k.c.text(k.name); text != "" {
			out = append(out, text)
		}
	}
	return strings.Join(out, "; ")
}

// text counts things of a kind: "1 route added, 2 changed".
func (c Count) text(what string) string {
	var out []string
	for _, n := range []struct {
		n    int
		word string
	}{{c.Added, Added}, {c.Removed, Removed}, {c.Changed, Changed}, {c.Renamed, Renamed}, {c.Moved, Moved}} {
		switch {
		case n.n > 0 && out == nil:
			out = append(out, plural(n.n, what)+" "+n.word)
		case n.n > 0:
			out = append(out, fmt.Sprintf("%d %s", n.n, n.word))
		}
	}
	return strings.Join(out, ", ")
}

// Line names what changed in one line, at most limit things: + added, - removed,
// ~ changed or renamed. Where gateways do the same with either side, it says that.
func (r *Report) Line(limit int) string {
	type thing struct{ sign, name string }
	var list []thing
	for _, g := range r.Groups {
		for i := range g.Items {
			if it := &g.Items[i]; it.Change != Moved {
				list = append(list, thing{sign(it.Change), it.label(g.Domain)})
			}
		}
	}
	if r.Effect == EffectNone {
		return noEffect
	}
	slices.SortStableFunc(list, func(a, b thing) int { return strings.Compare(a.name, b.name) })
	var out []string
	for i, t := range list {
		if i == limit {
			out = append(out, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		out = append(out, t.sign+" "+t.name)
	}
	return strings.Join(out, ", ")
}

// label names an item outside of its group.
func (it *Item) label(domain string) string {
	name := it.Name
	if domain != "" && it.Kind != KindDomain {
		name = domain + "/" + name
	}
	if it.Kind != KindRoute {
		name = it.Kind + " " + name
	}
	if it.Was != "" {
		name += " (was " + it.Was + ")"
	}
	return clean(name)
}

func sign(change string) string {
	switch change {
	case Added:
		return "+"
	case Removed:
		return "-"
	case Moved:
		return ">"
	}
	return "~"
}

// notes say what else there is to know: what differs without ever being served, and
// which effect the change has.
func (r *Report) notes() (out []string) {
	if r.Effect == EffectNone && r.Old.Content != r.New.Content {
		out = append(out, "the bundles are packed in another way; what they hold is the same")
	}
	if u := r.Unserved; u != nil {
		if text := u.Cases.text("case"); text != "" {
			out = append(out, text+"; cases never run in a gateway")
		}
		if u.Settings {
			out = append(out, "the settings differ, which never run in a gateway")
		}
	}
	if r.Effect == EffectHot {
		out = append(out, hot)
	}
	return out
}

// head is a group's name and owner.
func (g *Group) head() (name, owner string) {
	if g.Domain == "" {
		return "shared by all domains", ""
	}
	return clean(g.Domain), clean(g.Owner)
}

// gist says in one line what was added or removed.
func (it *Item) gist() string {
	if it.Kind != KindRoute {
		return valueText(it.Definition)
	}
	var r route.Route
	if json.Unmarshal(it.Definition, &r) != nil {
		return valueText(it.Definition)
	}
	methods := "any method"
	if len(r.Methods) > 0 {
		methods = strings.Join(r.Methods, " ")
	}
	kind, value := r.Path.Kind(), r.Path.Value()
	if kind == "" {
		kind, value = "prefix", "/"
	}
	parts := []string{methods, strings.Join(r.Hosts, " "), kind + " " + value}
	for _, c := range []struct {
		what string
		n    int
	}{{"headers", len(r.Headers)}, {"query", len(r.Query)}, {"cookies", len(r.Cookies)}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%s (%d)", c.what, c.n))
		}
	}
	return clip(clean(strings.Join(parts, ", ")+" -> "+r.Target()), maxName+maxValue)
}
