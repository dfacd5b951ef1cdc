package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// perKind is how many mutants of each kind are tried.
const perKind = 4

// templateMutants change what many routes share. The output must name a route that
// the change broke.
var templateMutants = []struct{ what, old, text string }{
	{"template status", "respond: {status: 410,", "respond: {status: 404,"},
	{"template header", `remove: ["server", "x-powered-by"]`, `remove: ["server"]`},
	{"template filter", "_api: #Filters & {\n\trequestId: {}", "_api: #Filters & {"},
	{"template methods", `methods: ["DELETE"]`, `methods: ["PUT"]`},
	{"template redirect", "#status: *308 | 301", "#status: *307 | 301 | 308"},
	{"template timeout", `timeouts: request: "800ms"`, `timeouts: request: "20s"`},
	{"template secret", `authorization: secret: "internal-token"`, `authorization: "internal-token"`},
}

// filterMutants change the code of a filter.
var filterMutants = []struct{ what, file, old, text string }{
	{"filter code: redirect", "runtime/filter/redirect/redirect.go", `x.Answer(f.c.Status,`, `x.Answer(f.c.Status+1,`},
	{"filter code: respond", "runtime/filter/respond/respond.go", `f := &respond{status: c.Status,`, `f := &respond{status: c.Status + 1,`},
	{"filter code: cors", "runtime/filter/cors/cors.go", `if !ok || !f.allows(origin) {`, `if !ok {`},
	{"filter code: headers set", "runtime/filter/headers/headers.go", `h.Set(e.set[i].name, v)`, `h.Add(e.set[i].name, v)`},
	{"filter code: headers remove", "runtime/filter/headers/headers.go", `h.Del(name)`, `_ = name`},
}

// TestMutations breaks the example on purpose, in cases, routes, templates and the code
// of filters, and counts how many of the changes `lintel test` notices, with the place
// of the change. The cases of the example are the measure: at least 95 in 100.
func TestMutations(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	env := mutationEnv(t)
	type job struct {
		name string
		run  func(t *testing.T) (noticed, placed bool, out string)
	}
	var jobs []job
	for _, m := range spread(findMutants(t, "../../routes"), perKind) {
		jobs = append(jobs, job{m.String(), func(t *testing.T) (bool, bool, string) {
			dir := copyRoutes(t)
			m.apply(t, dir)
			status, out := env.test(t, dir, "")
			return status == exitFindings, holdsAny(out, m.places), out
		}})
	}
	for _, m := range templateMutants {
		jobs = append(jobs, job{m.what, func(t *testing.T) (bool, bool, string) {
			dir := copyRoutes(t)
			replaceIn(t, filepath.Join(dir, "templates.cue"), m.old, m.text)
			status, out := env.test(t, dir, "")
			return status == exitFindings, holdsAny(out, []string{" at routes/", ": error: routes."}), out
		}})
	}
	for _, m := range filterMutants {
		jobs = append(jobs, job{m.what, func(t *testing.T) (bool, bool, string) {
			status, out := env.test(t, copyRoutes(t), env.gatewayWith(t, m.file, m.old, m.text))
			return status == exitFindings, strings.Contains(out, " at routes/"), out
		}})
	}
	var mu sync.Mutex
	noticed, placed := 0, 0
	t.Run("of", func(t *testing.T) {
		for _, j := range jobs {
			t.Run(j.name, func(t *testing.T) {
				t.Parallel()
				n, p, out := j.run(t)
				mu.Lock()
				defer mu.Unlock()
				if n {
					noticed++
				}
				if n && p {
					placed++
				} else {
					t.Logf("noticed %v, placed %v:\n%s", n, p, out)
				}
			})
		}
	})
	share := 100 * float64(placed) / float64(len(jobs))
	said := fmt.Sprintf("%d mutations of the example: %d noticed, %d with the place of the change: %.1f %%", len(jobs), noticed, placed, share)
	t.Log(said)
	// Go keeps what a test that passes says to itself; make test prints this.
	if file := os.Getenv("LINTEL_MUTATIONS"); file != "" {
		if err := os.WriteFile(file, []byte(said+"\n"), 0o644); err != nil {
			t.Error(err)
		}
	}
	if share < 95 || len(jobs) < 20 {
		t.Errorf("%.1f %% of %d mutations were noticed with their place; at least 95 %% of at least 20 are asked for", share, len(jobs))
	}
}

// holdsAny tells whether the text holds one of the parts.
func holdsAny(text string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(text, p) {
			return true
		}
	}
	return false
}

// mutationRun is the programs and the cache that all mutants share.
type mutationRun struct{ bin, k6, cache string }

func mutationEnv(t *testing.T) *mutationRun {
	t.Helper()
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	k6, err := k6Program()
	if err != nil {
		t.Fatal(err)
	}
	env := &mutationRun{bin: bin, k6: k6, cache: t.TempDir()}
	if status, out := env.test(t, copyRoutes(t), ""); status != exitOK {
		t.Fatalf("the example fails before anything was changed: status %d\n%s", status, out)
	}
	return env
}

// test runs `lintel test` and returns its status and what it said.
func (e *mutationRun) test(t *testing.T, dir, gateway string) (int, string) {
	t.Helper()
	if gateway == "" {
		gateway = filepath.Join(e.bin, "lintel-gateway")
	}
	cmd := exec.Command(filepath.Join(e.bin, "lintel"), "test", dir)
	cmd.Env = append(os.Environ(), "LINTEL_CACHE="+e.cache, "LINTEL_GATEWAY="+gateway, "LINTEL_K6="+e.k6)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// gatewayWith builds a gateway with one source file changed.
func (e *mutationRun) gatewayWith(t *testing.T, file, old, text string) string {
	t.Helper()
	source, err := filepath.Abs(filepath.Join("../..", file))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	changed := filepath.Join(dir, "changed.go")
	data, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(changed, data, 0o644); err != nil {
		t.Fatal(err)
	}
	replaceIn(t, changed, old, text)
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{source: changed}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "lintel-gateway")
	cmd := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "../lintel-gateway")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// copyRoutes copies the example.
func copyRoutes(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range []string{"routes", "cue.mod"} {
		if err := os.CopyFS(filepath.Join(root, name), os.DirFS(filepath.Join("../..", name))); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(root, "routes")
}

// replaceIn replaces a text that a file must hold.
func replaceIn(t *testing.T, file, old, text string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), old) {
		t.Fatalf("%s does not hold %q", file, old)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(data), old, text, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}
