package load

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/cache"
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

func loadTree(t *testing.T, fsys fs.FS, dir string) *ir.Program {
	t.Helper()
	res, err := Load(t.Context(), Options{FS: fsys, Cache: cache.Open(dir, "v")})
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

// same compares two programs but for what depends on the cache.
func same(t *testing.T, a, b *ir.Program) {
	t.Helper()
	derived := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Index" || p.Last().String() == ".Key" }, cmp.Ignore())
	if d := cmp.Diff(a, b, derived); d != "" {
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

// TestKey holds that all that a domain is made of is in its key.
func TestKey(t *testing.T) {
	c := cache.Open(t.TempDir(), "v1")
	key := func(name, shared string, files ...file) string {
		return domainKey(c, shared, folder{name, files})
	}
	x, y := file{"routes/d/x.cue", []byte("b")}, file{"routes/d/y.cue", nil}
	keys := map[string]string{key("d", "s", x, y): "base"}
	for name, key := range map[string]string{
		"domain":   key("e", "s", x, y),
		"shared":   key("d", "t", x, y),
		"name":     key("d", "s", file{"routes/d/z.cue", x.data}, y),
		"boundary": key("d", "s", file{x.name, nil}, file{y.name, x.data}),
		"fewer":    key("d", "s", x),
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

// TestProve holds that a proof is of one content: a change of the domain or of a
// shared file makes it void.
func TestProve(t *testing.T) {
	dir := t.TempDir()
	load := func(fsys fstest.MapFS) (r *Result, proven []bool) {
		t.Helper()
		r, err := Load(t.Context(), Options{FS: fsys, Cache: cache.Open(dir, "v")})
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
	r.Prove(diag.List{{Severity: diag.Warning}}, func(*ir.Domain) bool { return true }, func(*ir.Domain) *ir.Outline { return &ir.Outline{} })
	_, got = load(testTree())
	check("a finding without a place", got, false, false)
	r, _ = load(testTree())
	r.Prove(diag.List{{Severity: diag.Warning, Pos: diag.Pos{File: "routes/a.example/a.cue", Line: 1}}}, func(*ir.Domain) bool { return true }, func(*ir.Domain) *ir.Outline { return &ir.Outline{} })
	_, got = load(testTree())
	check("a finding in one domain", got, false, true)
	r, _ = load(testTree())
	r.Prove(nil, func(*ir.Domain) bool { return true }, func(*ir.Domain) *ir.Outline { return &ir.Outline{} })
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
