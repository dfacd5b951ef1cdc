package runtimetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/schemas/bundle"
)

func TestKubeletWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mount")
	k, err := NewKubeletWriter(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, b := Answering(t, "h.example", "a"), Answering(t, "h.example", "b")
	var steps []int
	k.After = func(step int) {
		steps = append(steps, step)
		if len(steps) <= 6 {
			return
		}
		// The reader sees the old bundle up to the swap, the new one from there on.
		want := a
		if step >= 3 {
			want = b
		}
		got, err := bundle.Open(dir, bundle.Limits{})
		if err != nil || !got.Equal(want) {
			t.Errorf("after step %d: %v", step, err)
		}
	}
	for _, one := range []*bundle.Bundle{a, b} {
		if err := k.Write(one.Files()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]int{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6}, steps); diff != "" {
		t.Error(diff)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	// The files of b, ..data, and one directory.
	if want := len(b.Files()) + 2; len(entries) != want {
		t.Errorf("%d entries are left, want %d", len(entries), want)
	}
	for name := range b.Files() {
		if target, err := os.Readlink(filepath.Join(dir, name)); err != nil || target != "..data/"+name {
			t.Errorf("%s leads to %q: %v", name, target, err)
		}
	}
}

// TestKubeletWriterAgain goes on where another writer has ended.
func TestKubeletWriterAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mount")
	for _, text := range []string{"a", "b", "c"} {
		k, err := NewKubeletWriter(dir)
		if err != nil {
			t.Fatal(err)
		}
		want := Answering(t, "h.example", text)
		if err := k.Write(want.Files()); err != nil {
			t.Fatal(err)
		}
		if got, err := bundle.Open(dir, bundle.Limits{}); err != nil || !got.Equal(want) {
			t.Errorf("%s is not what is mounted: %v", text, err)
		}
	}
}
