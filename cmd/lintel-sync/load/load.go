// Package load turns what a path holds (route files, a bundle, or rendered ConfigMaps)
// into a bundle that is verified as a whole. Route files are compiled by the program
// lintel in a child process.
package load

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// Options say how a path is read.
type Options struct {
	// Name and Namespace are what rendered ConfigMaps must have; a ConfigMap without a
	// namespace has the right one.
	Name, Namespace string
	// Revision goes into the manifest of what is compiled.
	Revision string
	// Env and Group are passed to lintel; "" passes none.
	Env, Group string
	// SignKey is a file with the private key that lintel signs with; "" signs nothing.
	SignKey string
	// Program is the path of lintel; "" looks for it.
	Program string
	// Timeout bounds lintel; zero is two minutes.
	Timeout time.Duration
}

// Kind is what a path holds.
type Kind string

// The kinds.
const (
	Routes    Kind = "routes"
	Compiled  Kind = "bundle"
	Manifests Kind = "manifests"
)

// Findings is what lintel says of route files that are not in order, or of cases that
// fail. Nothing else went wrong.
type Findings struct{ Text string }

// Error is what lintel printed.
func (f *Findings) Error() string { return strings.TrimSpace(f.Text) }

// Bundle reads the path.
func Bundle(ctx context.Context, path string, o Options) (*bundle.Bundle, Kind, error) {
	kind, err := KindOf(path)
	if err != nil {
		return nil, "", err
	}
	var b *bundle.Bundle
	switch kind {
	case Compiled:
		if b, err = bundle.Open(path, bundle.Limits{}); err != nil {
			err = fmt.Errorf("read bundle %s: %w", path, err)
		}
	case Manifests:
		b, err = manifests(path, o)
	default:
		b, err = render(ctx, path, o)
	}
	return b, kind, err
}

// KindOf tells what the path holds: a YAML file is manifests; a directory with a
// manifest.json or shards is a bundle, one with YAML files and no CUE file is
// manifests, and any other is route files.
func KindOf(path string) (Kind, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%s does not exist: name a routes directory, a bundle, or a file or folder of rendered ConfigMaps", path)
	case err != nil:
		return "", fmt.Errorf("read %s: %w", path, err)
	case !info.IsDir() && !isYAML(path):
		return "", fmt.Errorf("%s is no directory and no .yaml file", path)
	case !info.IsDir():
		return Manifests, nil
	}
	for _, pattern := range []string{bundle.ManifestName, filepath.Join("..data", bundle.ManifestName), "*.json.zst"} {
		if found, err := filepath.Glob(filepath.Join(path, pattern)); err == nil && len(found) > 0 {
			return Compiled, nil
		}
	}
	if cue, err := anyFile(path, func(name string) bool { return filepath.Ext(name) == ".cue" }); err != nil || cue {
		return Routes, err
	}
	yaml, err := anyFile(path, isYAML)
	if yaml {
		return Manifests, err
	}
	return Routes, err
}

func isYAML(name string) bool {
	ext := filepath.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}

// errFound ends a walk.
var errFound = errors.New("found")

func anyFile(dir string, want func(string) bool) (bool, error) {
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != dir && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case !e.IsDir() && want(e.Name()):
			return errFound
		}
		return nil
	})
	if err != nil && !errors.Is(err, errFound) {
		return false, fmt.Errorf("read %s: %w", dir, err)
	}
	return err != nil, nil
}
