package secret

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/schemas/route"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestValues(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "secrets")
	write(t, filepath.Join(root, "outside"), "forbidden")
	write(t, filepath.Join(dir, "plain"), "value")
	write(t, filepath.Join(dir, "partner/key"), "value\n")
	write(t, filepath.Join(dir, "crlf"), "value\r\n")
	write(t, filepath.Join(dir, "two-lines"), "value\n\n")
	write(t, filepath.Join(dir, "empty"), "")
	write(t, filepath.Join(dir, "newline"), "\n")
	write(t, filepath.Join(dir, "largest"), strings.Repeat("x", maxSecret))
	write(t, filepath.Join(dir, "larger"), strings.Repeat("x", maxSecret+1))
	if err := os.Symlink("../outside", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("plain", filepath.Join(dir, "inside")); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s := New(Config{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for file, want := range map[string]string{
		"plain": "value", "partner/key": "value", "crlf": "value", "two-lines": "value\n", "inside": "value", "largest": strings.Repeat("x", maxSecret),
		"empty": "none", "newline": "none", "larger": "none", "absent": "none", "link": "none", "../outside": "none", "/etc/hostname": "none", "partner": "none", "": "none", "plain/x": "none",
	} {
		got, ok := s.Handle(route.Secret{File: file}).Value()
		if !ok {
			got = "none"
		}
		if got != want {
			t.Errorf("%q: got %.20q, want %.20q", file, got, want)
		}
	}
	first := s.Handle(route.Secret{File: "plain"})
	if again := s.Handle(route.Secret{File: "plain"}); again != first {
		t.Error("two handles for one file")
	}
	for _, text := range []string{log.String(), fmt.Sprintf("%v %+v", s.Handle(route.Secret{File: "plain"}), s.Handle(route.Secret{File: "plain"}))} {
		if strings.Contains(text, "value") && !strings.Contains(text, "has no value") || strings.Contains(text, "forbidden") {
			t.Errorf("a secret was printed: %s", text)
		}
	}
	if _, ok := New(Config{}).Handle(route.Secret{File: "plain"}).Value(); ok {
		t.Error("a value without a folder")
	}
}

func TestHotReload(t *testing.T) {
	dir := t.TempDir()
	s := New(Config{Dir: dir, Poll: 5 * time.Millisecond})
	h := s.Handle(route.Secret{File: "team/key"})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { s.Run(ctx) })
	defer wg.Wait()
	defer cancel()
	expect := func(want string) {
		t.Helper()
		for late := time.Now().Add(10 * time.Second); time.Now().Before(late); time.Sleep(time.Millisecond) {
			if got, _ := h.Value(); got == want {
				return
			}
		}
		t.Fatalf("the value never became %q", want)
	}
	for _, v := range []string{"one", "two"} {
		write(t, filepath.Join(dir, "team/key"), v+"\n")
		expect(v)
	}
	if err := os.RemoveAll(filepath.Join(dir, "team")); err != nil {
		t.Fatal(err)
	}
	expect("")
}

func TestProblemsAreToldOnce(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	s := New(Config{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
	s.Handle(route.Secret{File: "k"})
	for range 3 {
		s.Refresh()
	}
	write(t, filepath.Join(dir, "k"), "v")
	for range 3 {
		s.Refresh()
	}
	if n := strings.Count(log.String(), "\n"); n != 2 {
		t.Errorf("%d lines, want one for the loss and one for the return:\n%s", n, &log)
	}
}

// TestRotationHasNoGap reads a secret while the kubelet's way of writing it goes on:
// it has a value at all times.
func TestRotationHasNoGap(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	k, err := runtimetest.NewKubeletWriter(dir)
	if err != nil {
		t.Fatal(err)
	}
	turn := func(i int) {
		if err := k.Write(map[string][]byte{"key": fmt.Appendf(nil, "value-%d", i)}); err != nil {
			t.Error(err)
		}
	}
	turn(0)
	s := New(Config{Dir: dir})
	h := s.Handle(route.Secret{File: "key"})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 300 {
			turn(i)
		}
	}()
	for going := true; going; {
		select {
		case <-done:
			going = false
		default:
		}
		s.Refresh()
		if _, ok := h.Value(); !ok {
			t.Fatal("the secret lost its value")
		}
	}
	if v, _ := h.Value(); v != "value-299" {
		t.Errorf("the value is %q", v)
	}
}

// TestUnusedSecretsAreForgotten reads no file that nothing refers to any more.
func TestUnusedSecretsAreForgotten(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "kept"), "value")
	s := New(Config{Dir: dir})
	kept := s.Handle(route.Secret{File: "kept"})
	for i := range 100 {
		s.Handle(route.Secret{File: fmt.Sprint(i)})
	}
	runtime.GC()
	s.Refresh()
	if n := len(s.handles); n != 1 {
		t.Errorf("%d handles are kept, want 1", n)
	}
	if s.Handle(route.Secret{File: "kept"}) != kept {
		t.Error("a secret in use got another handle")
	}
}
