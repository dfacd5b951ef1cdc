package cueerr

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"cuelang.org/go/cue"
)

// selectors makes CUE's path of names and indexes.
func selectors(path []string) cue.Path {
	sel := make([]cue.Selector, 0, len(path))
	for _, p := range path {
		switch {
		case strings.HasPrefix(p, "#"):
			sel = append(sel, cue.Def(p))
		case strings.HasPrefix(p, "_"):
			sel = append(sel, cue.Hid(p, "_"))
		case isIndex(p):
			n, _ := strconv.Atoi(p)
			sel = append(sel, cue.Index(n))
		default:
			sel = append(sel, cue.Str(p))
		}
	}
	return cue.MakePath(sel...)
}

func isIndex(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 0
}

// field names the field that a path ends in, for the middle of a sentence.
func field(path []string) string {
	if len(path) == 0 {
		return "the value"
	}
	last := path[len(path)-1]
	if isIndex(last) && len(path) > 1 {
		return "an element of " + strconv.Quote(path[len(path)-2])
	}
	if strings.HasPrefix(last, "#") {
		return last
	}
	return strconv.Quote(last)
}

// kind words one of CUE's kinds.
func kind(k string) string {
	switch k {
	case "int":
		return "an integer"
	case "number", "float", "(int|float)":
		return "a number"
	case "string":
		return "a string"
	case "bool":
		return "true or false"
	case "list":
		return "a list"
	case "struct":
		return "a struct"
	case "func":
		return "a function"
	case "null":
		return "null"
	}
	return k
}

// short cuts a long value, which would hide the sentence around it.
func short(s string) string {
	const limit = 80
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	r := []rune(s)
	return string(r[:limit-1]) + "…"
}
