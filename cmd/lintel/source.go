package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// isBundle tells whether dir holds a manifest, itself or below the link that a
// kubelet writes.
func isBundle(dir string) bool {
	for _, name := range []string{bundle.ManifestName, filepath.Join("..data", bundle.ManifestName)} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// openOrCompile reads the bundle in dir, or compiles the route files there.
func openOrCompile(ctx context.Context, s streams, f *findingFlags, dir string) (*bundle.Bundle, error) {
	if isBundle(dir) {
		b, err := bundle.Open(dir, bundle.Limits{})
		if err != nil {
			return nil, fmt.Errorf("read bundle %s: %w", dir, err)
		}
		return b, nil
	}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s does not exist: name a routes directory or a bundle", dir)
	}
	res, err := compile(ctx, s, compiler.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	if err := f.print(s, s.err, res); err != nil {
		return nil, err
	}
	return res.Bundle, nil
}
