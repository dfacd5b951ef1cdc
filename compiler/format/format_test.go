package format

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "routes")
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		return path
	}
	odd := write("shop.example/a.cue", "package routes\n// kept\nroutes:   a: {upstream:\"x\"  // why\n}\n")
	write("shop.example/b.cue", "package routes\n")
	write("shop.example/broken.cue", "package routes\n\nroutes: {\n")
	write(".git/x.cue", "package   x")
	write("notes.txt", "package   x")
	write("big.cue", "package routes\n"+strings.Repeat("// x\n", 1<<18))
	if err := os.Symlink(odd, filepath.Join(dir, "link.cue")); err != nil {
		t.Fatal(err)
	}
	files, found, err := Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 2 || files[0].Name != "routes/shop.example/a.cue" || !files[0].Changed() || files[1].Changed() {
		t.Fatalf("files are %+v", files)
	}
	if len(found) != 2 || found[0].Code != "file-too-large" || found[1].Code != "syntax" || found[1].Pos.File != "routes/shop.example/broken.cue" || found[1].Pos.Line < 3 {
		t.Errorf("diagnostics are %+v", found)
	}
	want := "package routes\n\n// kept\nroutes: a: {upstream: \"x\" // why\n}\n"
	if string(files[0].After) != want {
		t.Errorf("the form is %q", files[0].After)
	}
	if err := files[0].Write(); err != nil {
		t.Fatal(err)
	}
	again, _, err := Dir(dir)
	if err != nil || again[0].Changed() {
		t.Errorf("the form of the form is another: %v\n%s", err, again[0].After)
	}
	if info, err := os.Stat(odd); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode is %v, %v", info.Mode(), err)
	}
}
