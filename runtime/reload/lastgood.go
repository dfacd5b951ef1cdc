package reload

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/bundle"
)

const (
	// currentLink is the link in the state folder that leads to the last good
	// bundle.
	currentLink = "current"
	// keptPrefix begins the names of the directories that hold kept bundles.
	keptPrefix = "bundle-"
)

func lastGoodDir(stateDir string) string { return filepath.Join(stateDir, currentLink) }

// keep writes the bundle that is served to the state folder. A failure is told
// and changes nothing: what is served does not depend on it.
func (r *Reloader) keep() {
	if r.cfg.StateDir == "" {
		return
	}
	if err := keepBundle(r.cfg.StateDir, r.current); err != nil {
		r.cfg.Log.Warn("last good bundle cannot be kept", "dir", r.cfg.StateDir, "error", err)
	}
}

// keepBundle makes b the last good bundle. It writes a new directory, syncs it,
// and moves one link onto it: a process that dies at any moment leaves the old
// bundle or the new one. A folder without room for both keeps the old one.
func keepBundle(stateDir string, b *bundle.Bundle) error {
	if err := os.MkdirAll(stateDir, 0o750); err != nil {
		return fmt.Errorf("keep bundle: %w", err)
	}
	// First, for what writes that were cut short left may be what fills the disk.
	kept, err := os.Readlink(lastGoodDir(stateDir))
	if err == nil || errors.Is(err, os.ErrNotExist) {
		err = removeOthers(stateDir, kept)
	}
	if err != nil {
		return fmt.Errorf("keep bundle: %w", err)
	}
	name, err := freshName(stateDir)
	if err != nil {
		return fmt.Errorf("keep bundle: %w", err)
	}
	if err := write(stateDir, name, b); err != nil {
		return fmt.Errorf("keep bundle: %w", errors.Join(err, os.RemoveAll(filepath.Join(stateDir, name))))
	}
	if err := syncDir(stateDir); err != nil {
		return fmt.Errorf("keep bundle: %w", err)
	}
	if err := removeOthers(stateDir, name); err != nil {
		return fmt.Errorf("keep bundle: %w", err)
	}
	return nil
}

// write writes b to the folder under a name and makes it the current one. When it
// fails, it is not.
func write(stateDir, name string, b *bundle.Bundle) error {
	if err := b.WriteDir(filepath.Join(stateDir, name)); err != nil {
		return err
	}
	link := filepath.Join(stateDir, currentLink+".new")
	if err := os.Remove(link); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Symlink(name, link); err != nil {
		return err
	}
	return os.Rename(link, lastGoodDir(stateDir))
}

// freshName makes an empty directory with a name of its own.
func freshName(stateDir string) (string, error) {
	dir, err := os.MkdirTemp(stateDir, keptPrefix)
	if err != nil {
		return "", err
	}
	return filepath.Base(dir), nil
}

// removeOthers removes what earlier bundles, and writes that were cut short, left
// behind.
func removeOthers(stateDir, name string) error {
	entries, err := os.ReadDir(stateDir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		n := e.Name()
		if n != name && (strings.HasPrefix(n, keptPrefix) || strings.HasPrefix(n, "."+keptPrefix)) {
			if err := os.RemoveAll(filepath.Join(stateDir, n)); err != nil {
				return fmt.Errorf("remove an older one: %w", err)
			}
		}
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
