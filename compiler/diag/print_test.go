package diag

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func sample() (List, Sources) {
	src := "package routes\n\nroutes: \"a\": #Route & {\n\tupstream: \"ordres\" // ü\n}\n"
	list := List{{
		Code: "unknown-upstream", Severity: Error,
		Pos:     Pos{File: "routes/x/a,b.cue", Line: 4, Column: 12},
		Path:    Path("routes", "a-b", "split", "0", "upstream"),
		Message: `upstream "ordres" is not declared`, Hint: `did you mean "orders"?`,
		Notes: []Note{{Pos{File: "routes/x/c.cue", Line: 1, Column: 2}, "declared 100% here"}},
	}, {Code: "unused-upstream", Severity: Warning, Message: "no place"}}
	return list, func(f string) []byte {
		if f == "routes/x/a,b.cue" {
			return []byte(src)
		}
		return nil
	}
}

func TestPrint(t *testing.T) {
	list, sources := sample()
	want := map[string]string{
		"text": "routes/x/a,b.cue:4:12: error: routes.\"a-b\".split[0].upstream: upstream \"ordres\" is not declared [unknown-upstream]\n" +
			"  4 | \tupstream: \"ordres\" // ü\n" +
			"    | \t          ^^^^^^^^\n" +
			"  hint: did you mean \"orders\"?\n" +
			"  note: routes/x/c.cue:1:2: declared 100% here\n" +
			"warning: no place [unused-upstream]\n",
		"json": `{"code":"unknown-upstream","severity":"error","file":"routes/x/a,b.cue","line":4,"column":12,"endLine":0,"endColumn":0,"path":"routes.\"a-b\".split[0].upstream","message":"upstream \"ordres\" is not declared","hint":"did you mean \"orders\"?","notes":[{"file":"routes/x/c.cue","line":1,"column":2,"message":"declared 100% here"}]}` + "\n" +
			`{"code":"unused-upstream","severity":"warning","file":"","line":0,"column":0,"endLine":0,"endColumn":0,"path":"","message":"no place","hint":"","notes":[]}` + "\n",
		"github": "::error file=routes/x/a%2Cb.cue,line=4,col=12,title=unknown-upstream::routes.\"a-b\".split[0].upstream: upstream \"ordres\" is not declared%0Adid you mean \"orders\"?%0Aroutes/x/c.cue:1:2: declared 100%25 here\n" +
			"::warning title=unused-upstream::no place\n",
	}
	for format := range want {
		var b strings.Builder
		if err := (Printer{Sources: sources}).Print(&b, format, list); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want[format], b.String()); d != "" {
			t.Errorf("%s:\n%s", format, d)
		}
	}
	if err := (Printer{}).Print(&strings.Builder{}, "xml", list); err == nil {
		t.Error("an unknown format is accepted")
	}
}

func TestSortDropsRepeats(t *testing.T) {
	a := Diagnostic{Code: "b", Pos: Pos{File: "x", Line: 2, Column: 1}}
	b := Diagnostic{Code: "a", Pos: Pos{File: "x", Line: 1, Column: 9}}
	got := List{a, b, a}.Sort()
	if d := cmp.Diff(List{b, a}, got); d != "" {
		t.Error(d)
	}
}

// FuzzText shows that no source and no position breaks the excerpt.
func FuzzText(f *testing.F) {
	f.Add("a\tb\nc", 1, 2, 1, 3)
	f.Add("\xff\n", 1, 1, 0, 0)
	f.Fuzz(func(t *testing.T, src string, line, col, endLine, endCol int) {
		var b strings.Builder
		d := Diagnostic{Code: "c", Severity: Error, Pos: Pos{"f", line, col, endLine, endCol}, Message: "m"}
		if err := (Printer{Sources: func(string) []byte { return []byte(src) }}).Print(&b, "text", List{d}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestLongLinesAreCut(t *testing.T) {
	long := strings.Repeat("ü", 5000)
	src := "a: \"" + long + "\", upstrem: \"x\" // " + long
	col := strings.Index(src, "upstrem") + 1
	d := Diagnostic{Code: "c", Severity: Error, Pos: Pos{"f", 1, col, 1, col + len("upstrem")}, Message: "m"}
	var b strings.Builder
	if err := (Printer{Sources: func(string) []byte { return []byte(src) }}).Print(&b, "text", List{d}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	if len(lines) < 3 || len(lines[1]) > maxExcerpt+20 || !strings.Contains(lines[1], "upstrem") {
		t.Fatalf("the excerpt is not the part around the place:\n%s", b.String())
	}
	runes := func(s, sep string) int { before, _, _ := strings.Cut(s, sep); return len([]rune(before)) }
	if runes(lines[1], "upstrem") != runes(lines[2], "^") || strings.Count(lines[2], "^") != len("upstrem") {
		t.Errorf("the caret is elsewhere:\n%s", b.String())
	}
}
