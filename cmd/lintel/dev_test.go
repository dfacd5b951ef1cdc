package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/port"
)

// built is the folder of programs, to be removed in the end.
var built string

// programs builds lintel and lintel-gateway once.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "lintel-programs-")
	if err != nil {
		return "", err
	}
	built = dir
	cmd := exec.Command("go", "build", "-o", dir, "../lintel", "../lintel-gateway")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return dir, nil
})

// output collects what a process prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// devRun is a running `lintel dev`.
type devRun struct {
	dir, base, admin string
	out              *output
}

const devRoutes = `package routes

domain: {hosts: ["shop.example"], owner: "team-shop"}
upstreams: orders: endpoints: ["127.0.0.1:1"]
routes: "order": #Route & {
	path: template: "/orders/{id}"
	upstream: "orders"
	filters: rewrite: path: "/v1/{id}"
}
`

func startDev(t *testing.T, files map[string]string) *devRun {
	t.Helper()
	if testing.Short() {
		t.Skip("starts processes")
	}
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	d := &devRun{dir: filepath.Join(t.TempDir(), "routes"), base: freePort(t), admin: freePort(t), out: &output{}}
	for name, text := range files {
		d.write(t, name, text)
	}
	cmd := exec.Command(filepath.Join(bin, "lintel"), "dev", d.dir, "--listen", d.base, "--admin", d.admin)
	cmd.Env = append(os.Environ(), "LINTEL_CACHE="+t.TempDir())
	cmd.Stdout, cmd.Stderr = d.out, d.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("dev ended badly: %v\n%s", err, d.out)
		}
		if c, err := net.Dial("tcp", d.base); err == nil {
			_ = c.Close()
			t.Error("the gateway outlives dev")
		}
		if t.Failed() {
			t.Logf("output:\n%s", d.out)
		}
	})
	return d
}

func freePort(t *testing.T) string {
	t.Helper()
	a, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (d *devRun) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// await asks until the upstream sees the path.
func (d *devRun) await(t *testing.T, path, want string, within time.Duration) {
	t.Helper()
	got := ""
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if got = d.seen(t, path); got == want {
			return
		}
	}
	t.Fatalf("the upstream sees %q after %s, want %q", got, within, want)
}

// seen is the path that the upstream sees for a request, or what came instead.
func (d *devRun) seen(t *testing.T, path string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", "http://"+d.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "shop.example"
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	var a struct{ Path, Proto string }
	if json.Unmarshal(text, &a) != nil || a.Proto == "" {
		return string(text)
	}
	return a.Path
}

func (d *devRun) awaitOutput(t *testing.T, pattern string) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if re.MatchString(d.out.String()) {
			return
		}
	}
	t.Fatalf("nothing in the output matches %s:\n%s", pattern, d.out)
}

func TestDevSwapsOnSave(t *testing.T) {
	d := startDev(t, map[string]string{"shop.example/orders.cue": devRoutes})
	d.await(t, "/orders/7", "/v1/7", 30*time.Second)
	d.awaitOutput(t, `lintel dev serves .*: 1 domain, 1 route, 1 upstream, sha256:[0-9a-f]{12}\n`)
	d.awaitOutput(t, `stands in for 1 of 1 upstreams: shop.example/orders`)
	d.awaitOutput(t, `curl -H 'Host: shop.example' http://`+d.base+`/orders/7`)

	// A change is served at once, and said in one line with the time it took.
	d.write(t, "shop.example/orders.cue", strings.ReplaceAll(devRoutes, "/v1/", "/v2/"))
	d.await(t, "/orders/7", "/v2/7", 10*time.Second)
	d.awaitOutput(t, `swapped to sha256:[0-9a-f]{12} in \d+ ms: ~ shop.example/order\n`)

	// A mistake is shown where it is; the old answer stays.
	d.write(t, "shop.example/orders.cue", strings.ReplaceAll(devRoutes, `upstream: "orders"`, `upstream: "ordres"`))
	d.awaitOutput(t, `routes/shop\.example/orders\.cue:7:2: error: .*"ordres" is not declared`)
	d.awaitOutput(t, `still serving sha256:`)
	if got := d.seen(t, "/orders/7"); got != "/v2/7" {
		t.Errorf("with a mistake in the files the upstream sees %q", got)
	}

	// A new module with a new upstream needs no restart.
	d.write(t, "shop.example/orders.cue", devRoutes)
	d.write(t, "shop.example/carts.cue", "package routes\n\nupstreams: carts: endpoints: [\"127.0.0.1:2\"]\nroutes: \"cart\": #Route & {path: prefix: \"/carts\", upstream: \"carts\"}\n")
	d.awaitOutput(t, `\+ shop.example/cart, ~ shop.example/order, \+ upstream shop.example/carts`)
	d.await(t, "/orders/7", "/v1/7", 5*time.Second)
	if code := d.status(t, "/carts/1"); code != 200 {
		t.Errorf("the new upstream answers %d", code)
	}
}

func (d *devRun) status(t *testing.T, path string) int {
	t.Helper()
	req, _ := http.NewRequest("GET", "http://"+d.base+path, nil)
	req.Host = "shop.example"
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// TestDevMakesSecretsUp: a route that sends a secret works without any, also one that
// is saved later.
func TestDevMakesSecretsUp(t *testing.T) {
	route := func(name string) string {
		return fmt.Sprintf(`package routes

secrets: %[1]q: file: "shop/%[1]s"
routes: %[1]q: #Route & {path: exact: "/%[1]s", upstream: "orders", filters: headers: request: set: "x-key": secret: %[1]q}
`, name)
	}
	d := startDev(t, map[string]string{"shop.example/orders.cue": devRoutes, "shop.example/one.cue": route("one")})
	d.await(t, "/one", "/one", 20*time.Second)
	d.write(t, "shop.example/two.cue", route("two"))
	d.await(t, "/two", "/two", 20*time.Second)
}

func TestDevStartsWithMistakes(t *testing.T) {
	d := startDev(t, map[string]string{"shop.example/orders.cue": strings.ReplaceAll(devRoutes, "#Route &", "#Rute &")})
	d.awaitOutput(t, `orders\.cue:5:`)
	d.awaitOutput(t, `waits for .* to be mended`)
	d.write(t, "shop.example/orders.cue", devRoutes)
	d.await(t, "/orders/7", "/v1/7", 10*time.Second)
}

func TestDevSaysThatAPortIsTaken(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := filepath.Join(t.TempDir(), "routes")
	(&devRun{dir: dir}).write(t, "shop.example/orders.cue", devRoutes)
	cmd := exec.Command(filepath.Join(bin, "lintel"), "dev", dir, "--listen", l.Addr().String(), "--admin", freePort(t))
	cmd.Env = append(os.Environ(), "LINTEL_CACHE=off")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != exitFailure || !strings.Contains(string(out), l.Addr().String()) || !strings.Contains(string(out), "another process listens there") {
		t.Errorf("exit %d: %v\n%s", cmd.ProcessState.ExitCode(), err, out)
	}
}

// TestDevStopsWhileItStarts ends well at whatever moment it is told to stop.
func TestDevStopsWhileItStarts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "routes")
	(&devRun{dir: dir}).write(t, "shop.example/orders.cue", devRoutes)
	for wait := 20 * time.Millisecond; wait < 400*time.Millisecond; wait += 30 * time.Millisecond {
		cmd := exec.Command(filepath.Join(bin, "lintel"), "dev", dir, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), "LINTEL_CACHE=off")
		out := &output{}
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(wait)
		_ = cmd.Process.Signal(os.Interrupt)
		err := cmd.Wait()
		// A process that had not come to listen to signals yet has started nothing.
		early := out.String() == "" && cmd.ProcessState.ExitCode() < 0
		if err != nil && !early {
			t.Errorf("told to stop after %s: %v\n%s", wait, err, out)
		}
	}
}
