package scenarios

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// repository is the team's repository of routes, in the folder work, and what Argo CD
// reads it from.
type repository struct {
	work, bare string
	programs   string
	namespace  string // of the gateways
	signKey    string // file of the key that bundles are signed with, "" for none
	// candidate has the cases rendered too, for a Job of Argo CD that plays them. Without
	// such a Job there is none: Argo CD waits two seconds for it.
	candidate bool
}

// URL is what Argo CD and the agent are given.
func (r *repository) URL() string { return "file://" + r.bare }

// newRepository makes the bare one, which is empty; the other one is for somebody else to
// make, such as a document.
func newRepository(ctx context.Context, b *Bench, name string) (*repository, error) {
	r := &repository{work: filepath.Join(b.Dir, "git", name), bare: filepath.Join(b.Dir, "git", name+".git"), programs: b.Programs, namespace: b.namespace}
	_, err := r.run(ctx, "", "git", "init", "-q", "--bare", "-b", "main", r.bare)
	return r, err
}

// initRepository makes one of routes as lintel init does.
func initRepository(ctx context.Context, b *Bench, name string) (*repository, error) {
	r, err := newRepository(ctx, b, name)
	if err != nil {
		return nil, err
	}
	if _, err := r.run(ctx, "", "lintel", "init", "--argocd", "--repo", r.URL(), "--registry", "lintel.local", "--namespace", r.namespace,
		"--domain", "shop.example", "--owner", "team-shop", r.work); err != nil {
		return nil, err
	}
	return r, r.begin(ctx)
}

// begin makes a repository of Git of the folder work.
func (r *repository) begin(ctx context.Context) error {
	if _, err := r.git(ctx, "init", "-q", "-b", "main"); err != nil {
		return err
	}
	return r.adopt(ctx)
}

// head is the last commit.
func (r *repository) head(ctx context.Context) (string, error) {
	out, err := r.git(ctx, "rev-parse", "HEAD")
	return strings.TrimSpace(out), err
}

// adopt goes on with the repository that was made in the folder work.
func (r *repository) adopt(ctx context.Context) error {
	for _, args := range [][]string{
		{"config", "user.name", "Team Shop"},
		{"config", "user.email", "team@shop.example"},
		{"config", "commit.gpgsign", "false"},
		{"remote", "add", "origin", r.bare},
	} {
		if _, err := r.git(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

func (r *repository) git(ctx context.Context, args ...string) (string, error) {
	return r.run(ctx, r.work, "git", args...)
}

// run runs a program of ours or of the machine in dir.
func (r *repository) run(ctx context.Context, dir, name string, args ...string) (string, error) {
	program := name
	if ours := filepath.Join(r.programs, name); strings.HasPrefix(name, "lintel") {
		program = ours
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(r.bare), "LINTEL_CACHE="+filepath.Join(filepath.Dir(r.bare), "cache"))
	var out, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()+out.String()))
	}
	return out.String(), nil
}

// write writes files of the repository, by their paths in it.
func (r *repository) write(files map[string]string) error {
	for name, text := range files {
		file := filepath.Join(r.work, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// manifests is the folder that Argo CD applies; bundleFile is what CI renders into it.
const (
	manifests  = "rendered/prod"
	bundleFile = manifests + "/bundle.yaml"
)

var digestLine = regexp.MustCompile(`lintel\.dev/digest"?: "?(sha256:[0-9a-f]{64})`)

// render does what CI does for a merged change: it renders it, which proves it first. It
// returns the digest of the bundle.
func (r *repository) render(ctx context.Context, revision string) (string, error) {
	args := []string{"render", "--env", "prod", "--name", bundleName, "--namespace", r.namespace, "--revision", revision}
	if r.candidate {
		args = append(args, "--candidate")
	}
	if r.signKey != "" {
		args = append(args, "--sign-key", r.signKey)
	}
	text, err := r.run(ctx, r.work, "lintel", args...)
	if err != nil {
		return "", err
	}
	if err := r.write(map[string]string{bundleFile: text}); err != nil {
		return "", err
	}
	return digestOf(text)
}

// pipeline does what the repository's own CI does: the gate on what was written, as for a
// pull request, and after its merge the rendering, its commit and the push. It returns the
// digest of the bundle.
func (r *repository) pipeline(ctx context.Context, subject string) (string, error) {
	path := "PATH=" + r.programs + ":" + os.Getenv("PATH")
	for _, args := range [][]string{
		{"git", "add", "--all"},
		{"git", "commit", "-q", "-m", subject},
		{"env", path, "BASE=HEAD~1", "ENVIRONMENT=prod", "sh", "ci/lintel.sh"},
		{"env", path, "ENVIRONMENTS=prod", "PUSH=origin HEAD:main", "sh", "ci/deploy.sh"},
	} {
		if _, err := r.run(ctx, r.work, args[0], args[1:]...); err != nil {
			return "", err
		}
	}
	text, err := os.ReadFile(filepath.Join(r.work, bundleFile))
	if err != nil {
		return "", err
	}
	return digestOf(string(text))
}

// digestOf is the digest of the bundle in rendered ConfigMaps.
func digestOf(text string) (string, error) {
	m := digestLine.FindStringSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("the rendered ConfigMaps have no digest")
	}
	return m[1], nil
}

// push commits all there is and pushes it.
func (r *repository) push(ctx context.Context, subject string) error {
	if _, err := r.git(ctx, "add", "-A"); err != nil {
		return err
	}
	if _, err := r.git(ctx, "commit", "-q", "-m", subject); err != nil {
		return err
	}
	_, err := r.git(ctx, "push", "-q", "origin", "HEAD:main")
	return err
}
