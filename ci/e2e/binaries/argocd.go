package binaries

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ArgoCD copies from Argo CD's module what its program does not carry: the definitions of
// its resources and the scripts that its repo-server calls. They lie beside the folder of
// the programs, in argocd/crds and argocd/hack.
func ArgoCD(ctx context.Context, e2e, folder string) (string, error) {
	to := filepath.Join(filepath.Dir(folder), "argocd")
	if _, err := os.Stat(to); err == nil {
		return to, nil
	}
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/argoproj/argo-cd/v3")
	cmd.Dir = filepath.Join(e2e, "tools")
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOTOOLCHAIN=local")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("finding the module of Argo CD: %w", err)
	}
	module := strings.TrimSpace(string(out))
	half, err := os.MkdirTemp(filepath.Dir(folder), ".argocd-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(half)
	for folder, pattern := range map[string]string{"crds": "manifests/crds/*-crd.yaml", "hack": "hack/*.sh"} {
		files, err := filepath.Glob(filepath.Join(module, pattern))
		if err != nil || len(files) == 0 {
			return "", fmt.Errorf("there is no %s in the module of Argo CD (%s)", pattern, module)
		}
		if err := os.Mkdir(filepath.Join(half, folder), 0o755); err != nil {
			return "", err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			if err := os.WriteFile(filepath.Join(half, folder, filepath.Base(file)), text, 0o755); err != nil {
				return "", err
			}
		}
	}
	if err := os.Chmod(half, 0o755); err != nil {
		return "", err
	}
	return to, os.Rename(half, to)
}
