package accept_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"

	"github.com/lintel-gateway/lintel/compiler/load/accept"
	"github.com/lintel-gateway/lintel/schemas"
)

// oracle is the schema as CUE evaluates it.
func oracle(t *testing.T) cue.Value {
	t.Helper()
	in := build.NewContext().NewInstance("", nil)
	names, contents := schemas.Files()
	for i, name := range names {
		f, err := parser.ParseFile(name, contents[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := in.AddSyntax(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.Complete(); err != nil {
		t.Fatal(err)
	}
	v := cuecontext.New().BuildInstance(in)
	if err := v.Err(); err != nil {
		t.Fatal(err)
	}
	return v
}

func schema(t testing.TB) *accept.Schema {
	t.Helper()
	names, contents := schemas.Files()
	s, err := accept.Parse(names, contents)
	if err != nil {
		t.Fatalf("the schema says more than the checker knows: %v", err)
	}
	return s
}

// seeds are values that the definitions accept, with much in them.
func seeds() map[string]string {
	return map[string]string{
		"#Domain":   `{"hosts": ["a.example", "*.a.example"], "owner": "x", "methodMismatch": 404}`,
		"#Secret":   `{"file": "a/b.key"}`,
		"#Settings": `{"coverage": "optional", "minCoverage": 80.5}`,
		"#Upstream": `{"endpoints": ["a:1", {"address": "b:2", "weight": 3, "labels": {"zone": "x"}}], "ejection": {"failures": 2, "duration": "5s", "maxPercent": 50}, "pool": {"maxIdle": 4, "idleTimeout": "1m"},
			"http": "2", "proxyProtocol": "v2", "tls": {"serverName": "a.example", "names": ["b.example", "10.0.0.7", "fd00::7"],
				"ca": {"secret": "a"}, "certificate": {"secret": "b"}, "key": {"secret": "c"}, "minVersion": "1.3", "verify": false}}`,
		"#Timeouts":  `{"connect": "1s", "read": "2s", "write": "3s", "request": "0s", "idle": "1h"}`,
		"#Condition": `{"exact": "a", "prefix": "b", "regex": "c", "present": true}`,
		"#Route": `{"description": "d", "hosts": ["a.example"], "path": {"template": "/a/{id}"}, "methods": ["GET"],
			"headers": {"x-a": {"exact": "1"}}, "query": {"q": {"present": true}}, "cookies": {"c": {"regex": "r"}}, "priority": -3,
			"upstream": "u", "split": [{"upstream": "a", "weight": 5}], "timeouts": {"request": "5s"}, "retry": {"attempts": 2, "on": ["connect", "reset"]},
			"onRouteChange": "drain",
			"filters": {"cors": {"allowOrigins": ["https://a.example"], "allowMethods": ["GET"], "allowHeaders": ["*"], "allowCredentials": true, "maxAge": "1m"},
				"headers": {"request": {"set": {"a": "b", "c": {"secret": "s"}}, "add": {"d": "e"}, "remove": ["f"]}, "response": {"set": {"g": "h"}}},
				"redirect": {"to": "/a", "status": 301, "port": 443, "keepQuery": false}, "requestId": {"header": "x-id", "keep": true, "response": false},
				"respond": {"status": 204, "json": {"k": [1, null, {"a": true}]}, "contentType": "text/plain"},
				"rewrite": {"path": "/b", "host": "b.example:80", "method": "POST", "regex": {"pattern": "a", "to": "b"}}},
			"tests": {"t": {"description": "d", "request": {"method": "GET", "scheme": "http", "host": "a.example", "path": "/a?b=c", "headers": {"a": "b", "c": ["d", "e"], "f": {"secret": "s", "prefix": "p"}}, "json": {"a": 1}, "repeat": 3, "websocket": ["a"]},
				"expect": {"status": 200, "headers": {"a": "b", "c": ["d"], "e": {"contains": "f"}}, "absentHeaders": ["g"], "body": {"prefix": "x"}, "json": null, "jsonPath": {"$.a": 1}, "route": "r", "aborted": true, "websocket": ["a"],
					"duration": {"min": "1s", "max": "2s"}, "counts": [{"status": 200, "upstream": "u", "min": 1, "max": 2}],
					"upstream": {"name": "u", "method": "GET", "host": "h", "path": "/a", "headers": {"a": {"secret": "s", "prefix": "p"}, "b": ["c"]}, "absentHeaders": ["d"], "body": "x", "json": [1]}}}}}`,
	}
}

func decode(t testing.TB, text string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// mutate changes one thing somewhere in a value.
func mutate(rnd *rand.Rand, v any) any {
	others := []any{
		"", "a", "A b", "5s", "/p", "*", "GET", "connect", true, false, nil, json.Number("0"), json.Number("-1"), json.Number("1.5"),
		json.Number("301"), json.Number("100"), json.Number("70000"),
		[]any{},
		[]any{"GET"},
		[]any{json.Number("1")},
		map[string]any{},
		map[string]any{"a": "b"},
		map[string]any{"secret": "s"},
		map[string]any{"exact": "x"},
	}
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		if len(keys) == 0 || rnd.IntN(12) == 0 {
			v[[]string{"a", "zz", "hosts", "$.x", "x y", "exact"}[rnd.IntN(6)]] = others[rnd.IntN(len(others))]
			return v
		}
		k := keys[rnd.IntN(len(keys))]
		switch rnd.IntN(8) {
		case 0:
			delete(v, k)
		case 1:
			v[k] = others[rnd.IntN(len(others))]
		case 2:
			v[k+"x"] = v[k]
		default:
			v[k] = mutate(rnd, v[k])
		}
		return v
	case []any:
		if len(v) == 0 || rnd.IntN(4) == 0 {
			return append(v, others[rnd.IntN(len(others))])
		}
		i := rnd.IntN(len(v))
		v[i] = mutate(rnd, v[i])
		return v
	}
	return others[rnd.IntN(len(others))]
}

// TestAgainstCUE holds the checker against CUE on values that are damaged at random.
func TestAgainstCUE(t *testing.T) {
	want, have := oracle(t), schema(t)
	ctx, rnd := cuecontext.New(), rand.New(rand.NewPCG(7, 11))
	accepted, refused := 0, 0
	for name, text := range seeds() {
		def := want.LookupPath(cue.ParsePath(name))
		for i := range 400 {
			v := decode(t, text)
			for range i % 3 {
				v = mutate(rnd, v)
			}
			raw, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			x := ctx.CompileBytes(raw)
			err = def.Unify(x).Validate(cue.Concrete(true), cue.Final())
			got := have.Def(name).Accepts(v)
			if got != (err == nil) {
				t.Errorf("%s %s: accepted: %v, CUE: %v", name, raw, got, err)
			}
			if got {
				accepted++
			} else {
				refused++
			}
		}
	}
	if accepted < 800 || refused < 800 {
		t.Errorf("%d accepted and %d refused are too few of a kind to tell", accepted, refused)
	}
}

// TestSeeds holds that nothing is refused before it is damaged.
func TestSeeds(t *testing.T) {
	s := schema(t)
	for name, text := range seeds() {
		if !s.Def(name).Accepts(decode(t, text)) {
			t.Errorf("%s refuses %s", name, text)
		}
	}
}

func TestFieldAndElem(t *testing.T) {
	s := schema(t)
	route := s.Def("#Route")
	if route.Field("filters") != s.Def("#Filters") || route.Field("no") != nil {
		t.Error("fields of a route")
	}
	// Of the ways to say an endpoint, one is a struct.
	if e := s.Def("#Upstream").Field("endpoints").Elem(); e != s.Def("#Endpoint") || !e.Field("address").Accepts("a:1") {
		t.Error("elements of endpoints")
	}
	if j := route.Field("tests").Field("any name").Field("request").Field("json"); !j.Open() || route.Open() {
		t.Error("what is open")
	}
	if m := accept.MapOf(route); m.Accepts("x") || !m.Accepts(map[string]any{}) || m.Accepts(map[string]any{"a": "b"}) {
		t.Error("a map of routes")
	}
}

// TestUnknownConstructs holds that the checker refuses a schema that it does not
// understand whole.
func TestUnknownConstructs(t *testing.T) {
	for _, text := range []string{
		"a: string", "#A: string\n#A: string", "if true {}", "#A: {a?: string, ...}", "#A: {a: string}",
		"#A: [string, ...string]", "#A: [...]", "#A: {b?: 1} & {a?: 2}", "#A: !=1", "#A: =~1", "#A: >\"a\"", "#A: #B", "#A: strings.MinRunes(1)",
		"#A: {a?: string, a?: string}", "#A: {_a?: string}", "#A: {#B}\n#B: string", "#A: {{a?: 1}}", "#A: 'x'", "#A: 1 + 2", "#A: {[=~\"a\", =~\"b\"]: string}", "#A: =~\"(\"",
	} {
		if _, err := accept.Parse([]string{"x.cue"}, [][]byte{[]byte("package schemas\n" + text)}); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
	for _, text := range []string{"#A: {b?: #A}", "#A: {#B, c?: 1}\n#B: {d!: 2}", "#A: >=-1 & <5 | \"x\" | bool"} {
		if _, err := accept.Parse([]string{"x.cue"}, [][]byte{[]byte("package schemas\n" + text)}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func BenchmarkAccepts(b *testing.B) {
	s := schema(b)
	v := decode(b, seeds()["#Route"])
	b.ReportAllocs()
	for b.Loop() {
		if !s.Def("#Route").Accepts(v) {
			b.Fatal("refused")
		}
	}
}

func ExampleNode_Accepts() {
	names, contents := schemas.Files()
	s, err := accept.Parse(names, contents)
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Def("#Timeouts").Accepts(map[string]any{"read": "5s"}), s.Def("#Timeouts").Accepts(map[string]any{"reed": "5s"}))
	// Output: true false
}
