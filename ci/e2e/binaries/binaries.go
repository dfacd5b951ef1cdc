// Package binaries builds the programs of others that the end-to-end test runs, and
// keeps them in a folder that is named by what they are built from.
package binaries

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Versions of what the cluster is made of, as the module files in tools have them.
const (
	Kubernetes    = "v1.36.3"
	ArgoCDVersion = "3.5.7"
	HelmVersion   = "4.2.4"
	EtcdVersion   = "3.7.3"
)

// Program is one program and what it is built from.
type Program struct {
	Name    string
	Module  string // folder of the module, below ci/e2e
	Package string
	Stamp   string // what the linker writes into the program
}

// API are the programs that an API server alone needs, and Helm, which makes what it judges.
func API() []Program {
	return slices.DeleteFunc(programs(), func(p Program) bool {
		return !slices.Contains([]string{"kube-apiserver", "etcd", "kubectl", "helm"}, p.Name)
	})
}

// All are the programs that the whole cluster needs, those of API first.
func All() []Program { return programs() }

func programs() []Program {
	major, rest, _ := strings.Cut(strings.TrimPrefix(Kubernetes, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	component := "k8s.io/component-base/version."
	stamp := fmt.Sprintf("-X %[1]sgitVersion=%[2]s -X %[1]sgitMajor=%[3]s -X %[1]sgitMinor=%[4]s -X k8s.io/client-go/pkg/version.gitVersion=%[2]s",
		component, Kubernetes, major, minor)
	kube := func(name string) Program {
		return Program{name, "tools", "k8s.io/kubernetes/cmd/" + name, stamp}
	}
	return []Program{
		kube("kube-apiserver"),
		{"etcd", "tools/etcd", ".", ""},
		kube("kubectl"),
		kube("kubelet"),
		kube("kube-controller-manager"),
		kube("kube-scheduler"),
		kube("kube-proxy"),
		{"helm", "tools", "helm.sh/helm/v4/cmd/helm", "-X helm.sh/helm/v4/internal/version.version=v" + HelmVersion},
		{"argocd", "tools", "github.com/argoproj/argo-cd/v3/cmd", "-X github.com/argoproj/argo-cd/v3/common.version=" + ArgoCDVersion},
		{"kustomize", "tools", "sigs.k8s.io/kustomize/kustomize/v5", ""},
	}
}

// Cache is the folder of all that is kept between runs: LINTEL_E2E_CACHE, default
// lintel-e2e in the user's cache folder.
func Cache() (string, error) {
	if dir := os.Getenv("LINTEL_E2E_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder (LINTEL_E2E_CACHE names one): %w", err)
	}
	return filepath.Join(dir, "lintel-e2e"), nil
}

// Folder names the folder of the programs that belong to the module files in e2e, the
// folder ci/e2e of the repository: another version of Go, of a module or of a flag gives
// another folder. It does not have to exist.
func Folder(e2e string) (string, error) {
	cache, err := Cache()
	if err != nil {
		return "", err
	}
	version, err := exec.Command("go", "env", "GOVERSION", "GOOS", "GOARCH").Output()
	if err != nil {
		return "", fmt.Errorf("asking Go for its version: %w", err)
	}
	sum := sha256.New()
	sum.Write(version)
	for _, name := range []string{"tools/go.mod", "tools/go.sum", "tools/etcd/go.mod", "tools/etcd/go.sum", "tools/etcd/main.go"} {
		text, err := os.ReadFile(filepath.Join(e2e, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
	}
	for _, p := range programs() {
		fmt.Fprintf(sum, "%q %q\n", p.Name, arguments(p, ""))
	}
	return filepath.Join(cache, hex.EncodeToString(sum.Sum(nil))[:16], "bin"), nil
}

// Missing are those of the programs that the folder does not hold.
func Missing(folder string, of []Program) []Program {
	var missing []Program
	for _, p := range of {
		if _, err := os.Stat(filepath.Join(folder, p.Name)); err != nil {
			missing = append(missing, p)
		}
	}
	return missing
}

// Build builds what the folder lacks, one program after the other, each put in place
// when it is whole: what was built stays when it is interrupted. Whoever comes second
// waits for the first, and finds the work done. Each program is told to out.
func Build(ctx context.Context, e2e, folder string, of []Program, out io.Writer) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for i, p := range of {
		if err := build(ctx, e2e, folder, p, out, fmt.Sprintf("%d/%d", i+1, len(of))); err != nil {
			return err
		}
	}
	return nil
}

func build(ctx context.Context, e2e, folder string, p Program, out io.Writer, place string) error {
	if len(Missing(folder, []Program{p})) == 0 {
		return nil
	}
	unlock, err := lock(filepath.Join(folder, "."+p.Name+".lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if len(Missing(folder, []Program{p})) == 0 {
		return nil
	}
	fmt.Fprintf(out, "%s building %s\n", place, p.Name)
	began := time.Now()
	half := filepath.Join(folder, "."+p.Name+".half")
	cmd := exec.CommandContext(ctx, "go", arguments(p, half)...)
	if nice, err := exec.LookPath("nice"); err == nil {
		cmd = exec.CommandContext(ctx, nice, append([]string{"-n", "5", "go"}, arguments(p, half)...)...)
	}
	cmd.Dir = filepath.Join(e2e, p.Module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building %s: %w", p.Name, err)
	}
	info, err := os.Stat(half)
	if err != nil {
		return err
	}
	if err := os.Rename(half, filepath.Join(folder, p.Name)); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s %s: %d MB in %.0f s\n", place, p.Name, info.Size()>>20, time.Since(began).Seconds())
	return nil
}

func arguments(p Program, to string) []string {
	return []string{"build", "-trimpath", "-ldflags", strings.TrimSpace("-s -w " + p.Stamp), "-o", to, p.Package}
}

// lock waits until no other process holds the file.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("waiting for %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
