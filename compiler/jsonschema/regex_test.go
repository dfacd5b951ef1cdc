package jsonschema

import (
	"regexp"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/compiler/lang"
	"github.com/lintel-gateway/lintel/schemas"
)

func TestPortable(t *testing.T) {
	for expr, want := range map[string]string{
		`^/\S*$`: `^/[^\x09\x0a\x0c\x0d\x20]*$`, `^[^\s?#]$`: `^[^\x09\x0a\x0c\x0d\x20#?]$`, `^.+$`: `^[^\x0a]+$`,
		`^\d{1,5}(ab)?$`: `^[0-9]{1,5}(?:ab)?$`, `^(a|bc)+$`: `^(?:a|bc)+$`, `a{2,}b{3}`: `a{2,}b{3}`, `\$\.\[`: `\$\.\[`,
		`[\]\\^-]`: `[\-\\-\^]`, `^[^\x00-\x08]$`: `^[^\x00-\x08]$`, ``: ``, `µ`: `µ`, `(ab)*c`: `(?:ab)*c`,
	} {
		got, err := portable(expr)
		if err != nil || got != want {
			t.Errorf("portable(%s) = %s, %v, want %s", expr, got, err, want)
		}
	}
	for _, expr := range []string{"(", "(?i)a", `\bx`, "(?m)^a", "(?s).", "a+?"} {
		if got, err := portable(expr); err == nil {
			t.Errorf("portable(%s) = %s, want an error", expr, got)
		}
	}
}

// foreign is what RE2 and ECMA-262 read differently, or one of them not at all: classes
// by a letter, a bare dot, groups with names or flags, look-around, escapes of letters
// other than \xHH.
var foreign = regexp.MustCompile(`\\[A-Za-wyz0-9]|\(\?[^:]|\\x[^0-9a-f]`)

// TestPatternsOfTheSchema holds every pattern to be portable and to take the same texts
// as before.
func TestPatternsOfTheSchema(t *testing.T) {
	l, err := lang.Read(schemas.Files())
	if err != nil {
		t.Fatal(err)
	}
	patterns := map[string]bool{}
	var walk func(lang.Type)
	walk = func(one lang.Type) {
		switch one := one.(type) {
		case lang.Pattern:
			patterns[one.Regex] = true
		case lang.List:
			walk(one.Elem)
		case lang.Struct:
			for _, f := range one.Fields {
				walk(f.Type)
			}
			if one.Values != nil {
				walk(one.Keys)
				walk(one.Values)
			}
		case lang.All:
			for _, part := range one.Types {
				walk(part)
			}
		case lang.Any:
			for _, part := range one.Types {
				walk(part)
			}
		}
	}
	for _, d := range l.Definitions {
		walk(d.Type)
	}
	if len(patterns) < 10 {
		t.Fatalf("only %d patterns", len(patterns))
	}
	pieces := strings.Split("|a|A|7|.|-|_|/|*|*.|:|{|}|?|#| |\t|\n|\u00a0|\u2028|é|[|]|::1|http://|s|ms|µs|1h|$|\x00|\x7f|%41|a.example|65536", "|")
	for p := range patterns {
		text, err := portable(p)
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		if m := foreign.FindString(strings.ReplaceAll(text, `\\`, "")); m != "" {
			t.Errorf("%s became %s, which holds %s", p, text, m)
		}
		before, after := regexp.MustCompile(p), regexp.MustCompile(text)
		for _, a := range pieces {
			for _, b := range pieces {
				for _, c := range pieces {
					if s := a + b + c; before.MatchString(s) != after.MatchString(s) {
						t.Fatalf("%s became %s, which differs on %q", p, text, s)
					}
				}
			}
		}
	}
}

// FuzzPortable: what is written takes what was read.
func FuzzPortable(f *testing.F) {
	f.Add(`^/\S*$`, "/a b")
	f.Add(`^(a|[^b-d\s]){2,3}\.$`, "ae.")
	f.Add(`[\]\\^-]+`, "]")
	f.Fuzz(func(t *testing.T, expr, text string) {
		got, err := portable(expr)
		if err != nil {
			return
		}
		before, err := regexp.Compile(expr)
		if err != nil {
			return // larger than Go compiles
		}
		after, err := regexp.Compile(got)
		if err != nil {
			t.Fatalf("%q became %q: %v", expr, got, err)
		}
		if before.MatchString(text) != after.MatchString(text) {
			t.Errorf("%q became %q, which differs on %q", expr, got, text)
		}
	})
}
