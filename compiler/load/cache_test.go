package load

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

func testTree() fstest.MapFS {
	return fstest.MapFS{
		"a.example/a.cue": {Data: []byte(`package routes
domain: hosts: ["a.example"]
upstreams: u: endpoints: ["10.0.0.1:80"]
routes: r: {upstream: "u", tests: c: {request: {}, expect: {}}}
`)},
		"b.example/b.cue": {Data: []byte(`package routes
domain: {hosts: ["b.example"], owner: "b"}
secrets: s: file: "x/y"
`)},
	}
}

func loadTree(t *testing.T, fsys fs.FS, cache string) *ir.Program {
	t.Helper()
	res, err := Load(t.Context(), Options{FS: fsys, Cache: cache})
	if err != nil || len(res.Diagnostics) > 0 {
		t.Fatalf("load: %v %v", err, res)
	}
	return res.Program
}

func entries(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// same compares two programs but for their indexes, which are built on demand.
func same(t *testing.T, a, b *ir.Program) {
	t.Helper()
	noIndex := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Index" }, cmp.Ignore())
	if d := cmp.Diff(a, b, noIndex); d != "" {
		t.Errorf("programs differ (-want +got):\n%s", d)
	}
}

func TestCache(t *testing.T) {
	want := loadTree(t, testTree(), "off")
	dir := filepath.Join(t.TempDir(), "cache")
	same(t, want, loadTree(t, testTree(), dir))
	if n := len(entries(t, dir)); n != 2 {
		t.Fatalf("%d entries, want one for each domain", n)
	}
	warm := loadTree(t, testTree(), dir)
	same(t, want, warm)
	if pos, depth := warm.Domains[0].Index.Lookup("routes", "r", "upstream"); depth != 3 || pos.Line != 4 {
		t.Errorf("index of a cached domain: %+v at depth %d", pos, depth)
	}

	for name, damage := range map[string]func([]byte) []byte{
		"truncated": func(b []byte) []byte { return b[:len(b)/2] },
		"empty":     func([]byte) []byte { return nil },
		"flipped":   func(b []byte) []byte { b[len(b)-3] ^= 1; return b },
	} {
		for _, f := range entries(t, dir) {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(f, damage(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		t.Run(name, func(t *testing.T) { same(t, want, loadTree(t, testTree(), dir)) })
	}

	changed := testTree()
	changed["a.example/a.cue"].Data = append(changed["a.example/a.cue"].Data, "routes: more: upstream: \"u\"\n"...)
	if p := loadTree(t, changed, dir); len(p.Domains[0].Routes) != 2 {
		t.Error("a changed file was not read")
	}
	if n := len(entries(t, dir)); n != 3 {
		t.Errorf("%d entries, want only the changed domain to be new", n)
	}
}

// TestCacheKey holds that everything that can change the outcome is in the key.
func TestCacheKey(t *testing.T) {
	c := openCache(t.TempDir(), "v1")
	shared, files := []file{{"routes/t.cue", []byte("a")}}, []file{{"routes/d/x.cue", []byte("b")}, {"routes/d/y.cue", nil}}
	keys := map[string]string{c.key("d", shared, files): "base"}
	for name, key := range map[string]string{
		"version":      openCache(t.TempDir(), "v2").key("d", shared, files),
		"domain":       c.key("e", shared, files),
		"shared":       c.key("d", []file{{"routes/t.cue", []byte("b")}}, files),
		"shared moved": c.key("d", nil, append(shared, files...)),
		"name":         c.key("d", shared, []file{{"routes/d/z.cue", []byte("b")}, {"routes/d/y.cue", nil}}),
		"boundary":     c.key("d", shared, []file{{"routes/d/x.cue", nil}, {"routes/d/y.cue", []byte("b")}}),
	} {
		if other, has := keys[key]; has {
			t.Errorf("%s has the key of %s", name, other)
		}
		keys[key] = name
	}
}

func TestCacheUnusable(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	same(t, loadTree(t, testTree(), "off"), loadTree(t, testTree(), blocked))
}

func TestCacheTrim(t *testing.T) {
	c := openCache(t.TempDir(), "v")
	c.limit = 1000
	for i, key := range []string{"aa1", "bb2", "cc3", "dd4"} {
		c.put(key, make([]byte, 300))
		at := time.Unix(int64(1000+i), 0)
		if err := os.Chtimes(c.path(key), at, at); err != nil {
			t.Fatal(err)
		}
	}
	c.trim()
	for key, want := range map[string]bool{"aa1": false, "bb2": false, "cc3": true, "dd4": true} {
		if _, got := c.get(key); got != want {
			t.Errorf("%s kept: %v, want %v", key, got, want)
		}
	}
}

// TestProve holds that a proof is of one content: a change of the domain or of a
// shared file makes it void.
func TestProve(t *testing.T) {
	dir := t.TempDir()
	load := func(fsys fstest.MapFS) (r *Result, proven []bool) {
		t.Helper()
		r, err := Load(t.Context(), Options{FS: fsys, Cache: dir})
		if err != nil || r.Diagnostics.HasErrors() {
			t.Fatalf("load: %v %v", err, r)
		}
		for _, d := range r.Program.Domains {
			proven = append(proven, d.Proven)
		}
		return r, proven
	}
	check := func(what string, got []bool, want ...bool) {
		t.Helper()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
	_, got := load(testTree())
	check("cold", got, false, false)
	r, got := load(testTree())
	check("cached and not proven", got, false, false)
	r.Prove(diag.List{{Severity: diag.Warning}})
	_, got = load(testTree())
	check("a finding without a place", got, false, false)
	r, _ = load(testTree())
	r.Prove(diag.List{{Severity: diag.Warning, Pos: diag.Pos{File: "routes/a.example/a.cue", Line: 1}}})
	_, got = load(testTree())
	check("a finding in one domain", got, false, true)
	r, _ = load(testTree())
	r.Prove(nil)
	_, got = load(testTree())
	check("proven", got, true, true)
	changed := testTree()
	changed["a.example/a.cue"].Data = append(changed["a.example/a.cue"].Data, "routes: more: upstream: \"u\"\n"...)
	_, got = load(changed)
	check("one domain changed", got, false, true)
	changed["shared.cue"] = &fstest.MapFile{Data: []byte("package routes\nupstreams: s: endpoints: [\"10.0.0.1:80\"]\n")}
	_, got = load(changed)
	check("shared file changed", got, false, false)
}
