package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/release"
)

// childEnv makes the test binary be the gateway: a real process to send signals
// to.
const childEnv = "LINTEL_GATEWAY_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// child is a gateway process.
type child struct {
	t       *testing.T
	cmd     *exec.Cmd
	admin   string
	listen  string
	listens []string
	mu      sync.Mutex
	log     bytes.Buffer
	drained chan struct{}
}

func start(t *testing.T, args ...string) *child {
	t.Helper()
	return startPlain(t, append(args, "--listen", "127.0.0.1:0")...)
}

// startPlain starts a gateway whose listeners stand in its config.
func startPlain(t *testing.T, args ...string) *child {
	t.Helper()
	c := &child{t: t, drained: make(chan struct{})}
	c.cmd = exec.Command(os.Args[0], append(args, "--admin", "127.0.0.1:0")...)
	c.cmd.Env = append(os.Environ(), childEnv+"=1")
	stderr, err := c.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	go func() {
		defer close(c.drained)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			c.mu.Lock()
			c.log.WriteString(lines.Text() + "\n")
			c.mu.Unlock()
			var l struct {
				Msg, Admin string
				Listen     []string
			}
			if json.Unmarshal(lines.Bytes(), &l) == nil && l.Msg == "gateway started" {
				c.admin, c.listen, c.listens = l.Admin, l.Listen[0], l.Listen
				close(started)
			}
		}
	}()
	t.Cleanup(func() { c.kill() })
	select {
	case <-started:
	case <-c.drained:
		t.Fatalf("the gateway ended: %s", c.text())
	case <-time.After(20 * time.Second):
		t.Fatalf("the gateway did not start: %s", c.text())
	}
	return c
}

func (c *child) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.String()
}

// kill ends the process at once, and waits for its end.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // it may have ended before
	<-c.drained
	_ = c.cmd.Wait()
}

type status struct {
	Digest     string
	OnLastGood bool                   `json:"on_last_good"`
	LastError  *struct{ Code string } `json:"last_error"`
}

func (c *child) status() status {
	c.t.Helper()
	resp, err := http.Get("http://" + c.admin + "/-/bundle")
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	var s status
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		c.t.Fatal(err)
	}
	return s
}

// until waits for a status.
func (c *child) until(what string, ok func(status) bool) {
	c.t.Helper()
	for late := time.Now().Add(20 * time.Second); time.Now().Before(late); time.Sleep(2 * time.Millisecond) {
		if ok(c.status()) {
			return
		}
	}
	c.t.Fatalf("never %s: %+v\n%s", what, c.status(), c.text())
}

func (c *child) ready() int {
	c.t.Helper()
	resp, err := http.Get("http://" + c.admin + "/-/ready")
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

func TestUsage(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	write := func(text string) string {
		name := filepath.Join(t.TempDir(), "gateway.yaml")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"help", []string{"--help"}, 0, "Usage:"},
		{"nothing", nil, 2, "give the bundle's directory as --bundle DIR"},
		{"unknown flag", []string{"--bundel", "x"}, 2, "flag provided but not defined"},
		{"argument", []string{"--bundle", "x", "y"}, 2, `unexpected argument "y"`},
		{"no config", []string{"--bundle", "x", "--config", file}, 1, "no such file"},
		{"bad config", []string{"--bundle", "x", "--config", write("accessLog: off\nports: 80\n")}, 1, "gateway.yaml:2: the key ports is unknown"},
		{"dial without dev", []string{"--bundle", "x", "--config", write(`dial: {"a:1": "b:1"}`)}, 1, "--dev"},
		{"config without bundle", []string{"--config", write("accessLog: off")}, 1, "bundle.dir: give the directory"},
		{"bad address", []string{"--bundle", "x", "--listen", "80"}, 1, "is not host:port"},
		{"no key", []string{"--bundle", "x", "--verify-key", file}, 1, "verify key"},
		{"bad key", []string{"--bundle", "x", "--verify-key", write("x")}, 1, "PUBLIC KEY"},
		{"no port", []string{"--bundle", "x", "--admin", "127.0.0.1:0", "--listen", "127.0.0.1:99999"}, 1, "cannot listen on 127.0.0.1:99999: listen tcp: address 99999: invalid port\n"},
		{"busy port", []string{"--bundle", "x", "--admin", "127.0.0.1:0", "--listen", busy.Addr().String()}, 1, busy.Addr().String() + ": another process listens there; stop it, or choose another address"},
		{"busy admin port", []string{"--bundle", "x", "--listen", "127.0.0.1:0", "--admin", busy.Addr().String()}, 1, busy.Addr().String() + ": another process listens there; stop it, or choose another address"},
	} {
		var out, errs bytes.Buffer
		if code := run(c.args, &out, &errs); code != c.code || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%s: exit %d, want %d; said:\n%s", c.name, code, c.code, &errs)
		}
	}
}

func TestVersion(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run([]string{"--version"}, &out, &errs); code != 0 || out.String() != "lintel-gateway "+release.Version+"\n" {
		t.Errorf("exit %d, says %q", code, &out)
	}
}

func TestLogIsReadable(t *testing.T) {
	var out bytes.Buffer
	logger(&out).Info("x", "took", 1500*time.Microsecond)
	var line struct{ Time, Took string }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line.Took != "1.5ms" || !strings.HasSuffix(line.Time, "Z") {
		t.Errorf("a line of the log is %s", &out)
	}
}

func TestBadBundleIsNoReasonToEnd(t *testing.T) {
	mount := filepath.Join(t.TempDir(), "mount")
	k, err := runtimetest.NewKubeletWriter(mount)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Write(map[string][]byte{bundle.ManifestName: []byte("{")}); err != nil {
		t.Fatal(err)
	}
	c := start(t, "--bundle", mount)
	c.until("refused", func(s status) bool {
		return s.LastError != nil && s.LastError.Code == "bundle-malformed" && s.Digest == ""
	})
	if got := c.ready(); got != 503 {
		t.Errorf("ready answers %d", got)
	}
	b := runtimetest.Answering(t, "h.example", "a")
	if err := k.Write(b.Files()); err != nil {
		t.Fatal(err)
	}
	c.until("served", func(s status) bool { return s.Digest == b.Digest() && s.LastError == nil })
	if got := c.ready(); got != 200 {
		t.Errorf("ready answers %d", got)
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-c.drained
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("ended with %v: %s", err, c.text())
	}
	for _, line := range strings.Split(strings.TrimSpace(c.text()), "\n") {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil || v["msg"] == nil || v["level"] == nil {
			t.Errorf("not a structured line: %s", line)
		}
	}
	if !strings.Contains(c.text(), "gateway stopped") {
		t.Errorf("the end is not told: %s", c.text())
	}
}

// TestKill9 kills gateways at random moments while bundles are swapped. What was
// kept is always a whole bundle that was served, never older than the last one
// seen to be kept, and the next gateway starts from it without its mount.
func TestKill9(t *testing.T) {
	swaps := 200
	if testing.Short() {
		swaps = 30
	}
	const perChild = 20
	dir := t.TempDir()
	mount, state := filepath.Join(dir, "mount"), filepath.Join(dir, "state")
	k, err := runtimetest.NewKubeletWriter(mount)
	if err != nil {
		t.Fatal(err)
	}
	var written []string // digests in order
	oldest := 0          // the oldest bundle that may still be the kept one
	for len(written) < swaps || oldest == 0 && len(written) < 20*swaps {
		c := start(t, "--bundle", mount, "--state-dir", state)
		die := time.After(time.Duration(rand.Int64N(int64(150 * time.Millisecond))))
		dead := make(chan struct{})
		go func() {
			<-die
			c.kill()
			close(dead)
		}()
		for range perChild {
			b := runtimetest.Answering(t, "h.example", strconv.Itoa(len(written)))
			written = append(written, b.Digest())
			if err := k.Write(b.Files()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(rand.Int64N(int64(15 * time.Millisecond))))
		}
		<-dead
		kept, err := bundle.Open(filepath.Join(state, "current"), bundle.Limits{})
		if bundle.CodeOf(err) == bundle.CodeEmpty && oldest == 0 {
			continue // killed before the first bundle was kept
		}
		if err != nil {
			t.Fatalf("after %d swaps the kept bundle is broken: %v", len(written), err)
		}
		at := slices.Index(written, kept.Digest())
		if at < oldest {
			t.Fatalf("after %d swaps bundle %d is kept, but %d was kept before", len(written), at, oldest)
		}
		oldest = at
		next := start(t, "--bundle", filepath.Join(dir, "absent"), "--state-dir", state)
		next.until("on last good", func(s status) bool { return s.OnLastGood && s.Digest == kept.Digest() })
		next.kill()
	}
	if oldest == 0 {
		t.Errorf("no bundle was ever kept in %d swaps", len(written))
	}
}
