package index

import (
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
)

func TestCyclic(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       bool
	}{
		{"itself", `routes: a: {priority: priority + 1}`, true},
		{"by its whole name", `routes: a: priority: routes.a.priority + 1`, true},
		{"by an index", `routes: a: priority: routes["a"].priority + 1`, true},
		{"over a let", `routes: a: {
	let p = routes.a.priority + 1
	priority: p
}`, true},
		{"over a hidden name", "_x: routes.a.priority\nroutes: a: priority: _x + 1", true},
		{"over another route", "routes: a: priority: routes.b.priority\nroutes: b: priority: routes.a.priority + 1", true},
		{"in text", `routes: a: {priority: "\(priority)"}`, true},
		{"another route", "routes: a: priority: routes.b.priority + 1\nroutes: b: priority: 3", false},
		{"a cycle beside the way", "_x: _y\n_y: _x\nroutes: a: priority: _x", false},
		{"a parameter", `routes: a: #T & {#n: 1, priority: #n}`, false},
		{"a list's element", `routes: a: {priority: l[0], l: [1]}`, false},
		{"nothing written", `routes: a: {}`, false},
	} {
		f, err := parser.ParseFile("x.cue", c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := New([]*ast.File{f}).Cyclic("routes", "a", "priority"); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
