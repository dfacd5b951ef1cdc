package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestIsGitAndRedact(t *testing.T) {
	for address, git := range map[string]bool{
		"https://git.example/r.git": true, "ssh://git@git.example/r": true, "git@git.example:team/r.git": true, "file:///srv/r": true,
		"routes": false, "/srv/routes": false, "./a@b": false, "C:routes": false,
	} {
		if IsGit(address) != git {
			t.Errorf("%s: %v", address, !git)
		}
	}
	for address, want := range map[string]string{
		"https://user:secret@git.example/r.git": "https://[redacted]@git.example/r.git",
		"https://to@ken@git.example":            "https://[redacted]@git.example",
		"https://git.example/a@b":               "https://git.example/a@b",
		"git@git.example:r":                     "git@git.example:r",
	} {
		if got := Redact(address); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
}

func repository(t *testing.T) (dir string, git func(args ...string) string) {
	t.Helper()
	dir = t.TempDir()
	git = func(args ...string) string {
		t.Helper()
		out, err := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@t.example"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q", "-b", "main")
	return dir, git
}

func write1(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestGit(t *testing.T) {
	dir, git := repository(t)
	write1(t, dir+"/routes/a.cue", "a")
	write1(t, dir+"/cue.mod/module.cue", "m")
	write1(t, dir+"/secret", "s")
	if err := os.Symlink("/etc/passwd", dir+"/routes/link.cue"); err != nil {
		t.Fatal(err)
	}
	git("add", "-A")
	git("commit", "-qm", "1")
	first := git("rev-parse", "HEAD")
	g, err := OpenGit(GitOptions{URL: "file://" + dir, Branch: "main", Path: "routes"})
	if err != nil {
		t.Fatal(err)
	}
	fetch := func() Checkout {
		t.Helper()
		co, err := g.Fetch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return co
	}
	one := fetch()
	var have []string
	root := filepath.Dir(one.Path)
	_ = filepath.WalkDir(root, func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			have = append(have, strings.TrimPrefix(p, root+"/"))
		}
		return nil
	})
	if fmt.Sprint(have) != "[cue.mod/module.cue routes/a.cue]" || one.Revision != first {
		t.Errorf("%s holds %v", one.Revision, have)
	}
	if again := fetch(); again.Mark != one.Mark {
		t.Error("the same commit has another mark")
	}
	write1(t, dir+"/routes/a.cue", "b")
	git("commit", "-qam", "2")
	two := fetch()
	if text, err := os.ReadFile(two.Path + "/a.cue"); err != nil || string(text) != "b" || two.Mark == one.Mark || two.Rewritten != "" {
		t.Errorf("%+v: %q, %v", two, text, err)
	}
	if _, err := os.Stat(one.Path); err == nil {
		t.Error("the files of the commit before are still there")
	}
	git("commit", "-q", "--amend", "-m", "another")
	if three := fetch(); three.Rewritten != two.Revision {
		t.Errorf("a force-push is not seen: %+v", three)
	}
	for range depth + 5 {
		git("commit", "-q", "--allow-empty", "-m", "more")
	}
	if far := fetch(); far.Rewritten != "" {
		t.Errorf("a branch that went far ahead counts as rewritten: %+v", far)
	}
	g.Close()
	if _, err := os.Stat(g.work); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the work folder is left: %v", err)
	}
}

func TestGitSaysWhatIsWrong(t *testing.T) {
	dir, git := repository(t)
	write1(t, dir+"/routes/a.cue", "a")
	git("add", "-A")
	git("commit", "-qm", "1")
	for want, o := range map[string]GitOptions{
		"there is no branch nope":         {URL: "file://" + dir, Branch: "nope", Path: "routes"},
		"there is no route at commit":     {URL: "file://" + dir, Branch: "main", Path: "route"},
		"cannot be read":                  {URL: "http://u:hidden@127.0.0.1:1/r.git", Branch: "main", Path: "routes"},
		"neither ssh-privatekey nor pass": {URL: "file://" + dir, Branch: "main", Path: "routes", Credentials: t.TempDir()},
		"did not answer within":           {URL: "file://" + dir, Branch: "main", Path: "routes", Timeout: time.Nanosecond},
	} {
		g, err := OpenGit(o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = g.Fetch(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("want %q: %v", want, err)
		}
		g.Close()
	}
}

// TestCloneIsBounded wants a repository that is too large to end in a sentence.
func TestCloneIsBounded(t *testing.T) {
	l := &limited{left: 10}
	if err := errors.Join(l.take(6), l.take(4)); err != nil {
		t.Fatal(err)
	}
	if err := l.take(1); !errors.Is(err, errTooLarge) {
		t.Errorf("one byte too many: %v", err)
	}
}

func TestDir(t *testing.T) {
	if _, err := OpenDir(t.Context(), t.TempDir()+"/none"); err == nil {
		t.Error("a folder that is not there")
	}
	dir := t.TempDir()
	write1(t, dir+"/a/x.cue", "1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d, err := OpenDir(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	one, err := d.Fetch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i, change := range []func(){
		func() { write1(t, dir+"/a/x.cue", "2") },
		func() { write1(t, dir+"/b/c/y.cue", "2") },
		func() { write1(t, dir+"/b/c/y.cue", "3") },
		func() { _ = os.RemoveAll(dir + "/a") },
	} {
		change()
		select {
		case <-d.Changed():
		case <-time.After(30 * time.Second):
			t.Fatalf("change %d is not told", i)
		}
		two, err := d.Fetch(ctx)
		if err != nil || two.Mark == one.Mark {
			t.Errorf("change %d is not seen: %v", i, err)
		}
		one = two
	}
	_ = os.RemoveAll(dir)
	if _, err := d.Fetch(ctx); err == nil {
		t.Error("a folder that is gone")
	}
}
