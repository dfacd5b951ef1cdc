package compiler_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diag"
)

// TestBroken checks whole repositories on disk, as `lintel check` prints what it
// finds. What a text archive cannot hold is said behind "|" in a file's name; see
// testdata/README.md.
func TestBroken(t *testing.T) {
	archives, err := filepath.Glob("testdata/broken/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			arc, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := printed(t, checkArchive(t, arc))
			for i, f := range arc.Files {
				if f.Name != "want" {
					continue
				}
				if *update {
					arc.Files[i].Data = []byte(got)
					if err := os.WriteFile(name, txtar.Format(arc), 0o644); err != nil {
						t.Fatal(err)
					}
				} else if d := cmp.Diff(string(f.Data), got); d != "" {
					t.Errorf("(-want +got), -update rewrites:\n%s", d)
				}
				return
			}
			t.Error("the archive has no file want")
		})
	}
}

// checkArchive writes the repository of an archive and compiles its folder routes.
func checkArchive(t *testing.T, arc *txtar.Archive) *compiler.Result {
	t.Helper()
	root := filepath.Join(t.TempDir(), "repo")
	if err := os.MkdirAll(filepath.Join(root, "routes"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range arc.Files {
		if f.Name == "want" || strings.HasPrefix(f.Name, "want/") {
			continue
		}
		if err := place(root, f); err != nil {
			t.Fatal(err)
		}
	}
	res, err := compiler.Compile(context.Background(), compiler.Options{Dir: filepath.Join(root, "routes"), Cache: "off"})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// place writes one file of an archive below root.
func place(root string, f txtar.File) error {
	name, how, _ := strings.Cut(f.Name, "|")
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	text := string(f.Data)
	switch how {
	case "":
	case "base64":
		data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil {
			return err
		}
		text = string(data)
	case "quoted": // a Go string on each line
		var b strings.Builder
		for line := range strings.Lines(text) {
			s, err := strconv.Unquote(strings.TrimSpace(line))
			if err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
			b.WriteString(s)
		}
		text = b.String()
	case "crlf":
		text = strings.ReplaceAll(text, "\n", "\r\n")
	case "cr":
		text = strings.ReplaceAll(text, "\n", "\r")
	case "dir":
		return os.MkdirAll(path, 0o755)
	case "link":
		return os.Symlink(strings.TrimSpace(text), path)
	default: // N is repeated for "@"
		n, err := strconv.Atoi(how)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		text = strings.ReplaceAll(text, "@", strings.Repeat("x", n))
		text = strings.ReplaceAll(text, "<<", strings.Repeat("{a: ", n))
		text = strings.ReplaceAll(text, ">>", strings.Repeat("}", n))
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// printed is what `lintel check` prints.
func printed(t *testing.T, res *compiler.Result) string {
	t.Helper()
	var b strings.Builder
	p := diag.Printer{Sources: func(name string) []byte { return res.Program.Files[name] }}
	if err := p.Print(&b, "text", res.Diagnostics); err != nil {
		t.Fatal(err)
	}
	if res.Bundle != nil {
		b.WriteString("ok\n")
	}
	return b.String()
}

// unreadable is a file system with a file that may not be read.
type unreadable struct {
	fstest.MapFS
	name string
}

func (u unreadable) Open(name string) (fs.File, error) {
	if name == u.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return u.MapFS.Open(name)
}

func (u unreadable) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == u.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return u.MapFS.ReadDir(name)
}

// TestUnreadable: what cannot be read is a failure that names it, and no mistake of an
// author's; nothing is compiled without it.
func TestUnreadable(t *testing.T) {
	files := fstest.MapFS{
		"shop.example/a.cue":      {Data: []byte("package routes\n\ndomain: hosts: [\"shop.example\"]\nroutes: a: filters: respond: {}\n")},
		"shop.example/closed.cue": {Data: []byte("package routes\n")},
	}
	for _, name := range []string{"shop.example/closed.cue", "shop.example", "."} {
		res, err := compiler.Compile(context.Background(), compiler.Options{FS: unreadable{files, name}, Cache: "off"})
		if !errors.Is(err, fs.ErrPermission) || res != nil || !strings.Contains(err.Error(), path.Join("routes", name)) {
			t.Errorf("%s: %v, %v", name, res, err)
		}
	}
}
