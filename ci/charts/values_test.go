package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lintel-gateway/lintel/ci/charts/readme"
	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/schemas/release"
	"go.yaml.in/yaml/v3"
)

func TestReadme(t *testing.T) {
	want, err := readme.Of(chart)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(chart + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("charts/lintel/README.md is old (sh ci/charts.sh -update):\n%s", diff)
	}
}

// node is a part of the values' schema.
type node struct {
	Description          string           `json:"description"`
	Properties           map[string]*node `json:"properties"`
	Items                *node            `json:"items"`
	AdditionalProperties json.RawMessage  `json:"additionalProperties"`
}

func valuesSchema(t *testing.T) *node {
	t.Helper()
	text, err := os.ReadFile(chart + "/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var root node
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	return &root
}

// TestValuesSchema wants the schema to describe every value, to take no other, and to name
// none that values.yaml does not.
func TestValuesSchema(t *testing.T) {
	text, err := os.ReadFile(chart + "/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	root := valuesSchema(t)
	compare(t, "", root, values)
	described(t, "values", root)
	if _, ok := root.Properties["global"]; !ok {
		t.Error("global, which Helm gives to every chart, is refused")
	}
}

func compare(t *testing.T, path string, schema *node, values map[string]any) {
	t.Helper()
	if string(schema.AdditionalProperties) != "false" {
		t.Errorf("the schema takes anything as %s", path)
	}
	for key, value := range values {
		sub, ok := schema.Properties[key]
		if !ok {
			t.Errorf("%s%s is in values.yaml, but not in values.schema.json", path, key)
			continue
		}
		if inner, ok := value.(map[string]any); ok && sub.Properties != nil && path+key != "boot" {
			compare(t, path+key+".", sub, inner)
		}
	}
	for key := range schema.Properties {
		if _, ok := values[key]; !ok && path+key != "global" {
			t.Errorf("%s%s is in values.schema.json, but not in values.yaml", path, key)
		}
	}
}

func described(t *testing.T, path string, schema *node) {
	for key, sub := range schema.Properties {
		if sub.Description == "" {
			t.Errorf("values.schema.json does not describe %s.%s", path, key)
		}
		described(t, path+"."+key, sub)
	}
	if schema.Items != nil {
		described(t, path+"[]", schema.Items)
	}
}

// TestBootKeys wants every key of the boot config to be a value, but those that the chart
// says itself and those that make no sense in a pod.
func TestBootKeys(t *testing.T) {
	own := []string{
		"admin.address", "bundle.dir", "bundle.stateDir", "bundle.fallback", "bundle.verifyKey", "secretsDir",
		"drain.timeout", "drain.rate", "drain.readinessDelay", "handover", "dial", "dialCA",
	}
	got := keysOf("", valuesSchema(t).Properties["boot"])
	var want []string
	for _, k := range boot.Keys() {
		if k.Name == "" || slices.Contains(own, k.Name) {
			continue
		}
		if k.Name == "listeners[].limits" {
			for _, l := range boot.Keys() {
				if name, ok := strings.CutPrefix(l.Name, "limits."); ok {
					want = append(want, "listeners[].limits."+name)
				}
			}
			continue
		}
		want = append(want, k.Name)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the boot config of values.schema.json is not that of runtime/boot (-want +got):\n%s", diff)
	}
}

func keysOf(path string, n *node) (out []string) {
	if n.Items != nil && n.Items.Properties != nil {
		return keysOf(path+"[]", n.Items)
	}
	if n.Properties == nil {
		return []string{path}
	}
	for key, sub := range n.Properties {
		out = append(out, keysOf(strings.TrimPrefix(path+"."+key, "."), sub)...)
	}
	return out
}

// TestBoot reads the boot config of every example as a gateway would.
func TestBoot(t *testing.T) {
	n := 0
	for _, text := range manifests(t) {
		if bootOf(t, text) != nil {
			n++
		}
	}
	if n < len(examples(t))+2 {
		t.Errorf("only %d boot configs were found", n)
	}
}

// bootOf is the boot config that manifests hold, or nil.
func bootOf(t *testing.T, text []byte) *boot.Config {
	t.Helper()
	for _, o := range objects(t, text) {
		config, ok := o.at("data", "gateway.yaml").(string)
		if !ok {
			continue
		}
		file := filepath.Join(t.TempDir(), "gateway.yaml")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := boot.Load(file)
		if err != nil {
			t.Errorf("%v in\n%s", err, config)
		}
		return &c
	}
	return nil
}

// TestRelease wants the chart, Kustomize and the manifests of Argo CD to name this release.
func TestRelease(t *testing.T) {
	text, err := os.ReadFile(chart + "/Chart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var about struct {
		Version string `yaml:"version"`
		App     string `yaml:"appVersion"`
	}
	if err := yaml.Unmarshal(text, &about); err != nil {
		t.Fatal(err)
	}
	if about.Version != release.Version || about.App != release.Version {
		t.Errorf("Chart.yaml is version %s for %s, the release is %s", about.Version, about.App, release.Version)
	}
	for name, text := range manifests(t) {
		for line := range strings.Lines(string(text)) {
			_, image, ok := strings.Cut(line, "image: lintel.local/")
			if ok && !strings.HasSuffix(strings.TrimSpace(image), ":"+release.Version) {
				t.Errorf("%s: %s is not of release %s", name, strings.TrimSpace(image), release.Version)
			}
			_, tag, ok := strings.Cut(line, "targetRevision: v")
			if ok && strings.TrimSpace(tag) != release.Version {
				t.Errorf("%s: the chart is taken from v%s, not from release %s", name, strings.TrimSpace(tag), release.Version)
			}
		}
	}
}
