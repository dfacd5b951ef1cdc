package load

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// grammar writes route files at random: few names, so that what it writes meets
// itself, and every construct that the quick evaluation knows, now and then wrong.
type grammar struct {
	*rand.Rand
	params bool // tells that #a, #b, #n, #m and U may be named
}

func (g *grammar) one(list ...string) string { return list[g.IntN(len(list))] }

// rare is the first text, or with a small chance one of the others.
func (g *grammar) rare(usual string, others ...string) string {
	if g.IntN(12) == 0 {
		return g.one(others...)
	}
	return usual
}

func (g *grammar) maybe(percent int, text func() string) string {
	if g.IntN(100) < percent {
		return text()
	}
	return ""
}

// text is an expression for a string.
func (g *grammar) text() string {
	switch k := g.IntN(12); {
	case k == 0 && g.params:
		return g.one("#a", "#b", "#a & #b", `"p" + #a`, `#a & =~"^[a-z]"`)
	case k == 1 && g.params:
		return `"\(` + g.one("#a", "#b", "#n", "_s.k") + `)-x"`
	case k == 2:
		return `*"d1" | ` + g.one("_", "string", `"d2"`, `=~"^d"`)
	case k == 3:
		return g.rare(g.one("_x", "_s.k", "_s.deep.k"), "string", "_", `"p" | "q"`, "#Kind", "#nothing", "_s.no", "_t")
	case k == 4:
		return g.one("#\"raw\\d\"#", `"é"`, `"a\tb"`, `"\u00e9"`, `"e\u0301"`, `("p")`)
	}
	return g.one(`"p"`, `"q"`, `"d1"`, `"d2"`)
}

func (g *grammar) number() string {
	switch k := g.IntN(8); {
	case k == 0 && g.params:
		return g.one("#n", "100 - #n", "#n * 2", "#n + 1", "-#n & <0", "(#n)")
	case k == 1:
		return g.rare(g.one("*7 | _", "*7 | int", "5", "0", "int & 3"), "int & >=0 & <=100", "5 | 6", "1.5", "-3", "1_000", "1K", "0x10", "007")
	}
	return strconv.Itoa(g.IntN(12))
}

// filters is an expression for the filters of a route.
func (g *grammar) filters() string {
	switch g.IntN(6) {
	case 0:
		return g.rare(g.one("_f", "_g", "_f & _g", "#F", "#Filters & _f"), "_", "#Filters", "_t", "#F & {cors: {}}")
	case 1:
		return "_f & {requestId: {}}"
	case 2:
		return "{_g, cors: maxAge: " + g.rare(g.one(`"1h"`, `*"2h" | _`), `"bad"`) + "}"
	case 3:
		return "{respond: {status: " + g.rare(g.one("204", "*200 | int"), "99", "#n") + g.maybe(50, func() string { return ", json: {k: " + g.text() + ", l: [1, {m: " + g.text() + "}]}" }) + "}}"
	}
	return "{headers: " + g.rare(g.one("request", "response"), "requst") + ": set: {\"x-a\": " + g.text() + g.maybe(30, func() string { return ", \"x-b\": " + g.text() }) + "}}"
}

// fields are those of a route.
func (g *grammar) fields(template bool) string {
	var b strings.Builder
	add := func(percent int, name string, value func() string) {
		if g.IntN(100) < percent {
			fmt.Fprintf(&b, "\t%s: %s\n", name, value())
		}
	}
	params := g.params
	if template {
		g.params = false
		add(100, "#a", func() string {
			return g.rare(g.one("string", `*"p" | string`, `"q"`, `string | *"d1"`), "_", "int", `#b`)
		})
		add(100, g.rare("#b", "#b!", "#b?"), func() string { return g.rare(g.one("string", `*"p" | _`, `"d1"`), "#a", `"x-\(#a)"`) })
		add(100, "#n", func() string { return g.rare(g.one("int", "*5 | int", "int & >=0 & <=100", "3"), "_", "string") })
		g.params = true
		if g.IntN(8) == 0 {
			fmt.Fprintf(&b, "\tlet U = %s\n\tdescription: %s\n", g.text(), g.rare("U", `"\(U)"`, `"none"`))
		}
	} else if params {
		add(80, "#a", func() string { return g.rare(g.one(`"p"`, `"q"`), `*"d1" | _`, "_x", "7") })
		add(80, "#b", func() string { return g.rare(g.one(`"p"`, `"d1"`), `"\(#a)"`, "string") })
		add(70, "#n", func() string { return g.rare(g.one("3", "5"), "101", `"x"`, "2.5") })
	}
	add(20, "description", g.text)
	add(45, "path", func() string {
		if g.params && g.IntN(3) == 0 {
			return "{exact: " + g.one(`"/\(#a)"`, `"/" + #a`) + "}"
		}
		return "{exact: " + g.rare(`"/p"`, `*"/d" | _`, `"p"`) + "}"
	})
	add(45, "upstream", func() string { return g.rare(g.one(`"u"`, `"v"`, `*"u" | _`), `"u" | "v"`, g.text()) })
	add(25, "filters", g.filters)
	add(20, "methods", func() string {
		return g.rare(g.one(`["GET"]`, `["GET", "POST"]`, `*["GET"] | _`), `[]`, `["FETCH"]`, `*["GET"] | ["POST"]`, `[...]`, `["GET", ...]`)
	})
	add(20, "timeouts", func() string {
		return g.rare(g.one("_t", `{read: *"10s" | _}`, `request: "5s"`, `{request: *"1s" | string}`, `{read: "2s"} & {write: "1s"}`), `{read: "2s", write: "1s"} & {read: "3s"}`, "_f")
	})
	add(8, "split", func() string {
		return "[{upstream: \"u\", weight: " + g.number() + "}, {upstream: \"v\", weight: 5}]"
	})
	add(8, "priority", g.number)
	add(6, g.rare("retry", "host", "unknown", "_hidden", "#param", "priority?"), func() string { return g.rare("{attempts: 2}", "1", `"x"`, "_f") })
	add(15, "headers", func() string { return `{"x-q": exact: ` + g.text() + "}" })
	add(12, "tests", func() string {
		return `{"c": ` + g.maybe(40, func() string { return "#C & " }) + `{request: {path: "/p", headers: "x-q": ` + g.text() + `}, expect: {status: ` + g.rare("200", g.number()) + `, json: {a: ` + g.text() + `}}}}`
	})
	if g.IntN(8) == 0 {
		fmt.Fprintf(&b, "\t%s\n", g.rare(g.one("_e", "{timeouts: idle: \"3s\"}", "..."), "#R1", "_x"))
	}
	g.params = params
	return b.String()
}

// template is what a route is made with, and whether it has the parameters.
func (g *grammar) template() (name string, params bool) {
	switch g.IntN(8) {
	case 0:
		return "#Route & ", false
	case 1:
		return g.one("_r & ", ""), false
	case 2:
		return "#R1 & #R2 & ", true
	}
	return g.one("#R1 & ", "#R2 & ", "_r & #R1 & "), true
}

func (g *grammar) shared() string {
	var b strings.Builder
	b.WriteString("package routes\n")
	parts := []string{
		"_f: " + g.one("#Filters & ", "") + `{headers: request: set: "x-f": "f"}` + "\n",
		"_g: " + g.one("#Filters & {_f, requestId: {}}", "{requestId: {}}", `{requestId: header: *"x-id" | _}`) + "\n",
		"_t: " + g.one("#Timeouts & ", "") + `{read: "3s"}` + "\n",
		"_s: {k: " + g.one(`"sk"`, `*"sk" | string`) + `, deep: k: "dk"}` + "\n",
		"_x: " + g.one(`"x"`, `*"x" | string`) + "\n",
		"_e: " + g.one(`{retry: attempts: 3}`, `{retry: attempts: *3 | _}`) + "\n",
		`_r: {hosts: ["a.example"], ...}` + "\n",
		"#Kind: " + g.one(`"p" | "q"`, "string", `=~"^[pd]"`) + "\n",
		"#F: " + g.one("#Filters & {requestId: {}}", "{requestId: {}}") + "\n",
		"#C: #Case & {#m: *\"GET\" | _, request: method: #m, expect: status: " + g.one("200", "int", "*200 | _", "_") + "}\n",
		"#R1: #Route & {\n" + g.fields(true) + "}\n",
		"#R2: " + g.one("#Route", "#R1", "_r & #Route", "#R1 & _r") + " & {\n" + g.fields(true) + "}\n",
	}
	g.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	b.WriteString(strings.Join(parts, ""))
	return b.String()
}

func (g *grammar) own() string {
	var b strings.Builder
	b.WriteString("package routes\n\ndomain: hosts: [\"a.example\"]\nupstreams: u: endpoints: [\"10.0.0.1:80\"]\nupstreams: v: {endpoints: [{address: \"10.0.0.1:80\", weight: " + g.number() + "}]}\n")
	b.WriteString(g.maybe(10, func() string { return "_own: " + g.filters() + "\n" }))
	for i := range 1 + g.IntN(2) {
		name, params := g.template()
		g.params = params
		fmt.Fprintf(&b, "routes: r%d: %s{\n%s}\n", i, name, g.fields(false))
		g.params = false
	}
	b.WriteString(g.maybe(10, func() string { return "routes: r0: filters: " + g.one("_own", "_f", "requestId: {}") + "\n" }))
	return b.String()
}

// TestOracleRandom holds the quick evaluation against CUE on files made at random.
// LINTEL_ORACLE=N tries N of them.
func TestOracleRandom(t *testing.T) {
	n := 250
	if testing.Short() {
		n = 40
	}
	if s := os.Getenv("LINTEL_ORACLE"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	seed := rand.Uint64()
	if s := os.Getenv("LINTEL_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	quick, clean := 0, 0
	for i := range uint64(n) {
		g := &grammar{Rand: rand.New(rand.NewPCG(seed, i))}
		shared, own := g.shared(), g.own()
		fsys := fstest.MapFS{"shared.cue": {Data: []byte(shared)}, "a.example/a.cue": {Data: []byte(own)}}
		ok := t.Run(fmt.Sprintf("%d", i), func(t *testing.T) {
			q, all := both(t, fsys)
			quick, clean = quick+q, clean+all
		})
		if !ok {
			t.Fatalf("LINTEL_SEED=%d, number %d:\n%s\n---\n%s", seed, i, shared, own)
		}
	}
	t.Logf("%d files, %d clean, %d of them evaluated quickly", n, clean, quick)
}
