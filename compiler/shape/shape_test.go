package shape_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/shape"
	"github.com/lintel-gateway/lintel/schemas"
)

func embedded(t *testing.T) *shape.Schema {
	t.Helper()
	names, contents := schemas.Files()
	s, err := shape.Parse(names, contents)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFill(t *testing.T) {
	const schema = `
package schemas
#A: {
	// n is a number.
	n?: int @default(7)
	list?: [...#B]
	map?: [string]: #B
	b?: #B @default({})
	either?: string | #B
	plain?: string
	self?: #A
}
#B: {
	x?: string @default("a b")
	y?: [...string] @default(["p"])
}
`
	s, err := shape.Parse([]string{"s.cue"}, [][]byte{[]byte(schema)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, want string }{
		{`{}`, `{"b":{"x":"a b","y":["p"]},"n":7}`},
		{`{"n":0,"b":{"x":"z"}}`, `{"b":{"x":"z","y":["p"]},"n":0}`},
		{
			`{"n":1,"b":{"x":"","y":[]},"list":[{},{"x":"q"}],"map":{"k":{}}}`,
			`{"b":{"x":"","y":[]},"list":[{"x":"a b","y":["p"]},{"x":"q","y":["p"]}],"map":{"k":{"x":"a b","y":["p"]}},"n":1}`,
		},
		{`{"b":{"x":"","y":[]},"either":"text"}`, `{"b":{"x":"","y":[]},"either":"text","n":7}`},
		{`{"b":{"x":"","y":[]},"either":{}}`, `{"b":{"x":"","y":[]},"either":{"x":"a b","y":["p"]},"n":7}`},
		{`{"b":{"x":"","y":[]},"self":{"b":{"x":"","y":[]}}}`, `{"b":{"x":"","y":[]},"n":7,"self":{"b":{"x":"","y":[]},"n":7}}`},
	} {
		dec := json.NewDecoder(strings.NewReader(c.in))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
		if err := s.Def("#A").Fill(v); err != nil {
			t.Fatal(err)
		}
		got, _ := json.Marshal(v)
		if string(got) != c.want {
			t.Errorf("Fill(%s)\n got %s\nwant %s", c.in, got, c.want)
		}
	}
	if doc := s.Def("#A").Field("n").Doc; doc != "n is a number." {
		t.Errorf("doc %q", doc)
	}
}

func TestAt(t *testing.T) {
	s := embedded(t)
	for path, want := range map[string]string{
		"path":                    "exact prefix template regex",
		"headers x-any":           "exact prefix regex present",
		"split 0":                 "upstream weight",
		"timeouts":                "connect read write request idle",
		"filters rewrite regex":   "pattern to",
		"tests any expect":        "description",
		"nowhere":                 "",
		"tests any expect nobody": "",
	} {
		n := s.Def("#Route").At(strings.Fields(path)...)
		got := strings.Join(n.Names(), " ")
		if path == "tests any expect" {
			if n.Field("status") == nil {
				t.Errorf("%s lacks status: %s", path, got)
			}
			continue
		}
		if got != want {
			t.Errorf("At(%s) = %q, want %q", path, got, want)
		}
	}
	if d := cmp.Diff([]string{`"keep"`, `"drain"`, `"close"`}, s.Def("#Route").At("onRouteChange").Values); d != "" {
		t.Errorf("values of onRouteChange (-want +got):\n%s", d)
	}
}

// TestDocumented holds that every field of the schema says what it is.
func TestDocumented(t *testing.T) {
	s := embedded(t)
	for _, def := range s.Definitions() {
		for _, f := range s.Def(def).Fields {
			if f.Doc == "" {
				t.Errorf("%s.%s has no doc comment", def, f.Name)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for name, schema := range map[string]string{
		"syntax":         "package schemas\n#A: {",
		"twice":          "package schemas\n#A: int\n#A: int",
		"unknown":        "package schemas\n#A: {b?: #B}",
		"default":        "package schemas\n#A: {b?: int @default(0x)}",
		"message":        "package schemas\n#A: {b?: =~\"a\" @msg(no text)}",
		"computed field": "package schemas\n#A: {(\"b\"): int}",
	} {
		if _, err := shape.Parse([]string{"s.cue"}, [][]byte{[]byte(schema)}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	names, contents := schemas.Files()
	for i := range names {
		f.Add(contents[i])
	}
	f.Add([]byte("#A: {a?: #A | [...#A] @default({})}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := shape.Parse([]string{"s.cue"}, [][]byte{bytes.Clone(data)})
		if err != nil {
			return
		}
		for _, d := range s.Definitions() {
			// A default that holds the struct it is a default of has no end; only
			// the schema's authors could write one, so Fill is not called here.
			_ = s.Def(d).At("a", "0", "b").Names()
		}
	})
}
