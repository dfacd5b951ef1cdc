package diff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lintel-gateway/lintel/compiler/diag"
)

// maxValue bounds a value, maxName a name or path that is told to people, in bytes.
// The JSON has all of it.
const (
	maxValue = 160
	maxName  = 200
)

// valueText is a JSON value in the words of route files, on one line. Nothing in it
// can move a terminal's cursor.
func valueText(raw json.RawMessage) string {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return clip(strconv.Quote(string(raw)), maxValue)
	}
	var b strings.Builder
	writeValue(&b, v)
	return clip(b.String(), maxValue)
}

func writeValue(b *strings.Builder, v any) {
	if b.Len() > maxValue {
		return // nobody will see it
	}
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case string:
		b.WriteString(strconv.Quote(v))
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writeValue(b, e)
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteString(", ")
			}
			label := diag.Path(k)
			if strings.HasPrefix(label, "[") {
				label = strconv.Quote(k)
			}
			b.WriteString(label + ": ")
			writeValue(b, v[k])
		}
		b.WriteByte('}')
	default:
		fmt.Fprint(b, v)
	}
}

// clip cuts a text that is too long, between two characters.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "..."
}

// clean is a name as it may be printed: what a terminal would not show as it is, is
// quoted.
func clean(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) || !utf8.ValidString(name) {
		name = strconv.Quote(name)
	}
	return clip(name, maxName)
}

// pathText is the path of a field.
func pathText(path []string) string { return clean(diag.Path(path...)) }

// fieldText says what changed in a field, without its path and places.
func fieldText(f *Field) string {
	switch {
	case f.Change == Added:
		return valueText(f.New)
	case f.Change == Removed:
		return "was " + valueText(f.Old)
	case f.Change == Reordered:
		return "another order: " + orderText(f.New) + ", was " + orderText(f.Old)
	case len(f.Added)+len(f.Removed) > 0:
		var parts []string
		for _, set := range []struct {
			sign string
			list []json.RawMessage
		}{{"+ ", f.Added}, {"- ", f.Removed}} {
			for _, e := range set.list {
				parts = append(parts, set.sign+valueText(e))
			}
		}
		if n := len(parts) - maxElements; n > 1 {
			parts = append(parts[:maxElements:maxElements], fmt.Sprintf("... and %d more", n))
		}
		return strings.Join(parts, ", ")
	}
	return valueText(f.New) + ", was " + valueText(f.Old)
}

// orderText is a list of which the order matters: where its elements have keys, by
// these.
func orderText(raw json.RawMessage) string {
	var list []any
	if json.Unmarshal(raw, &list) == nil {
		for _, key := range elementKeys {
			if keys, ok := keyed(list, key); ok && len(keys) > 0 {
				list = list[:0]
				for _, k := range keys {
					list = append(list, k)
				}
				var b strings.Builder
				writeValue(&b, list)
				return clip(b.String(), maxValue)
			}
		}
	}
	return valueText(raw)
}

// maxElements bounds the elements of a list that are told to people.
const maxElements = 12

// alongText says how many routes change along with a field.
func alongText(f *Field) string {
	if len(f.Routes) == 0 {
		return ""
	}
	return fmt.Sprintf(" (and so for %s)", plural(len(f.Routes), "route")+" without hosts of "+theirOwn(len(f.Routes)))
}

func theirOwn(n int) string {
	if n == 1 {
		return "its own"
	}
	return "their own"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// placesText names the places of either side: the new one, and the old one where it
// is another, whatever the two sides call their routes directories. A file that was
// named just before is left out.
func placesText(old, new *Place, named string) string {
	at := func(p *Place) string {
		file := clean(p.File)
		if below(p.File) == below(named) {
			file = ""
		}
		named = p.File
		return fmt.Sprintf("%s:%d", file, p.Line)
	}
	switch {
	case old == nil && new == nil:
		return ""
	case new == nil:
		return "was " + at(old)
	case old == nil || below(old.File) == below(new.File) && old.Line == new.Line:
		return at(new)
	}
	return at(new) + ", was " + at(old)
}
