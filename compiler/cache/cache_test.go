package cache

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestPutGet(t *testing.T) {
	c := Open(filepath.Join(t.TempDir(), "made"), "v")
	key := c.Key("a")
	if _, ok := c.Get(key); ok {
		t.Error("there is a value before one was put")
	}
	c.Put(key, []byte("value"))
	if got, ok := c.Get(key); !ok || string(got) != "value" {
		t.Errorf("got %q, %v", got, ok)
	}
	c.Rename(key, key+"-proven")
	if _, ok := c.Get(key); ok {
		t.Error("the value is there still")
	}
	if got, ok := c.Get(key + "-proven"); !ok || string(got) != "value" {
		t.Errorf("renamed: got %q, %v", got, ok)
	}
}

// TestDamage holds that a value is what was put, or none.
func TestDamage(t *testing.T) {
	c := Open(t.TempDir(), "v")
	key := c.Key("a")
	for name, damage := range map[string]func([]byte) []byte{
		"truncated": func(b []byte) []byte { return b[:len(b)/2] },
		"empty":     func([]byte) []byte { return nil },
		"flipped":   func(b []byte) []byte { b[len(b)-3] ^= 1; return b },
		"longer":    func(b []byte) []byte { return append(b, 0) },
	} {
		c.Put(key, []byte("some value"))
		b, err := os.ReadFile(c.path(key))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(c.path(key), damage(b), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := c.Get(key); ok {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// TestKey holds that everything that can change an outcome is in the key.
func TestKey(t *testing.T) {
	base := &Cache{salt: salt("v1", "100 7")}
	keys := map[string]string{base.Key("a", "b"): "base"}
	for name, key := range map[string]string{
		"version":  (&Cache{salt: salt("v2", "100 7")}).Key("a", "b"),
		"build":    (&Cache{salt: salt("v1", "100 8")}).Key("a", "b"),
		"part":     base.Key("a", "c"),
		"boundary": base.Key("ab", ""),
		"joined":   base.Key("ab"),
	} {
		if other, has := keys[key]; has {
			t.Errorf("%s has the key of %s", name, other)
		}
		keys[key] = name
	}
	if executable() == "" {
		t.Error("the build of this program is not known")
	}
}

// TestNone holds that nothing works on without a cache.
func TestNone(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*Cache{"off": Open("off", "v"), "unusable": Open(blocked, "v")} {
		key := c.Key("a")
		c.Put(key, []byte("x"))
		c.Rename(key, key+"y")
		c.Trim()
		if key != "" {
			if _, ok := c.Get(key); ok {
				t.Errorf("%s: a value was kept", name)
			}
		}
	}
}

func TestTrim(t *testing.T) {
	c := Open(t.TempDir(), "v")
	c.limit = 1000
	for i, key := range []string{"aa1", "bb2", "cc3", "dd4"} {
		c.Put(key, make([]byte, 300))
		at := time.Unix(int64(1000+i), 0)
		if err := os.Chtimes(c.path(key), at, at); err != nil {
			t.Fatal(err)
		}
	}
	c.wrote.Store(trimAfter) // four are too few to be sure of a look
	c.Trim()
	for key, want := range map[string]bool{"aa1": false, "bb2": false, "cc3": true, "dd4": true} {
		if _, got := c.Get(key); got != want {
			t.Errorf("%s kept: %v, want %v", key, got, want)
		}
	}
}
