package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lintel-gateway/lintel/ci/charts/schema"
)

// patch is the one file that is no whole object: Argo CD has the rest.
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

// conform judges manifests by the schemas here, and returns what it finds in each. Those
// in which it finds nothing wrong are not there.
func conform(t *testing.T, manifests map[string][]byte) map[string]string {
	t.Helper()
	schemas, err := filepath.Abs("schemas")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]string{}
	for name, text := range manifests {
		file := filepath.Join(dir, fmt.Sprintf("%d.yaml", len(files)))
		files[file] = name
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(tool(t, ".", "kubeconform"), "-strict", "-verbose", "-output", "json",
		"-schema-location", filepath.Join(schemas, "{{ .ResourceKind }}{{ .KindSuffix }}.json"), dir)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, _ := cmd.Output() // it fails on findings, which are in the output
	var said struct {
		Resources []struct{ Filename, Kind, Name, Status, Msg string }
	}
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatalf("kubeconform: %v\n%s%s", err, out, errs.String())
	}
	found, judged := map[string]string{}, map[string]bool{}
	for _, r := range said.Resources {
		if r.Kind == "" && r.Msg == "" {
			continue // an empty document
		}
		name := files[r.Filename]
		judged[name] = true
		if r.Status != "statusValid" {
			found[name] += fmt.Sprintf("%s %s: %s: %s\n", r.Kind, r.Name, r.Status, r.Msg)
		}
	}
	for name := range manifests {
		if !judged[name] {
			found[name] += "there was nothing to judge\n"
		}
	}
	return found
}

func TestConform(t *testing.T) {
	all := manifests(t)
	// What Argo CD's own Deployment has, as far as its schema asks for it.
	all[patch] = bytes.Replace(all[patch], []byte("spec:\n  template:\n"), []byte("spec:\n  selector: {matchLabels: {a: b}}\n  template:\n"), 1)
	for name, text := range conform(t, all) {
		t.Errorf("%s:\n%s", name, text)
	}
}

// TestSchemasRefuse shows that the schemas are not satisfied by everything.
func TestSchemasRefuse(t *testing.T) {
	whole := string(helm(t, "--values", chart+"/examples/argocd.yaml"))
	application, err := os.ReadFile(argocd + "/applications/routes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	broken, says := map[string][]byte{"empty": nil}, map[string]string{"empty": "nothing to judge"}
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
		name := c.to + " in place of " + c.from
		broken[name], says[name] = []byte(strings.Replace(c.text, c.from, c.to, 1)), c.says
		if string(broken[name]) == c.text {
			t.Fatalf("%q is not there to be broken", c.from)
		}
	}
	found := conform(t, broken)
	for name := range broken {
		if !strings.Contains(found[name], says[name]) {
			t.Errorf("%s: want a finding on %s, got\n%s", name, says[name], found[name])
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
