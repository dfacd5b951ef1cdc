package k6

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/gatewaytest"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// TestMain builds the program that the tests run, unless LINTEL_K6 names one.
func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	if os.Getenv("LINTEL_K6") == "" {
		dir, err := os.MkdirTemp("", "lintel-k6")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		program := filepath.Join(dir, "lintel-k6")
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./cmd/lintel-k6")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build lintel-k6: %v\n%s", err, out)
			return 1
		}
		if err := os.Setenv("LINTEL_K6", program); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// ran is what a run of lintel-k6 came to.
type ran struct {
	code           int
	stdout, stderr string
}

// lintelK6 runs the program in a folder of its own.
func lintelK6(t *testing.T, stdin string, env map[string]string, args ...string) ran {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Getenv("LINTEL_K6"), args...)
	cmd.Dir = t.TempDir()
	cmd.Stdin = strings.NewReader(stdin)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "LINTEL_") && !strings.HasPrefix(v, "K6_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "K6_AUTO_EXTENSION_RESOLUTION=false", "HOME="+cmd.Dir)
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("lintel-k6 %v: %v\n%s", args, err, stderr.String())
	}
	return ran{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// runScript runs a script as the gate does.
func runScript(t *testing.T, script string, env map[string]string) ran {
	t.Helper()
	return lintelK6(t, script, env, "run", "--quiet", "--no-usage-report", "--address", "", "--summary-mode=disabled", "-")
}

func scriptText(t *testing.T, name string) string {
	t.Helper()
	text, err := scripts.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// gateway is a gateway in this process.
type gateway struct{ target, admin string }

// startGateway serves what is mounted in dir.
func startGateway(t *testing.T, dir string) gateway {
	t.Helper()
	g, _ := gatewaytest.Start(t, dir, nil)
	return gateway{target: fmt.Sprint(g.Addresses()[0]), admin: fmt.Sprint(g.AdminAddress())}
}

// orders is a bundle with one route to an echo, in a directory.
func orders(t *testing.T) (dir string, b *bundle.Bundle) {
	t.Helper()
	up := httptest.NewServer(echo.Handler("orders"))
	t.Cleanup(up.Close)
	d := runtimetest.Domain("shop.example", route.Route{ID: "orders", Match: route.Match{Path: route.Path{Prefix: "/orders"}}, Upstream: "orders"})
	d.Upstreams = map[string]route.Upstream{"orders": runtimetest.Upstream(up.Listener.Addr().String())}
	b = runtimetest.Bundle(t, "1", d)
	return mounted(t, b), b
}

// mounted is a directory that holds a bundle.
func mounted(t *testing.T, b *bundle.Bundle) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range b.Files() {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// caseFile writes a set of cases of the route shop.example/orders, each as an
// author's JSON.
func caseFile(t *testing.T, digest string, specs ...string) string {
	t.Helper()
	set := cases.Set{Bundle: digest}
	for n, text := range specs {
		spec, err := cases.ParseSpec([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		set.Cases = append(set.Cases, cases.Case{Route: "shop.example/orders", Name: fmt.Sprint("case ", n), File: "routes/shop.example/orders.cue", Line: n + 1, Spec: spec})
	}
	raw, err := set.Encode()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cases.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// results reads the lines that a run has appended.
func results(t *testing.T, path string) (out []cases.Result) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r cases.Result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		out = append(out, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
