package docs

import (
	"strings"

	"github.com/lintel-gateway/lintel/compiler/docs/markdown"
	"github.com/lintel-gateway/lintel/compiler/lang"
)

// words says what a value may be, for people who have never seen CUE. Expect words a
// pattern; link gives the address of a definition.
func words(t lang.Type, expect string, link func(name string) string) string {
	say := func(t lang.Type) string { return words(t, expect, link) }
	switch t := t.(type) {
	case lang.Ref:
		return "[" + markdown.Code(t.Name) + "](" + link(t.Name) + ")"
	case lang.Scalar:
		return map[string]string{"string": "text", "int": "whole number", "number": "number", "bool": "`true` or `false`", "_": "any value"}[t.Kind]
	case lang.Literal:
		return markdown.Code(t.JSON)
	case lang.Pattern:
		if expect != "" {
			return "text: " + expect
		}
		return "text that matches " + markdown.Code(t.Regex)
	case lang.List:
		return "list of " + plural(say(t.Elem))
	case lang.Any:
		var all []string
		for _, one := range t.Types {
			all = append(all, say(one))
		}
		return either(all)
	case lang.All:
		return together(t, say)
	case lang.Struct:
		if t.Values == nil {
			return "fields"
		}
		key := say(t.Keys)
		if key == "text" {
			key = "names"
		}
		return "map of " + plural(key) + " to " + plural(say(t.Values))
	}
	return ""
}

func plural(s string) string {
	switch {
	case s == "text":
		return "texts"
	case s == "any value":
		return "any values"
	case strings.HasPrefix(s, "text, "), strings.HasPrefix(s, "text that "), strings.HasPrefix(s, "text: "):
		return "texts" + strings.Replace(strings.TrimPrefix(s, "text"), " that matches ", " that match ", 1)
	}
	return s
}

// either joins with commas and an "or".
func either(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// together says the parts of an "&": a kind and its bounds or pattern.
func together(t lang.All, say func(lang.Type) string) string {
	kind, low, high := "", "", ""
	for _, one := range t.Types {
		switch one := one.(type) {
		case lang.Bound:
			if one.Op == ">=" {
				low = one.Value
			} else {
				high = one.Value
			}
		default:
			kind = say(one)
		}
	}
	switch {
	case low != "" && high != "":
		return kind + " from " + low + " to " + high
	case low != "":
		return kind + ", " + low + " or more"
	case high != "":
		return kind + ", " + high + " at most"
	}
	return kind
}
