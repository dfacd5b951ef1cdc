package owners

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/route"
)

func program() *ir.Program {
	return &ir.Program{
		Shared: ir.Shared{Settings: ir.Settings{Owner: "team-platform"}},
		Domains: []*ir.Domain{
			{Def: route.Domain{Name: "a.example"}, Owner: "team-a"},
			{Def: route.Domain{Name: "b.example"}},
			{Def: route.Domain{Name: "c.example"}, Owner: "@other/team-c"},
		},
	}
}

const part = begin + `
/routes/*.cue @acme/team-platform
/routes/_env/ @acme/team-platform
/routes/a.example/ @acme/team-a
/routes/c.example/ @other/team-c
` + end + "\n"

func TestCodeowners(t *testing.T) {
	if d := cmp.Diff(part, string(Codeowners(Of(program(), "routes"), "acme"))); d != "" {
		t.Error(d)
	}
}

func TestSplice(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"nothing there":     {"", part},
		"text of others":    {"* @all\n", "* @all\n\n" + part},
		"no end of line":    {"* @all", "* @all\n\n" + part},
		"an older part":     {"* @all\n" + begin + "\n/old @x\n" + end + "\n/ci/ @y\n", "* @all\n" + part + "/ci/ @y\n"},
		"the very part":     {part, part},
		"text on each side": {"a\n" + part + "b\n", "a\n" + part + "b\n"},
	} {
		got, err := Splice([]byte(c.file), []byte(part))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(c.want, string(got)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if _, err := Splice([]byte(begin+"\n/a @b\n"), []byte(part)); !errors.Is(err, ErrNoEnd) {
		t.Errorf("without an end: %v", err)
	}
}
