package docs

import (
	"testing"

	"github.com/lintel-gateway/lintel/compiler/lang"
)

func TestWords(t *testing.T) {
	const schema = `package schemas
#A: {
	text?: string
	ref?: #T
	refs?: [...#T]
	one?: 1 | "b" | true
	range?: int & >=0 & <=9
	low?: number & >=0
	high?: int & <=9
	words?: =~"^a" @msg("an a")
	pattern?: [...=~"^a|b"]
	map?: [string]: string
	keys?: [=~"^x"]: #T
	any?: _
	inner?: {x?: bool}
}
#T: string
`
	l, err := lang.Read([]string{"s.cue"}, [][]byte{[]byte(schema)})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"text": "text", "ref": "[`#T`](#t)", "refs": "list of [`#T`](#t)", "one": "`1`, `\"b\"` or `true`",
		"range": "whole number from 0 to 9", "low": "number, 0 or more", "high": "whole number, 9 at most",
		"words": "text: an a", "pattern": "list of texts that match `^a|b`", "map": "map of names to texts",
		"keys": "map of texts that match `^x` to [`#T`](#t)", "any": "any value", "inner": "fields",
	}
	for _, f := range l.Def("#A").Struct().Fields {
		if got := words(f.Type, f.Expect, func(name string) string { return "#" + anchor(name) }); got != want[f.Name] {
			t.Errorf("%s: %s, want %s", f.Name, got, want[f.Name])
		}
	}
}

// TestEveryFileHasItsPart: no definition is left out of the reference.
func TestEveryFileHasItsPart(t *testing.T) {
	l, err := Language()
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, p := range parts {
		if have[p.file] {
			t.Errorf("schemas/%s stands in two parts of the reference", p.file)
		}
		have[p.file] = true
	}
	for _, d := range l.Definitions {
		if !have[d.File] {
			t.Errorf("%s of schemas/%s stands in no part of the reference: add the file to parts", d.Name, d.File)
		}
	}
}
