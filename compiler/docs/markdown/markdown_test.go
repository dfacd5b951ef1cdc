package markdown_test

import (
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/compiler/docs/markdown"
)

func TestTable(t *testing.T) {
	var b strings.Builder
	markdown.Table(&b, []string{"A", "B"}, [][]string{{"x|y", "two\nlines"}})
	if want := "| A | B |\n|---|---|\n| x\\|y | two lines |\n\n"; b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestCode(t *testing.T) {
	for text, want := range map[string]string{"": "", "a": "`a`", "a`b": "``a`b``", "`a": "`` `a ``"} {
		if got := markdown.Code(text); got != want {
			t.Errorf("Code(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"a_b *c* <d> [e] \\": `a\_b \*c\* \<d> \[e] \\`,
		"see `a_b`, a_b":     "see `a_b`, a\\_b",
	} {
		if got := markdown.Text(text); got != want {
			t.Errorf("Text(%q) = %s, want %s", text, got, want)
		}
	}
}
