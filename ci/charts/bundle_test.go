package main_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
)

const repository = "../.."

// scratch holds what the tests build.
var scratch string

// program is lintel of this repository, built once.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "lintel")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/lintel")
	cmd.Dir, cmd.Stderr = repository, os.Stderr
	return path, cmd.Run()
})

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "lintel-charts"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	_ = os.RemoveAll(scratch)
	os.Exit(status)
}

// lintel runs lintel in the repository's root and returns what it printed.
func lintel(t *testing.T, args ...string) []byte {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatalf("build lintel: %v", err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = repository, append(os.Environ(), "LINTEL_CACHE=off")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("lintel %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out
}

func role(o object) string {
	s, _ := o.at("metadata", "labels", "lintel.dev/role").(string)
	return s
}

// TestBundleInChart wants a bundle that the chart brings to be the one that was rendered,
// and the gateways' pods to be the same with and without it.
func TestBundleInChart(t *testing.T) {
	text := lintel(t, "render", "routes", "--name", "edge")
	file := filepath.Join(t.TempDir(), "bundle.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	name := []string{"--set", "bundle.name=edge"}
	with := helm(t, append(name, "--set", "bundle.create=true", "--set-file", "bundle.rendered="+file)...)
	without := helm(t, name...)
	parts := map[string]object{}
	for _, o := range objects(t, text) {
		o["metadata"].(map[string]any)["namespace"] = "gateways"
		parts[o.name()] = o
	}
	if len(parts) == 0 {
		t.Fatal("there is no bundle")
	}
	rest := map[string]object{}
	for _, o := range objects(t, with) {
		if role(o) != "bundle" {
			rest[o.name()] = o
			continue
		}
		if diff := cmp.Diff(parts[o.name()], o); diff != "" {
			t.Errorf("%s is not what was rendered:\n%s", o.name(), diff)
		}
		delete(parts, o.name())
	}
	for name := range parts {
		t.Errorf("%s is not there", name)
	}
	for _, o := range objects(t, without) {
		if diff := cmp.Diff(o, rest[o.name()]); diff != "" {
			t.Errorf("%s changes with the bundle:\n%s", o.name(), diff)
		}
	}
}

// TestFilesInChart wants the chart to say of a bundle's files what render says of them.
func TestFilesInChart(t *testing.T) {
	rendered := objects(t, lintel(t, "render", "routes"))
	if len(rendered) != 1 {
		t.Fatalf("the example is %d ConfigMaps", len(rendered))
	}
	want := rendered[0]
	values, err := yaml.Marshal(map[string]any{"bundle": map[string]any{"create": true, "files": want["binaryData"]}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, values, 0o600); err != nil {
		t.Fatal(err)
	}
	got := objects(t, helm(t, "--values", file, "--show-only", "templates/bundle.yaml"))[0]
	for _, path := range [][]string{
		{"metadata", "name"},
		{"metadata", "labels", "lintel.dev/bundle"},
		{"metadata", "labels", "lintel.dev/role"},
		{"metadata", "annotations", "lintel.dev/digest"},
		{"metadata", "annotations", "lintel.dev/content"},
		{"metadata", "annotations", "lintel.dev/parts"},
		{"binaryData"},
	} {
		if diff := cmp.Diff(want.at(path...), got.at(path...)); diff != "" {
			t.Errorf("%s:\n%s", strings.Join(path, "."), diff)
		}
	}
}

// TestArgo plays a sync of what Argo CD's plugin prints: the health check knows the
// bundle, the candidate comes before the Job that tests it, and the Job mounts it.
func TestArgo(t *testing.T) {
	text, err := os.ReadFile(argocd + "/plugin/plugin.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config, _ := objects(t, text)[0].at("data", "plugin.yaml").(string)
	plugin := objects(t, []byte(config))[0]
	if found, err := filepath.Glob(filepath.Join(repository, plugin.at("spec", "discover", "fileName").(string))); err != nil || len(found) != 1 {
		t.Errorf("the plugin does not find a repository of routes: %v, %v", found, err)
	}
	args := decode[[]string](t, plugin.at("spec", "generate", "args"))
	if command := decode[[]string](t, plugin.at("spec", "generate", "command")); cmp.Diff(command, []string{"/usr/local/bin/lintel"}) != "" {
		t.Errorf("the plugin runs %v", command)
	}
	printed := lintel(t, args...)
	for name, text := range conform(t, map[string][]byte{"the plugin's": printed}) {
		t.Errorf("%s:\n%s", name, text)
	}

	job := jobOf(t, argocd+"/hooks/candidate.yaml")
	mounted := map[string]bool{}
	for _, v := range job.pod.Spec.Volumes {
		if v.Projected != nil {
			for _, s := range v.Projected.Sources {
				mounted[s.ConfigMap.Name] = *s.ConfigMap.Optional
			}
		}
	}
	seen := map[string]int{}
	for _, o := range objects(t, printed) {
		is := decode[corev1.ConfigMap](t, o)
		seen[role(o)]++
		status, _ := health(t, is.Name, is.Labels, is.Annotations)
		switch role(o) {
		case "bundle":
			if is.Name == "lintel-bundle-0" && status != "Progressing" {
				t.Errorf("%s is %s before a gateway was asked", is.Name, status)
			}
			if is.Annotations["argocd.argoproj.io/hook"] != "" || is.Annotations["argocd.argoproj.io/sync-wave"] != "" {
				t.Errorf("%s is not in the last wave, where a sync ends", is.Name)
			}
			is.Annotations["lintel.dev/served"] = is.Annotations["lintel.dev/digest"] + " 3/3"
			if status, message := health(t, is.Name, is.Labels, is.Annotations); status != "Healthy" {
				t.Errorf("%s is %s when all serve it: %s", is.Name, status, message)
			}
		case "candidate":
			if status != "Healthy" {
				t.Errorf("%s is %s: the sync would wait for it", is.Name, status)
			}
			if !mounted[is.Name] {
				t.Errorf("the Job does not mount %s", is.Name)
			}
			if is.Annotations["argocd.argoproj.io/hook"] != "PreSync" || wave(t, is.Annotations) >= wave(t, job.annotations) {
				t.Errorf("%s does not come before its Job: %v", is.Name, is.Annotations)
			}
		default:
			t.Errorf("%s has the role %q", is.Name, role(o))
		}
	}
	if seen["bundle"] == 0 || seen["candidate"] == 0 {
		t.Errorf("the plugin printed %v", seen)
	}
}

// TestPokeHook wants the hook beside Argo CD to be the chart's own, and its account to be
// one that the chart makes.
func TestPokeHook(t *testing.T) {
	hook := jobOf(t, argocd+"/hooks/poke.yaml")
	accounts := map[string]bool{}
	for _, o := range objects(t, helm(t, "--set", "poke.enabled=true,poke.job=true")) {
		accounts[o.name()] = true
		if o.name() != "Job/lintel-poke" {
			continue
		}
		own := decode[corev1.PodTemplateSpec](t, template(o))
		if diff := cmp.Diff(own.Spec.Containers[0].Args, hook.pod.Spec.Containers[0].Args); diff != "" {
			t.Errorf("the hook does not do what the chart's does:\n%s", diff)
		}
		for key, value := range own.Labels {
			if hook.pod.Labels[key] != value {
				t.Errorf("the NetworkPolicy does not let the hook in: its pod has no label %s=%s", key, value)
			}
		}
	}
	if !accounts["Job/lintel-poke"] || !accounts["ServiceAccount/"+hook.pod.Spec.ServiceAccountName] {
		t.Errorf("the chart does not make the account %s", hook.pod.Spec.ServiceAccountName)
	}
}

// hook is a Job of Argo CD.
type hook struct {
	annotations map[string]string
	pod         corev1.PodTemplateSpec
}

func jobOf(t *testing.T, file string) hook {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	o := objects(t, text)[0]
	return hook{decode[map[string]string](t, o.at("metadata", "annotations")), decode[corev1.PodTemplateSpec](t, template(o))}
}

func wave(t *testing.T, annotations map[string]string) int {
	t.Helper()
	n, err := strconv.Atoi(annotations["argocd.argoproj.io/sync-wave"])
	if err != nil {
		t.Fatalf("wave: %v", err)
	}
	return n
}
