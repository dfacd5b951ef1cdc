package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestDiscover(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	fsys := fstest.MapFS{
		"lintel.cue":               file("package routes"),
		"b.cue":                    file("\ufeffpackage routes"),
		"a.cue":                    file("package routes"),
		"notes.md":                 file("no"),
		"_hidden.cue":              file("no"),
		"_env/prod.cue":            file("no"),
		".git/x.cue":               file("no"),
		"shop.example/z.cue":       file("package routes"),
		"shop.example/a.cases.cue": file("package routes"),
		"shop.example/a.cue":       file("package routes"),
		"shop.example/_x.cue":      file("no"),
		"shop.example/sub/x.cue":   file("no"),
		"shop.example/x_tool.cue":  file("no"),
		"shop.example/big.cue":     file(strings.Repeat(" ", MaxFile+1)),
		"shop.example/bin.cue":     file("\xff\xfe"),
		"docs/readme.md":           file("no"),
		"Bad Name/a.cue":           file("package routes"),
	}
	tr, found, err := discover(fsDir{fsys: fsys, at: ".", end: func() {}}, "routes")
	if err != nil {
		t.Fatal(err)
	}
	got := []string{"lintel: " + string(tr.lintel)}
	for _, f := range tr.shared {
		got = append(got, f.name+": "+string(f.data))
	}
	for _, d := range tr.domains {
		for _, f := range d.files {
			got = append(got, d.name+": "+f.name+" "+f.module())
		}
	}
	want := []string{
		"lintel: package routes",
		"routes/a.cue: package routes",
		"routes/b.cue: package routes",
		"Bad Name: routes/Bad Name/a.cue a",
		"shop.example: routes/shop.example/a.cue a",
		"shop.example: routes/shop.example/z.cue z",
		"shop.example: routes/shop.example/a.cases.cue a",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("files differ (-want +got):\n%s", d)
	}
	var codes []string
	for _, d := range found.Sort() {
		codes = append(codes, d.Pos.File+" "+d.Code+" "+string(d.Severity))
	}
	wantCodes := []string{
		"routes/Bad Name bad-name error",
		"routes/docs empty-domain warning",
		"routes/shop.example/big.cue file-too-large error",
		"routes/shop.example/bin.cue not-utf8 error",
		"routes/shop.example/sub folder-in-domain error",
		"routes/shop.example/x_tool.cue tool-file error",
	}
	if d := cmp.Diff(wantCodes, codes); d != "" {
		t.Errorf("diagnostics differ (-want +got):\n%s", d)
	}
}

// TestLinks holds that no link leads out of the routes directory.
func TestLinks(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(filepath.Join(outside, "x.cue"), []byte("package routes"), 0o600))
	must(os.Mkdir(filepath.Join(dir, "a.example"), 0o700))
	must(os.Symlink(filepath.Join(outside, "x.cue"), filepath.Join(dir, "a.example", "x.cue")))
	must(os.Symlink(outside, filepath.Join(dir, "b.example")))
	must(os.Symlink(filepath.Join(outside, "x.cue"), filepath.Join(dir, "shared.cue")))
	res, err := Load(t.Context(), Options{Dir: dir, Base: "routes"})
	must(err)
	var got []string
	for _, d := range res.Diagnostics {
		got = append(got, d.Pos.File+" "+d.Code)
	}
	want := []string{"routes/a.example/x.cue not-a-file", "routes/b.example not-a-file", "routes/shared.cue not-a-file"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("diagnostics differ (-want +got):\n%s", d)
	}
	if len(res.Program.Files) != 0 {
		t.Errorf("files were read through links: %d", len(res.Program.Files))
	}
}

func TestLoadAbsent(t *testing.T) {
	_, err := Load(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "none")})
	if err == nil || !strings.Contains(err.Error(), "open routes directory") {
		t.Errorf("error %v", err)
	}
}
