package suggest

import "testing"

func TestOdd(t *testing.T) {
	for name, want := range map[string]string{
		"orders": "", "": "", "\u043erders": `'о' is U+043E, no character of ASCII`,
		"a\u200bb": "it holds U+200B, which cannot be seen", "a\u00a0": "it holds U+00A0, which cannot be seen",
	} {
		if got := Odd(name); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
}
