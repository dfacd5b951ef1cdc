package main_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// TestKustomize wants the base to be what the chart makes of its defaults, but for what
// Helm and Kustomize say of themselves and how each rolls pods with the boot config.
func TestKustomize(t *testing.T) {
	chart := plain(t, helm(t))
	base := plain(t, run(t, nil, tool(t, ".", "kustomize"), "build", custom+"/base"))
	if diff := cmp.Diff(chart, base); diff != "" {
		t.Errorf("charts/kustomize/base is not what the chart makes of its defaults (-chart +base):\n%s", diff)
	}
}

var hashed = regexp.MustCompile(`lintel-boot-[a-z0-9]{10}`)

// plain are objects by kind and name without what may differ.
func plain(t *testing.T, text []byte) map[string]object {
	t.Helper()
	out := map[string]object{}
	for _, o := range objects(t, []byte(hashed.ReplaceAllString(string(text), "lintel-boot"))) {
		metadata := o["metadata"].(map[string]any)
		delete(metadata, "namespace")
		labels := metadata["labels"].(map[string]any)
		delete(labels, "app.kubernetes.io/version")
		delete(labels, "app.kubernetes.io/managed-by")
		delete(labels, "helm.sh/chart")
		if pod, ok := o.at("spec", "template", "metadata").(map[string]any); ok {
			delete(pod, "annotations")
		}
		if config, ok := o.at("data", "gateway.yaml").(string); ok {
			var v any
			if err := yaml.Unmarshal([]byte(config), &v); err != nil {
				t.Fatal(err)
			}
			o["data"] = v
		}
		out[o.name()] = o
	}
	return out
}

// TestKustomizeRolls wants another boot config to be another name, in the pods too.
func TestKustomizeRolls(t *testing.T) {
	names := map[string]bool{}
	for _, dir := range []string{"base", "overlays/production"} {
		text := string(run(t, nil, tool(t, ".", "kustomize"), "build", custom+"/"+dir))
		name := hashed.FindString(text)
		if strings.Count(text, name) != 2 {
			t.Errorf("%s: the ConfigMap's name %q is not that of the mount", dir, name)
		}
		names[name] = true
	}
	if len(names) != 2 {
		t.Errorf("different boot configs have one name: %v", names)
	}
}
