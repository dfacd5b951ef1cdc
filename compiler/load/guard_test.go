package load

import (
	"strings"
	"testing"

	"cuelang.org/go/cue/parser"
)

func TestGuard(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"plain", `package routes
routes: a: upstream: "b"`, ""},
		{"builtins", `package routes
import ("strings", j "encoding/json")
_a: strings.ToUpper(j.Marshal("a"))`, ""},
		{"schemas", `package routes
import "any.example/x/schemas"
_a: schemas.#Route`, ""},
		{"schemas with version", `package routes
import "any.example/x@v0/schemas"`, ""},
		{"file", `package routes
import "tool/file"`, "import-not-allowed"},
		{"other package", `package routes
import "github.com/a/b"`, "import-not-allowed"},
		{"file attribute", "@extern(embed)\npackage routes", "attribute-not-allowed"},
		{"build attribute", "@if(prod)\npackage routes", "attribute-not-allowed"},
		{"field attribute", "package routes\n_a: string @tag(a)", "attribute-not-allowed"},
		{"struct attribute", "package routes\n_a: {@embed(file=x)}", "attribute-not-allowed"},
		{"default attribute", "package routes\n_a: 1 @default(2)", "attribute-not-allowed"},
		{"short range", `package routes
import "list"
_a: list.Range(0, 100, 1)`, ""},
		{"long range", `package routes
import "list"
_a: list.Range(0, 10_000_000, 1)`, "evaluation-limit"},
		{"small steps", `package routes
import "list"
_a: list.Range(0, 1, 0.00001)`, "evaluation-limit"},
		{"backwards", `package routes
import "list"
_a: list.Range(100000, 0, -1)`, "evaluation-limit"},
		{"renamed package", `package routes
import l "list"
_a: l.Repeat([1], 1e6)`, "evaluation-limit"},
		{"two loops", `package routes
_a: [for x in [1] for y in [2] {x}]`, ""},
		{"three loops", `package routes
_a: [for x in [1] for y in [2] for z in [3] {x}]`, "evaluation-limit"},
		{"three loops in each other", `package routes
_a: [for x in [1] {[for y in [2] {[for z in [3] {x}]}]}]`, "evaluation-limit"},
		{"loops side by side", `package routes
_a: [for x in [1] for y in [1] {x}]
_b: [for x in [1] for y in [1] {x}]`, ""},
		{"deep", "package routes\n_a: " + strings.Repeat("{a: ", 300) + "1" + strings.Repeat("}", 300), "evaluation-limit"},
	} {
		f, err := parser.ParseFile("routes/a/b.cue", c.source)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got := ""
		for _, d := range guard(f) {
			got += d.Code + " "
			if !d.Pos.IsValid() {
				t.Errorf("%s: %s has no place", c.name, d.Code)
			}
		}
		if strings.TrimSpace(got) != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
