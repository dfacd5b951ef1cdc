package lang_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/lang"
	"github.com/lintel-gateway/lintel/schemas"
)

const schema = `package schemas

// #A is a thing.
// Example:
//	a: #A & {
//		n: 1
//	}
//
// It has more to say.
#A: {
	#B
	// n counts.
	// Example: 7
	// Example: 8
	n!: int & >=1 & <=9
	d?: "x" | "y" @default("x")
	m?: [#T]: [...number]
	e?: #T | {k?: _} @msg("words")
}
#B: {b?: bool}
#T: string & =~"^t" @msg("a text with t")
`

func TestRead(t *testing.T) {
	l, err := lang.Read([]string{"s.cue"}, [][]byte{[]byte(schema)})
	if err != nil {
		t.Fatal(err)
	}
	want := []*lang.Definition{
		{
			Name: "#A", File: "s.cue", Doc: "#A is a thing.\nIt has more to say.", Examples: []string{"a: #A & {\n\tn: 1\n}"},
			Type: lang.Struct{Fields: []*lang.Field{
				{Name: "b", Type: lang.Scalar{Kind: "bool"}},
				{
					Name: "n", Required: true, Doc: "n counts.", Examples: []string{"7", "8"},
					Type: lang.All{Types: []lang.Type{lang.Scalar{Kind: "int"}, lang.Bound{Op: ">=", Value: "1"}, lang.Bound{Op: "<=", Value: "9"}}},
				},
				{Name: "d", Default: json.RawMessage(`"x"`), Type: lang.Any{Types: []lang.Type{lang.Literal{JSON: `"x"`}, lang.Literal{JSON: `"y"`}}}},
				{Name: "m", Type: lang.Struct{Keys: lang.Ref{Name: "#T"}, Values: lang.List{Elem: lang.Scalar{Kind: "number"}}}},
				{Name: "e", Expect: "words", Type: lang.Any{Types: []lang.Type{lang.Ref{Name: "#T"}, lang.Struct{Fields: []*lang.Field{{Name: "k", Type: lang.Scalar{Kind: "_"}}}}}}},
			}},
		},
		{Name: "#B", File: "s.cue", Type: lang.Struct{Fields: []*lang.Field{{Name: "b", Type: lang.Scalar{Kind: "bool"}}}}},
		{Name: "#T", File: "s.cue", Expect: "a text with t", Type: lang.All{Types: []lang.Type{lang.Scalar{Kind: "string"}, lang.Pattern{Regex: "^t"}}}},
	}
	if d := cmp.Diff(want, l.Definitions); d != "" {
		t.Errorf("definitions (-want +got):\n%s", d)
	}
	if l.Def("#B") == nil || l.Def("#C") != nil {
		t.Error("Def finds what is not there, or not what is")
	}
}

// TestEmbedded: the schema that ships holds nothing that is not known.
func TestEmbedded(t *testing.T) {
	l, err := lang.Read(schemas.Files())
	if err != nil {
		t.Fatal(err)
	}
	if s := l.Def("#CaseReceived").Struct(); s == nil || len(s.Fields) != 6 {
		t.Errorf("#CaseReceived has not the fields of what it embeds: %+v", s)
	}
	if s := l.Def("#Endpoint").Struct(); s == nil || s.Fields[0].Name != "address" {
		t.Errorf("#Endpoint has no struct among its alternatives: %+v", s)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"syntax": "#A: {", "unknown name": "#A: b", "open list": "#A: [...]", "tuple": "#A: [int, int]",
		"comprehension": "#A: {if true {a: 1}}", "open struct": "#A: {...}", "call": `#A: strings.MinRunes(1)`,
		"embedded expression": "#A: {#B & {}}\n#B: {}", "arithmetic": "#A: 1 + 2", "not": "#A: !=1", "more than": "#A: >1", "embeds itself": "#A: {#B}\n#B: {#A}", "operand": "#A: >=b",
		"default": "#A: {b?: int @default(x)}", "message": "#A: {b?: int @msg(x)}", "computed": `#A: {("b"): int}`,
	} {
		if _, err := lang.Read([]string{"s.cue"}, [][]byte{[]byte("package schemas\n" + text)}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzRead: what is read has types everywhere, and what is not is an error.
func FuzzRead(f *testing.F) {
	f.Add(schema)
	_, contents := schemas.Files()
	for _, c := range contents {
		f.Add(string(c))
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := lang.Read([]string{"s.cue"}, [][]byte{[]byte(text)})
		if err != nil {
			return
		}
		for _, d := range l.Definitions {
			if d.Type == nil {
				t.Errorf("%s has no type", d.Name)
			}
			if s := d.Struct(); s != nil {
				for _, field := range s.Fields {
					if field.Type == nil {
						t.Errorf("%s.%s has no type", d.Name, field.Name)
					}
				}
			}
		}
	})
}
