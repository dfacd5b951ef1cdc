package dev

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/cmd/lintel/local"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// maxListed bounds the changes that one line lists.
const maxListed = 6

// changes says in one line what the new bundle changes: + added, - removed, ~ changed.
func changes(old, next *bundle.Bundle) string {
	if old == nil {
		return "the first bundle, " + counts(next.Manifest().Counts)
	}
	if old.Manifest().Content == next.Manifest().Content {
		return "no effect: same content"
	}
	before, after := parts(old), parts(next)
	var out []string
	for _, k := range slices.Sorted(maps.Keys(after)) {
		switch was, ok := before[k]; {
		case !ok:
			out = append(out, "+ "+k)
		case was != after[k]:
			out = append(out, "~ "+k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(before)) {
		if _, ok := after[k]; !ok {
			out = append(out, "- "+k)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return strings.Compare(a[2:], b[2:]) })
	if len(out) > maxListed {
		out = append(out[:maxListed:maxListed], fmt.Sprintf("and %d more", len(out)-maxListed))
	}
	return strings.Join(out, ", ")
}

// parts are the things a bundle holds, by name, as canonical text.
func parts(b *bundle.Bundle) map[string]string {
	out := map[string]string{}
	put := func(name string, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // plain data: cannot fail
		}
		out[name] = string(text)
	}
	for name, u := range local.Upstreams(b) {
		put("upstream "+name, u)
	}
	for _, d := range b.Domains() {
		for i := range d.Def.Routes {
			put(d.Def.Routes[i].ID, d.Def.Routes[i])
		}
		put("domain "+d.Def.Name, struct {
			Hosts          []string
			MethodMismatch int
			Secrets        any
		}{d.Def.Hosts, d.Def.MethodMismatch, d.Def.Secrets})
	}
	if s := b.Shared(); s != nil && len(s.Def.Secrets) > 0 {
		put("shared secrets", s.Def.Secrets)
	}
	return out
}
