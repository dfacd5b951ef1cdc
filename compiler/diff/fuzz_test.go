package diff

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzPrinted holds that whatever stands in a bundle, what is printed of it is one
// bounded line that a terminal shows as it is, and that ends no code span.
func FuzzPrinted(f *testing.F) {
	f.Add("orders", `{"a": [1, "x", null], "7": true}`)
	f.Add("\x1b[2J", `"\u001b[2J\u009b\u202e"`)
	f.Add("a`b``", "\"```\"")
	f.Add(strings.Repeat("é", 300), `{"`+strings.Repeat("k", 300)+`": 1}`)
	f.Add("\xff", "{not json")
	f.Fuzz(func(t *testing.T, name, raw string) {
		fields := []Field{
			{Path: []string{name}, Change: Changed, Old: json.RawMessage(raw), New: json.RawMessage(raw)},
			{Path: []string{name}, Change: Reordered, Old: json.RawMessage(raw), New: json.RawMessage(raw)},
			{Path: []string{name}, Change: Changed, Added: []json.RawMessage{json.RawMessage(raw)}},
		}
		it := Item{Kind: KindRoute, Change: Added, Name: name, Definition: json.RawMessage(raw)}
		texts := []string{
			clean(name), pathText([]string{name, "x"}), it.gist(), it.label(name),
			placesText(&Place{File: name}, &Place{File: "routes/" + name, Line: 1}, ""),
		}
		for i := range fields {
			texts = append(texts, fieldText(&fields[i]))
		}
		for _, text := range texts {
			if len(text) > 3*(maxName+maxValue) || !utf8.ValidString(text) {
				t.Errorf("%d bytes: %.200q", len(text), text)
			}
			if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q cannot be printed", text)
			}
			s := span(text)
			fence := s[:len(s)-len(strings.TrimLeft(s, "`"))]
			inner := strings.TrimSuffix(strings.TrimPrefix(s, fence), fence)
			if strings.Contains(inner, fence) || !strings.HasSuffix(s, fence) {
				t.Errorf("%q ends its code span", s)
			}
		}
	})
}
