package load

import (
	"strings"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
)

func TestCheckParams(t *testing.T) {
	const templates = `
#Base: #Route & {#a: string, #b: int | *1}
#Rest: #Base & {#c?: string, {#d: 1 | *2}}
#Sel:  schemas.#Route & {#e: *1 | int}
#Loop: #Loop2 & {#f: 1}
#Loop2: #Loop
#Odd: strings.ToUpper("a") & {#g: 1}
#Open: {for x in [1] {"a": x}, #h: 1}
_anchor: #Filters & {cors: {}}
`
	for _, c := range []struct{ source, want string }{
		{`routes: x: #Base & {#a: "1", #b: 2}`, ""},
		{`routes: x: #Base & {#a: "1", #bb: 2}`, "routes.x.#bb"},
		{`routes: x: #Rest & {#a: "1", #b: 2, #c: "", #d: 2}`, ""},
		{`routes: x: {#cc: ""} & #Rest`, "routes.x.#cc"},
		{`routes: x: #Route & {#b: 2}`, "routes.x.#b"},
		{`routes: x: #Route & {#n: 2, priority: #n}`, ""},
		{`routes: x: {#n: 2}`, ""},
		{`routes: x: #Sel & {#e: 1}`, ""},
		{`routes: x: #Sel & {#ee: 1}`, "routes.x.#ee"},
		{`routes: x: schemas.#Route & {#e: 1}`, "routes.x.#e"},
		{`routes: x: other.#Thing & {#e: 1}`, ""},
		{`routes: x: #Loop & {#z: 1}`, ""},
		{`routes: x: #Odd & {#z: 1}`, ""},
		{`routes: x: #Nothing & {#z: 1}`, ""},
		{`routes: x: #Base & #Sel & {#a: "", #e: 1, #z: 1}`, "routes.x.#z"},
		{`routes: x: #Base & {filters: _anchor & {#z: 1}}`, "routes.x.filters.#z"},
		{`for n in ["a"] {routes: (n): #Base & {#z: 1}}`, "#z"},
		{`upstreams: u: #Base & {#z: 1}`, "upstreams.u.#z"},
		{`#Mine: #Base & {#z: 1}`, ""},
		{`#Mine: #Base & {upstream: #Sel & {#z: 1}}`, "upstream.#z"},
	} {
		f, err := parser.ParseFile("routes/a/m.cue", "package routes\n"+templates+c.source)
		if err != nil {
			t.Fatal(err)
		}
		files := []*ast.File{f}
		var got []string
		for _, d := range checkParams(files, templatesOf(files, nil), []string{"#Route", "#Filters"}) {
			got = append(got, d.Path)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, want %q", c.source, s, c.want)
		}
	}
}
