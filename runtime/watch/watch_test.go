package watch

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
)

// start runs a watcher whose poll never comes, and returns the channel of its
// looks.
func start(t *testing.T, cfg Config) <-chan struct{} {
	t.Helper()
	looks := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		New(cfg).Run(ctx, func() {
			select {
			case looks <- struct{}{}:
			default:
			}
		})
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return looks
}

// until waits for a look at which ok holds.
func until(t *testing.T, looks <-chan struct{}, what string, ok func() bool) {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case <-looks:
			if ok() {
				return
			}
		case <-late:
			t.Fatalf("%s: nobody said to look", what)
		}
	}
}

func reads(path, want string) func() bool {
	return func() bool {
		got, err := os.ReadFile(path)
		return err == nil && string(got) == want
	}
}

func TestKubelet(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mount")
	k, err := runtimetest.NewKubeletWriter(dir)
	if err != nil {
		t.Fatal(err)
	}
	looks := start(t, Config{Dir: dir, Poll: time.Hour})
	for _, text := range []string{"a", "b", "c"} {
		if err := k.Write(map[string][]byte{"manifest.json": []byte(text), text: nil}); err != nil {
			t.Fatal(err)
		}
		until(t, looks, text, reads(filepath.Join(dir, "..data", "manifest.json"), text))
	}
}

func TestDirectoryComesAndGoes(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "a", "b")
	file := filepath.Join(dir, "manifest.json")
	looks := start(t, Config{Dir: dir, Poll: time.Hour})
	write := func(dir, text string) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(dir, "made later")
	until(t, looks, "made later", reads(file, "made later"))
	// As WriteDir replaces a bundle: the old one aside, the new one in its place.
	for _, text := range []string{"replaced", "replaced again"} {
		fresh := filepath.Join(root, "a", "fresh")
		write(fresh, text)
		if err := os.Rename(dir, dir+".old"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(fresh, dir); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(dir + ".old"); err != nil {
			t.Fatal(err)
		}
		until(t, looks, text, reads(file, text))
	}
	write(dir, "changed inside the new one")
	until(t, looks, "changed", reads(file, "changed inside the new one"))
	if err := os.RemoveAll(filepath.Join(root, "a")); err != nil {
		t.Fatal(err)
	}
	until(t, looks, "removed", func() bool { _, err := os.Stat(dir); return err != nil })
	write(dir, "back")
	until(t, looks, "back", reads(file, "back"))
}

func TestLink(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"one", "two"} {
		if err := os.Mkdir(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name, "f"), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(root, "current")
	if err := os.Symlink("one", link); err != nil {
		t.Fatal(err)
	}
	looks := start(t, Config{Dir: link, Poll: time.Hour})
	until(t, looks, "the beginning", reads(filepath.Join(link, "f"), "one"))
	if err := os.Symlink("two", link+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link+".new", link); err != nil {
		t.Fatal(err)
	}
	until(t, looks, "the link moved", reads(filepath.Join(link, "f"), "two"))
	if err := os.WriteFile(filepath.Join(root, "two", "f"), []byte("2"), 0o644); err != nil {
		t.Fatal(err)
	}
	until(t, looks, "a change behind the link", reads(filepath.Join(link, "f"), "2"))
}

func TestPollNeedsNoEvent(t *testing.T) {
	looks := start(t, Config{Dir: filepath.Join(t.TempDir(), "never"), Poll: time.Millisecond})
	for range 3 {
		until(t, looks, "poll", func() bool { return true })
	}
}
