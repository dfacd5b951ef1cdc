package compiler_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/ci/bench/mixed"
	"github.com/lintel-gateway/lintel/compiler"
)

// TestCacheLoses holds that a compile that leaves domains in the cache finds the same
// bundle when the cache has lost some of what it was trusted with.
func TestCacheLoses(t *testing.T) {
	repo := mixed.New(300)
	compile := func(cache string) string {
		t.Helper()
		res, err := compiler.Compile(context.Background(), compiler.Options{FS: repo.FS(), Cache: cache, BundleOnly: true})
		if err != nil || res.Bundle == nil {
			t.Fatalf("compile: %v %+v", err, res)
		}
		return res.Bundle.Digest()
	}
	kinds := map[string]func(name string, data []byte) bool{
		"domains":  func(name string, _ []byte) bool { return strings.HasSuffix(name, "-proven") },
		"outlines": func(_ string, data []byte) bool { return strings.Contains(string(data), `"routes":`) },
		"packs":    func(name string, _ []byte) bool { return !strings.Contains(name, "-") },
		"all":      func(string, []byte) bool { return true },
		"half": func(name string, data []byte) bool {
			return os.WriteFile(name, data[:len(data)/2], 0o600) != nil
		},
	}
	i := 0
	for what, lose := range kinds {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			compile(dir)
			i++
			repo.Edit(i)
			want := compile("off")
			err := filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
				if err != nil || e.IsDir() {
					return err
				}
				data, err := os.ReadFile(name)
				if err == nil && lose(name, data) {
					err = os.Remove(name)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, state := range []string{"first", "again"} {
				if got := compile(dir); got != want {
					t.Errorf("%s: %s, want %s", state, got, want)
				}
			}
		})
	}
}
