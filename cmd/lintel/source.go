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
// kubelet writes, or shards, which are a bundle's too when the manifest is lost.
func isBundle(dir string) bool {
	if shards, err := filepath.Glob(filepath.Join(dir, "*.json.zst")); err == nil && len(shards) > 0 {
		return true
	}
	for _, name := range []string{bundle.ManifestName, filepath.Join("..data", bundle.ManifestName)} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// openBundle reads and verifies the bundle in dir.
func openBundle(dir string) (*bundle.Bundle, error) {
	b, err := bundle.Open(dir, bundle.Limits{})
	if err != nil {
		return nil, fmt.Errorf("read bundle %s: %w", dir, err)
	}
	return b, nil
}

// openOrCompile reads the bundle in dir, or compiles the route files there.
func openOrCompile(ctx context.Context, s streams, f *findingFlags, dir string) (*bundle.Bundle, error) {
	if isBundle(dir) {
		return openBundle(dir)
	}
	b, err := compileFor(ctx, s, f, compiler.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	return bundle.Decode(b.Files(), bundle.Limits{})
}

// compileFor compiles a directory for a verb that takes a bundle as well, and gives the
// bundle alone.
func compileFor(ctx context.Context, s streams, f *findingFlags, o compiler.Options) (*bundle.Encoded, error) {
	o.BundleOnly = true
	res, err := compileResult(ctx, s, f, o)
	return bundleOf(res), err
}

// compileResult compiles a directory for a verb that takes a bundle as well. Without an
// error there is a bundle.
func compileResult(ctx context.Context, s streams, f *findingFlags, o compiler.Options) (*compiler.Result, error) {
	if _, err := os.Stat(o.Dir); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s does not exist: name a routes directory or a bundle", o.Dir)
	}
	res, err := compile(ctx, s, o)
	if err != nil {
		return nil, err
	}
	f.dir = o.Dir
	if err := f.print(s, s.err, res); err != nil {
		return nil, err
	}
	return res, nil
}

// bundleOf is the bundle of a result that may be nil.
func bundleOf(res *compiler.Result) *bundle.Encoded {
	if res == nil {
		return nil
	}
	return res.Bundle
}
