// Package runtimetest holds what tests of the gateway share: a writer that changes
// a directory exactly as the kubelet changes a mounted ConfigMap, and bundles made
// in Go.
package runtimetest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	dataLink = "..data"
	newLink  = "..data_tmp"
)

// KubeletWriter writes files into a directory in the six steps of the kubelet's
// atomic writer. It is used by one goroutine at a time.
type KubeletWriter struct {
	dir string
	n   int
	// After, when set, is called after each step (1 to 6) with its number: a test
	// can look, or stop, in between.
	After func(step int)
}

// NewKubeletWriter makes a writer for dir, which is made when it is absent.
func NewKubeletWriter(dir string) (*KubeletWriter, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("mount directory: %w", err)
	}
	return &KubeletWriter{dir: dir}, nil
}

// Write replaces what is mounted by files:
//
//  1. a new directory ..<time> with the files
//  2. a link ..data_tmp to it
//  3. the link is renamed onto ..data: the swap
//  4. links to files that are new
//  5. links to files that are gone are removed
//  6. the old directory is removed
func (k *KubeletWriter) Write(files map[string][]byte) error {
	fresh, err := k.name()
	if err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	old, err := os.Readlink(filepath.Join(k.dir, dataLink))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("mount: %w", err)
	}
	steps := []func() error{
		func() error { return k.fill(fresh, files) },
		func() error { return os.Symlink(fresh, filepath.Join(k.dir, newLink)) },
		func() error { return os.Rename(filepath.Join(k.dir, newLink), filepath.Join(k.dir, dataLink)) },
		func() error { return k.link(files) },
		func() error { return k.unlink(files) },
		func() error {
			if old == "" {
				return nil
			}
			return os.RemoveAll(filepath.Join(k.dir, old))
		},
	}
	for i, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("mount, step %d: %w", i+1, err)
		}
		if k.After != nil {
			k.After(i + 1)
		}
	}
	return nil
}

// name is that of the next directory: one that no writer before has left behind.
func (k *KubeletWriter) name() (string, error) {
	for {
		k.n++
		fresh := fmt.Sprintf("..2026_01_02_03_04_05.%010d", k.n)
		if _, err := os.Lstat(filepath.Join(k.dir, fresh)); errors.Is(err, fs.ErrNotExist) {
			return fresh, nil
		} else if err != nil {
			return "", err
		}
	}
}

func (k *KubeletWriter) fill(name string, files map[string][]byte) error {
	dir := filepath.Join(k.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for file, data := range files {
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (k *KubeletWriter) link(files map[string][]byte) error {
	for file := range files {
		err := os.Symlink(filepath.Join(dataLink, file), filepath.Join(k.dir, file))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

func (k *KubeletWriter) unlink(files map[string][]byte) error {
	entries, err := os.ReadDir(k.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, wanted := files[e.Name()]; wanted || strings.HasPrefix(e.Name(), "..") {
			continue
		}
		if err := os.Remove(filepath.Join(k.dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
