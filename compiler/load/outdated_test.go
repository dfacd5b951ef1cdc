package load

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/schemas"
)

func TestOutdated(t *testing.T) {
	root := t.TempDir()
	write := func(name string, data []byte) {
		t.Helper()
		name = filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	codes := func() (got []string) {
		t.Helper()
		r, err := Load(t.Context(), Options{Dir: filepath.Join(root, "gw", "routes")})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range r.Diagnostics {
			got = append(got, d.Pos.File+" "+d.Code+" "+string(d.Severity))
		}
		return got
	}
	write("cue.mod/module.cue", []byte("module: \"example.com/gw@v0\"\nlanguage: version: \"v0.17.0\"\n"))
	write("gw/routes/a.example/a.cue", []byte("package routes\ndomain: hosts: [\"a.example\"]\n"))
	if got := codes(); got != nil {
		t.Errorf("without copies: %q", got)
	}
	write("gw/routes/lintel.cue", schemas.LintelCUE("example.com/gw"))
	names, contents := schemas.Files()
	for i, name := range names {
		write("schemas/"+name, contents[i])
	}
	if got := codes(); got != nil {
		t.Errorf("with equal copies: %q", got)
	}
	// A copy never has a say: this one is not even CUE.
	write("gw/routes/lintel.cue", []byte("package {"))
	write("schemas/match.cue", append(contents[0], "// more\n"...))
	want := []string{"routes/lintel.cue schema-outdated warning", "schemas/match.cue schema-outdated warning"}
	if d := cmp.Diff(want, codes()); d != "" {
		t.Errorf("with other copies (-want +got):\n%s", d)
	}
	if r, m := ModuleRoot(filepath.Join(root, "gw", "routes")); r != root || m != "example.com/gw" {
		t.Errorf("ModuleRoot: %q %q", r, m)
	}
}
