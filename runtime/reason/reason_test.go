package reason

import (
	"regexp"
	"strings"
	"testing"
)

// TestTable: every code has a word of its own, says what it means and what to do, and
// has a status unless a filter sets it.
func TestTable(t *testing.T) {
	word := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	seen := map[string]bool{}
	for _, c := range All() {
		if !word.MatchString(c.String()) || seen[c.String()] {
			t.Errorf("code %d has the word %q", c, c)
		}
		seen[c.String()] = true
		if !strings.HasSuffix(c.Meaning(), ".") || c.Advice() == "" {
			t.Errorf("%s does not say what it means and what to do: %q, %q", c, c.Meaning(), c.Advice())
		}
		if s := c.Status(); (s < 400 || s > 599) != (c == FilterAnswer) {
			t.Errorf("%s has the status %d", c, s)
		}
	}
	if len(seen) != int(count)-1 || OK.String() != "" || OK.Status() != 0 {
		t.Errorf("%d codes, OK is %q %d", len(seen), OK, OK.Status())
	}
	if beyond := Code(count); beyond.String() != "unknown" || beyond.Status() != 500 || beyond.Meaning() != "" || beyond.Advice() != "" {
		t.Errorf("a code beyond the table is %q %d", beyond, beyond.Status())
	}
}
