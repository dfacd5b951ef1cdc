package main_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lintel-gateway/lintel/ci/charts/schema"
)

// patch is the one file that is no whole object: Argo CD has the rest of it.
const patch = argocd + "/plugin/repo-server.yaml"

func TestLint(t *testing.T) {
	for name, file := range examples(t) {
		t.Run(name, func(t *testing.T) {
			run(t, nil, tool(t, ".", "helm"), "lint", "--strict", "--values", file, chart)
		})
	}
}

func TestSuites(t *testing.T) {
	out := run(t, nil, tool(t, "unittest", "helm-unittest"), "--strict", chart)
	_, sum, _ := strings.Cut(string(out), "Test Suites:")
	t.Logf("helm-unittest: suites:%s", strings.ReplaceAll(sum, "\n", " "))
}

// conform judges manifests by the schemas here.
func conform(t *testing.T, text []byte) (string, error) {
	t.Helper()
	dir, err := filepath.Abs("schemas")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tool(t, ".", "kubeconform"), "-strict", "-summary",
		"-schema-location", filepath.Join(dir, "{{ .ResourceKind }}{{ .KindSuffix }}.json"))
	cmd.Stdin = strings.NewReader(string(text))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestConform(t *testing.T) {
	for name, text := range manifests(t) {
		t.Run(name, func(t *testing.T) {
			if name == patch {
				return // TestPlugin judges it
			}
			out, err := conform(t, text)
			if err != nil {
				t.Errorf("kubeconform: %v\n%s", err, out)
			}
			if strings.Contains(out, "Summary: 0 resources") {
				t.Errorf("there was nothing to judge:\n%s", out)
			}
		})
	}
}

// TestSchemasRefuse shows that the schemas are not satisfied by everything.
func TestSchemasRefuse(t *testing.T) {
	whole := string(helm(t, "--values", chart+"/examples/argocd.yaml"))
	application, err := os.ReadFile(argocd + "/applications/routes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, from, to, says string }{
		{whole, "replicas: 3", "replicas: many", "replicas"},
		{whole, "minReadySeconds:", "minReadySecond:", "minReadySecond"},
		{whole, "  selector:\n    matchLabels:", "  selectors:\n    matchLabels:", "selector"},
		{whole, "maxUnavailable: 1", "maxUnavailable: [1]", "maxUnavailable"},
		{whole, "podSelector:", "podSelecter:", "podSelecter"},
		{whole, "expr:", "expression:", "expr"},
		{whole, "kind: ServiceMonitor", "kind: ServiceMonitors", "could not find schema"},
		{string(application), "selfHeal: true", "selfHeal: 1", "selfHeal"},
		{string(application), "targetRevision:", "revision:", "revision"},
	} {
		broken := strings.Replace(c.text, c.from, c.to, 1)
		if broken == c.text {
			t.Fatalf("%q is not there to be broken", c.from)
		}
		if out, err := conform(t, []byte(broken)); err == nil || !strings.Contains(out, c.says) {
			t.Errorf("%q in place of %q: want a finding on %s, got %v\n%s", c.to, c.from, c.says, err, out)
		}
	}
}

// TestSchemas fails when the committed schemas are not what their sources say.
func TestSchemas(t *testing.T) {
	files, err := schema.All(schema.Cached)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("=== SKIPPED: whether ci/charts/schemas is up to date: %v (sh ci/charts.sh -update fetches it) ===", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("schemas", name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("schemas/%s is old (sh ci/charts.sh -update)", name)
		}
	}
}

func TestPlugin(t *testing.T) {
	text, err := os.ReadFile(patch)
	if err != nil {
		t.Fatal(err)
	}
	// What Argo CD's own Deployment has, as far as its schema asks for it.
	whole := strings.Replace(string(text), "spec:\n  template:\n", "spec:\n  selector: {matchLabels: {a: b}}\n  template:\n", 1)
	if out, err := conform(t, []byte(whole)); err != nil {
		t.Errorf("kubeconform: %v\n%s", err, out)
	}
}
