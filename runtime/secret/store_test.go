package secret

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

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
		"larger": "none", "absent": "none", "link": "none", "../outside": "none", "/etc/hostname": "none", "partner": "none", "": "none", "plain/x": "none",
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
