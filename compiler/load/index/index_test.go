package index_test

import (
	"fmt"
	"strings"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/load/index"
)

var _ ir.Index = (*index.Index)(nil)

const source = `package routes

domain: hosts: ["a.example", "b.example"]
_public: #Filters & {cors: {}}
#Rest: #Route & {#svc: string}
routes: "orders-get": #Rest & {
	path: template: "/a"
	filters: _public & {rewrite: path: "/b"}
	split: [{upstream: "a", weight: 1}, {upstream: "b"}]
	if true {
		priority: 1
	}
}
routes: {
	for n in ["x", "y"] {
		"gen-\(n)-z": upstream: n
	}
	for n, m in {a: 1} {
		(n): upstream: n
	}
}
`

func TestLookup(t *testing.T) {
	f, err := parser.ParseFile("routes/d/m.cue", source)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := parser.ParseFile("routes/t.cue", "package routes\nroutes: \"orders-get\": description: \"\"\n")
	if err != nil {
		t.Fatal(err)
	}
	x := index.New([]*ast.File{f, shared})
	for _, c := range []struct {
		path []string
		want string
	}{
		{[]string{"domain"}, "m.cue:3:1-3:7 1"},
		{[]string{"domain", "hosts", "1"}, "m.cue:3:30-3:41 3"},
		{[]string{"routes", "orders-get"}, "m.cue:6:9-6:21 2"},
		{[]string{"routes", "orders-get", "path", "template"}, "m.cue:7:8-7:16 4"},
		{[]string{"routes", "orders-get", "path", "exact"}, "m.cue:7:2-7:6 3"},
		{[]string{"routes", "orders-get", "filters", "rewrite"}, "m.cue:8:22-8:29 4"},
		{[]string{"routes", "orders-get", "filters", "cors"}, "m.cue:8:2-8:9 3"},
		{[]string{"routes", "orders-get", "split", "1", "weight"}, "m.cue:9:38-9:53 4"},
		{[]string{"routes", "orders-get", "priority"}, "m.cue:11:3-11:11 3"},
		{[]string{"routes", "orders-get", "description"}, "t.cue:2:23-2:34 3"},
		{[]string{"routes", "gen-x-z", "upstream"}, "m.cue:16:3-16:15 2"},
		{[]string{"routes", "other"}, "m.cue:19:3-19:6 2"},
		{[]string{"#Rest", "#svc"}, "m.cue:5:18-5:22 2"},
		{[]string{"nothing", "at", "all"}, ":0:0-0:0 0"},
		{nil, ":0:0-0:0 0"},
	} {
		p, depth := x.Lookup(c.path...)
		file := p.File
		if len(file) > 5 {
			file = file[len(file)-5:]
		}
		got := fmt.Sprintf("%s:%d:%d-%d:%d %d", file, p.Line, p.Column, p.EndLine, p.EndColumn, depth)
		if got != c.want {
			t.Errorf("Lookup(%q) = %s, want %s", c.path, got, c.want)
		}
	}
}

func TestLazy(t *testing.T) {
	calls := 0
	x := index.Lazy(func() []*ast.File {
		calls++
		f, err := parser.ParseFile("m.cue", source)
		if err != nil {
			t.Error(err)
		}
		return []*ast.File{f}
	})
	if calls != 0 {
		t.Error("parsed before the first lookup")
	}
	x.Lookup("domain")
	if x.Lookup("routes"); calls != 1 {
		t.Errorf("parsed %d times", calls)
	}
}

// TestOrigins follows references to where a path is written.
func TestOrigins(t *testing.T) {
	parse := func(name, text string) *ast.File {
		t.Helper()
		f, err := parser.ParseFile(name, "package routes\n"+text)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	x := index.New([]*ast.File{
		parse("m.cue", `_mine: {filters: cors: {}, ...}
_deep: one: two: filters: requestId: {}
let local = {filters: rewrite: {}}
routes: "a": #Read & _mine & {filters: headers: {}}
routes: "a": filters: headers: response: {}
routes: b: (_deep.one & {}).two | _deep.one.two
routes: c: _deep["one"].two
routes: d: local
routes: e: {filters: routes.a.filters}
for n in ["x"] {routes: "gen-\(n)": #Read}
routes: [string]: filters: cors: {}
routes: [N=_]: description: N
routes: [=~"^z"]: upstream: "z"
routes: loop: _loop
_loop: _other
_other: _loop
routes: inner: {_x: cors: {}, filters: _x}
`),
		parse("t.cue", `_api: #Filters & {headers: {}, requestId: {}}
#Rest: #Route & {filters: _api}
#Read: {#Rest, methods: ["GET"], if true {priority: 1}}
`),
	})
	for _, c := range []struct {
		path, want string
	}{
		{"a filters headers", "m.cue:5 m.cue:6 t.cue:2(_api)"},
		{"a filters requestId", "t.cue:2(_api)"},
		{"a filters cors", "m.cue:12 m.cue:2(_mine)"},
		{"a methods", "t.cue:4(#Read)"},
		{"a priority", "t.cue:4(#Read)"},
		{"a filters", "m.cue:5 m.cue:6 m.cue:12 t.cue:3(#Rest) m.cue:2(_mine)"},
		{"b filters requestId", "m.cue:3(_deep.one.two)"},
		{"c filters requestId", "m.cue:3(_deep.one.two)"},
		{"d filters rewrite", "m.cue:4"},
		{"e filters headers", "t.cue:2(_api) m.cue:5(routes.a.filters) m.cue:6(routes.a.filters)"},
		{"gen-x methods", "t.cue:4(#Read)"},
		{"other methods", ""},
		{"any description", "m.cue:13"},
		{"zz upstream", ""},
		{"loop filters", "m.cue:12"},
		{"inner filters cors", "m.cue:12 m.cue:18(routes.inner._x)"},
	} {
		got := ""
		for _, o := range x.Origins(append([]string{"routes"}, strings.Fields(c.path)...)...) {
			if got += fmt.Sprintf(" %s:%d", o.Pos.File, o.Pos.Line); o.Name != "" {
				got += "(" + o.Name + ")"
			}
		}
		if got = strings.TrimSpace(got); got != c.want {
			t.Errorf("%s: %q, want %q", c.path, got, c.want)
		}
	}
	if got := x.Origins("routes"); got != nil {
		t.Errorf("a name alone has origins: %v", got)
	}
}

// TestBase follows what a template is made of.
func TestBase(t *testing.T) {
	f, err := parser.ParseFile("t.cue", `package routes
#Rest: #Route & {upstream: "a"}
#Read: {#Rest, methods: ["GET"]}
_api: (#Filters & {cors: {}})
_more: {_api, requestId: {}}
_loop: _pool
_pool: _loop
_plain: {a: 1}
`)
	if err != nil {
		t.Fatal(err)
	}
	x := index.New([]*ast.File{f})
	for name, want := range map[string]string{
		"#Rest": "#Route", "#Read": "#Route", "_api": "#Filters", "_more": "#Filters", "_loop": "", "_plain": "", "none": "",
	} {
		if got := x.Base(name, []string{"#Route", "#Filters"}); got != want {
			t.Errorf("%s is made of %q, want %q", name, got, want)
		}
	}
}
