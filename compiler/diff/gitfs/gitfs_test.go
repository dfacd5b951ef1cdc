package gitfs_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/diff/gitfs"
	"github.com/lintel-gateway/lintel/compiler/load"
)

// repo is a Git repository of its own, whatever the machine's configuration.
type repo struct {
	t   *testing.T
	dir string
}

func newRepo(t *testing.T) repo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	r := repo{t, t.TempDir()}
	for k, v := range map[string]string{
		"HOME": t.TempDir(), "XDG_CONFIG_HOME": "", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.DevNull,
		"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@a.example", "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
		"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@a.example", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
	} {
		t.Setenv(k, v)
	}
	r.git("init", "--quiet", "--initial-branch=main")
	return r
}

func (r repo) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", r.dir}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return strings.TrimSpace(string(out))
}

func (r repo) write(name, text string) {
	r.t.Helper()
	name = filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r repo) commit() string {
	r.t.Helper()
	r.git("add", "-A")
	r.git("commit", "--quiet", "--allow-empty", "-m", "x")
	return r.git("rev-parse", "HEAD")
}

// open opens the repository as seen from a folder in it.
func (r repo) open(folder string) *gitfs.Repo {
	r.t.Helper()
	g, err := gitfs.Open(context.Background(), filepath.Join(r.dir, folder))
	if err != nil {
		r.t.Fatal(err)
	}
	return g
}

func tree(t *testing.T, g *gitfs.Repo, commit string, l gitfs.Limits) (fs.FS, error) {
	t.Helper()
	return g.Tree(context.Background(), commit, l)
}

// texts are the files of a tree with their content, anything else with its mode.
func texts(t *testing.T, fsys fs.FS) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !e.Type().IsRegular() {
			if e.Type() != fs.ModeDir {
				out[name] = e.Type().String()
			}
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		out[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTree(t *testing.T) {
	r := newRepo(t)
	r.write("gw/routes/shared.cue", "one\r\n$Format:%H$")
	r.write("gw/routes/a.example/a.cue", "two")
	r.write("gw/routes/a.example/b e\tf\n\"g\".cue", "three")
	r.write("gw/routes/README.md", "not a route file")
	r.write("gw/routes/_env/big.cue", strings.Repeat("x", load.MaxFile+100))
	r.write("gw/other.cue", "outside")
	// Filters and substitutions change what is checked out, and not what is stored.
	r.write(".gitattributes", "*.cue text eol=crlf export-subst filter=bad\na.cue export-ignore")
	if err := os.Symlink("/etc", filepath.Join(r.dir, "gw/routes/link")); err != nil {
		t.Fatal(err)
	}
	r.git("-c", "core.autocrlf=false", "add", "gw", ".gitattributes")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",gw/routes/module")
	r.git("commit", "--quiet", "-m", "x")
	commit := r.git("rev-parse", "HEAD")
	stored := r.git("cat-file", "blob", "HEAD:gw/routes/shared.cue")
	// The working tree has no say.
	if err := os.RemoveAll(filepath.Join(r.dir, "gw")); err != nil {
		t.Fatal(err)
	}
	g := r.open("gw/routes")
	if g.Folder() != "gw/routes" {
		t.Errorf("the folder is %q", g.Folder())
	}
	fsys, err := tree(t, g, commit, gitfs.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got := texts(t, fsys)
	if n := len(got["_env/big.cue"]); n != load.MaxFile+1 {
		t.Errorf("a file that is too large has %d bytes", n)
	}
	delete(got, "_env/big.cue")
	want := map[string]string{
		"shared.cue": stored, "a.example/a.cue": "two", "a.example/b e\tf\n\"g\".cue": "three", "link": "L---------",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if info, err := fs.Stat(fsys, "module"); err != nil || !info.IsDir() {
		t.Errorf("a submodule is %v %v", info, err)
	}
}

func TestTreeIsAnFS(t *testing.T) {
	r := newRepo(t)
	r.write("a/b.cue", "b")
	r.write("c.cue", "")
	fsys, err := tree(t, r.open("."), r.commit(), gitfs.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(fsys, "a/b.cue", "c.cue"); err != nil {
		t.Error(err)
	}
}

func TestLimits(t *testing.T) {
	r := newRepo(t)
	for _, n := range []string{"a", "b", "c"} {
		r.write("routes/"+n+".cue", strings.Repeat(n, 1000))
		r.write("routes/"+n+".txt", n)
	}
	commit, g := r.commit(), r.open("routes")
	for _, c := range []struct {
		limits gitfs.Limits
		want   string
	}{
		{gitfs.Limits{Entries: 6, Bytes: 3000}, ""},
		{gitfs.Limits{Entries: 5}, "there are more than 5 files"},
		{gitfs.Limits{Bytes: 2999}, "the route files are too large together"},
	} {
		_, err := tree(t, g, commit, c.limits)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", c.limits, err, c.want)
		}
	}
}

// TestRevisions holds that what names no commit is a sentence, and that nothing in a
// name is taken for an option or a command.
func TestRevisions(t *testing.T) {
	r := newRepo(t)
	r.write("routes/a.cue", "a")
	commit := r.commit()
	r.git("branch", "feature/x")
	r.git("tag", "-a", "v1", "-m", "v1")
	g := r.open("routes")
	for _, good := range []string{"HEAD", "main", "feature/x", "v1", commit, commit[:10], "refs/heads/main", "HEAD~0", "@"} {
		if got, err := g.Commit(context.Background(), good); err != nil || got != commit {
			t.Errorf("%s: %s %v", good, got, err)
		}
	}
	before := r.git("status", "--porcelain", "--ignored")
	for _, bad := range []string{
		"", "-", "--output=x", "--all", "-h", "--exec-path=.", ";", ";touch pwned", "HEAD;touch pwned", "$(touch pwned)",
		"`touch pwned`", "HEAD\ntouch pwned", "HEAD\x00", "main nowhere", "nowhere", "HEAD~9", "HEAD:routes", "HEAD^{tree}",
		"main..HEAD", "^HEAD", "../x", "\x1b[2J", strings.Repeat("x", 1<<16), "HEAD^{commit", "|cat", "> pwned",
	} {
		got, err := g.Commit(context.Background(), bad)
		if err == nil {
			t.Errorf("%.80q is %s", bad, got)
			continue
		}
		if strings.ContainsAny(err.Error(), "\x1b\n\x00") {
			t.Errorf("%.80q: the message holds it raw: %q", bad, err)
		}
	}
	if after := r.git("status", "--porcelain", "--ignored"); after != before {
		t.Errorf("something was written: %s", after)
	}
	if _, err := os.Stat("x"); err == nil {
		t.Error("something was written here")
	}
}

func TestMergeBase(t *testing.T) {
	r := newRepo(t)
	r.write("a.cue", "a")
	base := r.commit()
	r.git("checkout", "--quiet", "-b", "other")
	r.write("b.cue", "b")
	other := r.commit()
	r.git("checkout", "--quiet", "main")
	r.write("c.cue", "c")
	main := r.commit()
	g := r.open(".")
	if got, err := g.MergeBase(context.Background(), main, other); err != nil || got != base {
		t.Errorf("%s %v, want %s", got, err, base)
	}
	r.git("checkout", "--quiet", "--orphan", "alone")
	alone := r.commit()
	if _, err := g.MergeBase(context.Background(), main, alone); err == nil || !strings.Contains(err.Error(), "no common ancestor") {
		t.Error(err)
	}
	if _, err := g.MergeBase(context.Background(), "--all", main); err == nil {
		t.Error("an option was taken for a commit")
	}
}

func TestNotThere(t *testing.T) {
	r := newRepo(t)
	r.write("routes/a.cue", "a")
	commit := r.commit()
	if _, err := tree(t, r.open("gone/routes"), commit, gitfs.Limits{}); err == nil || !strings.Contains(err.Error(), "has no folder gone/routes") {
		t.Error(err)
	}
	if _, err := tree(t, r.open("routes/a.cue"), commit, gitfs.Limits{}); err == nil {
		t.Error("a file was read as a folder")
	}
	if _, err := tree(t, r.open("routes"), "--all", gitfs.Limits{}); err == nil {
		t.Error("an option was taken for a commit")
	}
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(r.dir))
	if _, err := gitfs.Open(context.Background(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "git: not a git repository") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.open("routes").Tree(ctx, commit, gitfs.Limits{}); err == nil {
		t.Error("it did not end")
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := gitfs.Open(context.Background(), r.dir); err == nil || !strings.Contains(err.Error(), "git is not installed, or not in PATH") {
		t.Error(err)
	}
}

// TestMissingObject holds that a repository without its objects is told as such.
func TestMissingObject(t *testing.T) {
	r := newRepo(t)
	r.write("routes/a.cue", "a")
	commit := r.commit()
	blob := r.git("rev-parse", "HEAD:routes/a.cue")
	object := filepath.Join(r.dir, ".git/objects", blob[:2], blob[2:])
	if err := os.Remove(object); err != nil {
		t.Fatal(err)
	}
	if _, err := tree(t, r.open("routes"), commit, gitfs.Limits{}); err == nil || !strings.Contains(err.Error(), `the content of "a.cue" is not in this clone`) {
		t.Error(err)
	}
}

// TestInHook holds that the folder decides which repository is read, in a hook, too,
// and in a repository without a working tree.
func TestInHook(t *testing.T) {
	r := newRepo(t)
	r.write("gw/routes/a.cue", "a")
	commit := r.commit()
	bare := filepath.Join(t.TempDir(), "bare.git")
	r.git("clone", "--quiet", "--bare", r.dir, bare)
	t.Setenv("GIT_DIR", ".git")
	t.Setenv("GIT_INDEX_FILE", ".git/index")
	for _, dir := range []string{filepath.Join(r.dir, "gw/routes"), filepath.Join(bare, "gw/routes")} {
		g, err := gitfs.Open(context.Background(), dir)
		if err != nil {
			t.Fatal(err)
		}
		fsys, err := tree(t, g, commit, gitfs.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(map[string]string{"a.cue": "a"}, texts(t, fsys)); d != "" {
			t.Errorf("%s: %s", dir, d)
		}
	}
}

func TestRange(t *testing.T) {
	type parts struct {
		Old, New string
		Base, OK bool
	}
	for arg, want := range map[string]parts{
		"main..HEAD":   {"main", "HEAD", false, true},
		"main...topic": {"main", "topic", true, true},
		"main..":       {"main", "HEAD", false, true},
		"..topic":      {"HEAD", "topic", false, true},
		"..":           {"HEAD", "HEAD", false, true},
		"v1.2.3":       {},
		"main":         {},
		"a..b..c":      {"a", "b..c", false, true},
	} {
		var got parts
		got.Old, got.New, got.Base, got.OK = gitfs.Range(arg)
		if got != want {
			t.Errorf("%s: %+v, want %+v", arg, got, want)
		}
	}
}
