package pipelines

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A routes repository as a team has it: one route has no case, from before there were
// any.
var scaffold = map[string]string{
	".lintel-version":    "0.1.0\n",
	".gitignore":         "/out/\n/.lintel/\n",
	"cue.mod/module.cue": "module: \"routes.example/repo@v0\"\nlanguage: version: \"v0.17.0\"\n",
	"routes/templates.cue": `package routes

// #Read is an operation that only reads.
#Read: #Route & {
	#upstream: string
	upstream:  #upstream
	methods: ["GET"]
}
`,
	"routes/shop.example/cart.cue": `package routes

domain: {hosts: ["shop.example"], owner: "team-shop"}
upstreams: cart: endpoints: ["cart.shop.svc:8080"]

routes: "cart-read": #Read & {
	#upstream: "cart"
	path: template: "/cart/{id}"
	tests: "reads": {
		request: path: "/cart/7"
		expect: {status: 200, upstream: {name: "cart", path: "/cart/7"}}
	}
}

routes: "cart-old": #Read & {
	#upstream: "cart"
	path: exact: "/basket"
}
`,
}

// pull is a pull request: the files that it writes, and what must come of it.
type pull struct {
	name  string
	files map[string]string
	// stage is the one that stops it, "" when it is good; says is in the output then.
	stage, says string
}

var pulls = []pull{
	{name: "good", files: map[string]string{"routes/shop.example/orders.cue": `package routes

routes: "order-read": #Read & {
	#upstream: "cart"
	path: template: "/orders/{id}"
	tests: "reads": {
		request: path: "/orders/7"
		expect: {status: 200, upstream: path: "/orders/7"}
	}
}
`}},
	{
		name: "not formatted", stage: "format", says: "routes/shop.example/orders.cue",
		files: map[string]string{"routes/shop.example/orders.cue": "package routes\n\nroutes:   x: #Fixed\n"},
	},
	{
		name: "a name misspelt", stage: "check", says: "unknown-upstream",
		files: map[string]string{"routes/shop.example/orders.cue": `package routes

routes: "order-read": #Read & {
	#upstream: "carts"
	path: exact: "/orders"
	tests: "reads": {
		request: {}
		expect: status: 200
	}
}
`},
	},
	{
		name: "a route that takes another's requests", stage: "test", says: "want shop.example/cart-read, got shop.example/seven",
		files: map[string]string{"routes/shop.example/orders.cue": `package routes

routes: "seven": #Read & {
	#upstream: "cart"
	path: exact: "/cart/7"
	tests: "reads": {
		request: path:  "/cart/7"
		expect: status: 200
	}
}
`},
	},
	{
		name: "a new route without a case", stage: "test", says: "no case that passes reaches this route",
		files: map[string]string{"routes/shop.example/orders.cue": `package routes

routes: "order-read": #Read & {
	#upstream: "cart"
	path: exact: "/orders"
}
`},
	},
}

// TestPullRequests runs the commands of every pipeline on a scaffold repository, for
// good and bad pull requests.
func TestPullRequests(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pulls {
		for _, kind := range pipelines {
			t.Run(strings.ReplaceAll(p.name, " ", "-")+"/"+kind.name, func(t *testing.T) {
				t.Parallel()
				r := newRepo(t, bin)
				base := r.commit(t, "main", scaffold)
				r.commit(t, "topic", p.files)
				steps := kind.steps(t, r, base)
				stopped, out := r.run(t, steps)
				if stopped != p.stage {
					t.Errorf("stopped at %q, want %q\n%s", stopped, p.stage, out)
				}
				if p.says != "" && !strings.Contains(out, p.says) {
					t.Errorf("the output does not say %q:\n%s", p.says, out)
				}
				if p.stage == "" {
					r.holds(t, "out/junit.xml", `tests="2" failures="0"`)
					r.holds(t, "out/coverage.html", "<html")
					r.holds(t, "out/coverage.txt", "team-shop")
					r.holds(t, "out/lintel-bundle.yaml", "kind: ConfigMap")
				}
			})
		}
	}
}

// TestSameCommands: all pipelines run the stages of the shell script, in its order.
func TestSameCommands(t *testing.T) {
	want := "format check test coverage diff render"
	for _, kind := range pipelines {
		var got []string
		for _, s := range kind.steps(t, &repo{dir: t.TempDir()}, "main") {
			if s.stage != "" && (len(got) == 0 || got[len(got)-1] != s.stage) {
				got = append(got, s.stage)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s runs %q, not %q", kind.name, got, want)
		}
	}
}

// built is the folder of programs, to be removed in the end.
var built string

// programs builds the three programs once.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "lintel-pipelines-")
	if err != nil {
		return "", err
	}
	built = dir
	build := func(at string, args ...string) error {
		cmd := exec.Command("go", append([]string{"build", "-C", at, "-trimpath", "-ldflags", "-s -w"}, args...)...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build: %w\n%s", err, out)
		}
		return nil
	}
	if err := build("../..", "-o", dir, "./cmd/lintel", "./cmd/lintel-gateway"); err != nil {
		return "", err
	}
	k6 := filepath.Join(dir, "lintel-k6")
	if given := os.Getenv("LINTEL_K6"); given != "" {
		return dir, os.Symlink(given, k6)
	}
	return dir, build("../../k6", "-o", k6, "./cmd/lintel-k6")
})

// TestMain removes what programs built.
func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// repo is a Git repository and the environment in which its pipelines run.
type repo struct {
	dir string
	env []string
}

func newRepo(t *testing.T, bin string) *repo {
	t.Helper()
	r := &repo{dir: t.TempDir()}
	home := t.TempDir()
	r.env = []string{
		"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + home, "LINTEL_CACHE=" + filepath.Join(home, "cache"),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@shop.example", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@shop.example",
	}
	r.git(t, "init", "--quiet", "--initial-branch=main")
	for from, to := range map[string]string{"lintel.sh": "ci/lintel.sh", "install.sh": "ci/install-lintel.sh"} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		r.write(t, to, string(text))
	}
	for _, name := range []string{"cue.mod/module.cue", "routes/templates.cue"} {
		r.write(t, name, scaffold[name])
	}
	if out, err := r.command("lintel", "schema", "sync", "routes").CombinedOutput(); err != nil {
		t.Fatalf("schema sync: %v\n%s", err, out)
	}
	return r
}

func (r *repo) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (r *repo) command(name string, args ...string) *exec.Cmd {
	if path, err := exec.LookPath(name); err == nil {
		name = path
	}
	for _, v := range r.env {
		if dirs, ok := strings.CutPrefix(v, "PATH="); ok {
			if own := filepath.Join(filepath.SplitList(dirs)[0], name); fileExists(own) {
				name = own
			}
		}
	}
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = r.dir, r.env
	return cmd
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (r *repo) git(t *testing.T, args ...string) string {
	t.Helper()
	out, err := r.command("git", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes files on a branch and returns the revision.
func (r *repo) commit(t *testing.T, branch string, files map[string]string) string {
	t.Helper()
	if branch != "main" {
		r.git(t, "switch", "--quiet", "-c", branch)
	}
	for name, text := range files {
		r.write(t, name, text)
	}
	r.git(t, "add", "-A")
	r.git(t, "commit", "--quiet", "-m", "change")
	return r.git(t, "rev-parse", "HEAD")
}

// step is one command of a pipeline.
type step struct {
	// stage is that of lintel.sh which the command runs, "" for others.
	stage, script string
	env           []string
}

// run runs the steps until one fails, and returns its stage and what was said.
func (r *repo) run(t *testing.T, steps []step) (stopped, out string) {
	t.Helper()
	var all bytes.Buffer
	for _, s := range steps {
		cmd := r.command("sh", "-e", "-c", s.script)
		cmd.Env = append(append([]string{}, r.env...), s.env...)
		cmd.Stdout, cmd.Stderr = &all, &all
		if err := cmd.Run(); err != nil {
			if s.stage == "" || cmd.ProcessState.ExitCode() != 100 {
				t.Errorf("%s: %v", s.script, err)
			}
			return s.stage, all.String()
		}
	}
	return "", all.String()
}

func (r *repo) holds(t *testing.T, name, text string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil || !strings.Contains(string(data), text) {
		t.Errorf("%s does not hold %q: %v\n%.2000s", name, text, err, data)
	}
}
