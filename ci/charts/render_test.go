package main_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	chart  = "../../charts/lintel"
	argocd = "../../charts/argocd"
	custom = "../../charts/kustomize"
)

// tools finds the programs that the modules here pin, each once.
var tools sync.Map

// tool is the path of a program that the module in dir pins; it is built the first time.
func tool(t testing.TB, dir, name string) string {
	t.Helper()
	find, _ := tools.LoadOrStore(name, sync.OnceValues(func() (string, error) {
		cmd := exec.Command("go", "tool", "-n", name)
		cmd.Dir = dir
		out, err := cmd.Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = errors.New(string(exit.Stderr))
		}
		return strings.TrimSpace(string(out)), err
	}))
	path, err := find.(func() (string, error))()
	if err != nil {
		t.Fatalf("build %s: %v", name, err)
	}
	return path
}

// run runs a program and returns what it printed; the test fails when the program does.
func run(t testing.TB, stdin []byte, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(program), strings.Join(args, " "), err, out, errs.String())
	}
	return out
}

// object is one document of manifests.
type object map[string]any

// at is what lies at a path, or nil.
func (o object) at(path ...string) any {
	var v any = map[string]any(o)
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

func (o object) name() string {
	kind, _ := o["kind"].(string)
	name, _ := o.at("metadata", "name").(string)
	return kind + "/" + name
}

// objects are the documents of a text.
func objects(t testing.TB, text []byte) (out []object) {
	t.Helper()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var o map[string]any
		err := dec.Decode(&o)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if o != nil {
			out = append(out, o)
		}
	}
}

// examples are the values files of the chart's examples by their names; "defaults" has
// none.
func examples(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob(chart + "/examples/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	out := map[string]string{"defaults": os.DevNull}
	for _, file := range files {
		out[strings.TrimSuffix(filepath.Base(file), ".yaml")] = file
	}
	return out
}

// renders remembers what helm has rendered.
var renders sync.Map

// helm renders the chart as release lintel in namespace gateways.
func helm(t testing.TB, args ...string) []byte {
	t.Helper()
	key := strings.Join(args, "\x00")
	if out, ok := renders.Load(key); ok {
		return out.([]byte)
	}
	out := run(t, nil, tool(t, ".", "helm"), append([]string{"template", "lintel", chart, "--namespace", "gateways"}, args...)...)
	renders.Store(key, out)
	return out
}

// manifests are all manifests of charts/ by where they come from: what the chart makes of
// its examples, what Kustomize builds, and the plain files.
func manifests(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for name, file := range examples(t) {
		out["chart with "+name] = helm(t, "--values", file)
	}
	out["chart with hooks"] = helm(t, "--set", "poke.enabled=true,poke.job=true")
	for _, dir := range []string{"base", "overlays/production"} {
		out["kustomize "+dir] = run(t, nil, tool(t, ".", "kustomize"), "build", filepath.Join(custom, dir))
	}
	for _, pattern := range []string{argocd + "/*/*.yaml", chart + "/examples/*/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files are %s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out[file] = text
		}
	}
	return out
}
