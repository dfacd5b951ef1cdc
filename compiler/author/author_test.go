package author

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler"
)

// small is a repository with a template of each sort that may or may not fit.
func small() map[string]string {
	return map[string]string{
		"templates.cue": `package routes

#Read: #Rest & {methods: ["GET"]}
#Rest: #Route & {
	#upstream: string
	#region:   *"eu" | string
	upstream:  #upstream
}
#Write: #Rest & {#key: string}
#Moved: #Route & {#to: string, filters: redirect: {to: "/elsewhere"}}
#Socket: #Route & {#upstream: string, upstream: #upstream, methods: ["GET", "POST"]}
`,
		"a.example/web.cue": `package routes

domain: hosts: ["a.example"]

upstreams: web: endpoints: ["web:80"]

routes: "web": #Read & {#upstream: "web"}
`,
	}
}

func open(t *testing.T, files map[string]string) (*Repo, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "routes")
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Open(context.Background(), dir, func(ctx context.Context, o compiler.Options) (*compiler.Result, error) {
		o.Cache = "off"
		return compiler.Compile(ctx, o)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r, dir
}

// TestTemplates holds that a template is taken only when the route comes out as it was
// asked for.
func TestTemplates(t *testing.T) {
	r, _ := open(t, small())
	for _, c := range []struct {
		name string
		want Route
		has  string
	}{
		{"fits", Route{Upstream: "web"}, "#Read"},
		{"of any method", Route{Upstream: "web", Methods: []string{"POST", "GET"}}, "#Rest"},
		{"needs what is not known", Route{Upstream: "web", Methods: []string{"POST"}}, "#Rest"},
		{"takes the parameter and does another thing", Route{Kind: "redirect", To: "/there"}, ""},
		{"has other methods", Route{Kind: "websocket", Upstream: "web"}, ""},
		{"is not there", Route{Kind: "static", Upstream: "web"}, ""},
	} {
		c.want.Domain, c.want.Name, c.want.Path = "a.example", "new", "/new"
		p, err := r.AddRoute(context.Background(), c.want)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if p.Template != c.has {
			t.Errorf("%s: written with %q, want %q:\n%s", c.name, p.Template, c.has, p.Added)
		}
	}
}

// TestSample finds a request for a route some of whose paths others take.
func TestSample(t *testing.T) {
	files := small()
	files["a.example/web.cue"] += `
routes: "one": #Read & {#upstream: "web", path: template: "/files/{name}"}
`
	r, _ := open(t, files)
	p, err := r.AddRoute(context.Background(), Route{Domain: "a.example", Name: "files", Kind: "static", Path: "/files", Upstream: "web"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(p.Added), `path: "/files/a/b"`) {
		t.Errorf("the case asks for what another route takes:\n%s", p.Added)
	}
}

// TestWrite replaces the file only when it is what the plan was made on, and leaves
// nothing else behind.
func TestWrite(t *testing.T) {
	r, dir := open(t, small())
	p, err := r.AddUpstream(context.Background(), Upstream{Domain: "a.example", Name: "b-c", Module: "web", Endpoints: []string{"b:1"}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "a.example", "web.cue")
	if err := os.WriteFile(file, []byte("// mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Write(p); err == nil || !strings.Contains(err.Error(), "changed in the meantime") {
		t.Errorf("wrote over a change: %v", err)
	}
	if err := os.WriteFile(file, p.Before, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Write(p); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(small()["a.example/web.cue"]+"\nupstreams: \"b-c\": endpoints: [\"b:1\"]\n", string(got)); diff != "" {
		t.Error(diff)
	}
	if lines := strings.Split(string(got), "\n"); !strings.HasPrefix(lines[p.Line-1], "upstreams: \"b-c\"") {
		t.Errorf("line %d is %q", p.Line, lines[p.Line-1])
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) != 1 {
		t.Errorf("more than the file is there: %v, %v", entries, err)
	}
}

// TestLinks: a folder that leads out of the routes directory is not followed.
func TestLinks(t *testing.T) {
	r, dir := open(t, small())
	out := t.TempDir()
	p, err := r.AddDomain(context.Background(), Domain{Name: "b.example", Owner: "team-b"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(out, filepath.Join(dir, "b.example")); err != nil {
		t.Skip(err)
	}
	if err := r.Write(p); err == nil {
		t.Error("wrote through a link")
	}
	if left, err := os.ReadDir(out); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestMistake(t *testing.T) {
	r, _ := open(t, small())
	_, err := r.AddRoute(context.Background(), Route{Domain: "a.exampel", Name: "a"})
	var m *Mistake
	if !errors.As(err, &m) || m.What != "domain" {
		t.Errorf("%v", err)
	}
}

func TestOverlay(t *testing.T) {
	base := fstest.MapFS{"top.cue": {Data: []byte("top")}, "d/a.cue": {Data: []byte("a")}}
	for name, want := range map[string][]string{
		"d/a.cue":   {"top.cue", "d/a.cue"},
		"d/b.cue":   {"top.cue", "d/a.cue", "d/b.cue"},
		"new.cue":   {"top.cue", "d/a.cue", "new.cue"},
		"top.cue":   {"top.cue", "d/a.cue"},
		"e/new.cue": {"top.cue", "d/a.cue"},
	} {
		o := overlay{base: base, name: name, text: []byte("new")}
		if text, err := o.Open(name); err != nil {
			t.Error(err)
		} else if info, err := text.Stat(); err != nil || info.Size() != 3 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
		for _, w := range want {
			dir, file := ".", w
			if i := strings.IndexByte(w, '/'); i >= 0 {
				dir, file = w[:i], w[i+1:]
			}
			entries, err := o.ReadDir(dir)
			found := 0
			for _, e := range entries {
				if e.Name() == file && e.Type().IsRegular() {
					found++
				}
			}
			if err != nil || found != 1 {
				t.Errorf("with %s, %s is listed %d times: %v", name, w, found, err)
			}
		}
	}
	o := overlay{base: base, name: "e/new.cue", text: []byte("new")}
	if list, err := o.ReadDir("e"); err != nil || len(list) != 1 || list[0].Name() != "new.cue" {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := o.ReadDir("f"); err == nil {
		t.Error("a folder that is not there was listed")
	}
}
