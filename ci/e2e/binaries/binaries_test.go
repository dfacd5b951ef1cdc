package binaries

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFolder: the folder is another one when a module file is.
func TestFolder(t *testing.T) {
	t.Setenv("LINTEL_E2E_CACHE", t.TempDir())
	e2e := t.TempDir()
	for _, name := range []string{"tools/go.mod", "tools/go.sum", "tools/etcd/go.mod", "tools/etcd/go.sum", "tools/etcd/main.go"} {
		write(t, filepath.Join(e2e, name), "text of "+name)
	}
	first, err := Folder(e2e)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Folder(e2e); err != nil || again != first {
		t.Errorf("asked again: %s, %v, want %s", again, err, first)
	}
	write(t, filepath.Join(e2e, "tools/go.sum"), "another")
	if other, err := Folder(e2e); err != nil || other == first {
		t.Errorf("with another go.sum: %s, %v", other, err)
	}
}

// TestBuild builds a program once, and again only when it is gone.
func TestBuild(t *testing.T) {
	e2e, folder := t.TempDir(), filepath.Join(t.TempDir(), "bin")
	write(t, filepath.Join(e2e, "tools/go.mod"), "module small\n\ngo 1.26.0\n")
	write(t, filepath.Join(e2e, "tools/main.go"), "package main\n\nvar version string\n\nfunc main() { println(version) }\n")
	of := []Program{{"small", "tools", ".", "-X main.version=7"}}
	var told bytes.Buffer
	for range 2 {
		if err := Build(context.Background(), e2e, folder, of, &told); err != nil {
			t.Fatalf("%v\n%s", err, &told)
		}
	}
	if n := strings.Count(told.String(), "building small"); n != 1 {
		t.Errorf("built %d times:\n%s", n, &told)
	}
	if missing := Missing(folder, of); len(missing) > 0 {
		t.Errorf("%v are missing", missing)
	}
	write(t, filepath.Join(e2e, "tools/main.go"), "package main\n\nfunc main() { nothing }\n")
	if err := os.Remove(filepath.Join(folder, "small")); err != nil {
		t.Fatal(err)
	}
	err := Build(context.Background(), e2e, folder, of, &told)
	if err == nil || !strings.Contains(told.String(), "undefined: nothing") {
		t.Errorf("a program that does not compile: %v\n%s", err, &told)
	}
	if len(Missing(folder, of)) != 1 {
		t.Error("it left a program")
	}
}

// TestVersions: what the programs say of themselves is what the module file has.
func TestVersions(t *testing.T) {
	text, err := os.ReadFile("../tools/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"k8s.io/kubernetes " + Kubernetes, "github.com/argoproj/argo-cd/v3 v" + ArgoCDVersion, "helm.sh/helm/v4 v" + HelmVersion} {
		if !strings.Contains(string(text), want) {
			t.Errorf("tools/go.mod has no %s", want)
		}
	}
	if etcd, err := os.ReadFile("../tools/etcd/go.mod"); err != nil || !strings.Contains(string(etcd), "go.etcd.io/etcd/server/v3 v"+EtcdVersion) {
		t.Errorf("tools/etcd/go.mod has no version %s: %v", EtcdVersion, err)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
