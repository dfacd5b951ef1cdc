package readme

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValues(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []Value
		says string
	}{
		"nested": {
			text: "# a remark\n\n# -- one\n# line\na: 1\nb:\n  # -- two\n  c: [x]\n",
			want: []Value{{"a", "1", "one line"}, {"b.c", `["x"]`, "two"}},
		},
		"a default with keys": {
			text: "# -- sizes\nr:\n  cpu: 1\n",
			want: []Value{{"r", `{"cpu":1}`, "sizes"}},
		},
		"without a meaning": {text: "# a remark\na:\n  b: 1\n", says: "line 3: nothing says what a.b means"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "values.yaml"), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Values(dir)
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Fatalf("want %q, got %v", c.says, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
