package docs

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGlance holds the table in the schema's README to the fields that there are.
func TestGlance(t *testing.T) {
	readme, err := os.ReadFile("../../schemas/README.md")
	if err != nil {
		t.Fatal(err)
	}
	l, err := Language()
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| \\[`(#\\w+)`\\]\\([^)]*\\) \\| ([^|]*) \\|").FindAllStringSubmatch(string(readme), -1)
	if len(rows) < 8 {
		t.Fatalf("the table has only %d rows", len(rows))
	}
	for _, r := range rows {
		var want []string
		for _, f := range l.Def(r[1]).Struct().Fields {
			want = append(want, f.Name)
		}
		if d := cmp.Diff(want, strings.Fields(strings.ReplaceAll(r[2], "`", ""))); d != "" {
			t.Errorf("the fields of %s (-schema +README):\n%s", r[1], d)
		}
	}
}
