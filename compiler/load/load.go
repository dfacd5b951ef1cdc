// Package load turns a routes directory into a program: it finds the files,
// refuses what must not be evaluated, evaluates each domain in a CUE context of
// its own, in parallel and cached by content, and makes diagnostics of what is
// wrong. It reads no file outside the directory, asks no registry and runs
// nothing.
package load

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/shape"
	"github.com/lintel-gateway/lintel/schemas"
)

// Options say what to load. Dir or FS is needed; all else may be zero.
type Options struct {
	// Dir is the routes directory.
	Dir string
	// FS is read instead of Dir when it is set.
	FS fs.FS
	// Base is the first element of every position's file name; absent: the base
	// name of Dir, or "routes".
	Base string
	// Cache is the folder of the content cache; "" means lintel below the user's
	// cache directory, "off" none. LINTEL_CACHE is read by the caller.
	Cache string
	// Version names the build of the compiler; it is part of the cache's keys.
	Version string
	// Workers is how many domains are evaluated at once; 0 means GOMAXPROCS.
	Workers int
	// Limits bound the evaluation.
	Limits Limits
}

// Load reads and evaluates a routes directory. The program holds the domains that
// are clean; it is nil when evaluation could not be ended in bounds. Mistakes in
// route files are diagnostics, sorted; what keeps the compiler from working is an
// error.
//
// When a limit trips, Load returns its diagnostic at once and the goroutine inside
// CUE is left behind, since nothing can stop it: the process is expected to print
// and end.
func Load(ctx context.Context, o Options) (*ir.Program, diag.List, error) {
	fsys, closeFS, err := o.open()
	if err != nil {
		return nil, nil, err
	}
	defer closeFS()
	t, found, err := discover(fsys, o.Base)
	if err != nil {
		return nil, nil, err
	}
	found = append(found, outdated(t, o)...)
	names, contents := schemas.Files()
	schema, err := shape.Parse(names, contents)
	if err != nil {
		return nil, nil, err
	}
	l := &loader{
		tree: t, schema: schema, watchdog: newWatchdog(o.Limits),
		cache: openCache(o.Cache, o.Version), workers: o.Workers,
	}
	if l.workers <= 0 {
		l.workers = runtime.GOMAXPROCS(0)
	}
	stop, tripped, done := make(chan struct{}), make(chan diag.Diagnostic, 1), make(chan outcome, 1)
	defer close(stop)
	go l.watchdog.watch(stop, tripped)
	go func() { done <- l.run(ctx) }()
	select {
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	case d := <-tripped:
		return nil, append(found, d).Sort(), nil
	case out := <-done:
		if out.err != nil {
			return nil, nil, out.err
		}
		l.cache.trim()
		return out.program, append(found, out.found...).Sort(), nil
	}
}

// open resolves what to read. A directory is opened as a root, so that no link
// leads out of it.
func (o *Options) open() (fs.FS, func(), error) {
	if o.FS != nil {
		if o.Base == "" {
			o.Base = "routes"
		}
		return o.FS, func() {}, nil
	}
	abs, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, nil, fmt.Errorf("resolve routes directory %s: %w", o.Dir, err)
	}
	if o.Base == "" {
		o.Base = filepath.Base(abs)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, nil, fmt.Errorf("open routes directory %s: %w", o.Dir, err)
	}
	return root.FS(), func() { root.Close() }, nil
}

// loader is one load under way.
type loader struct {
	tree     *tree
	schema   *shape.Schema
	watchdog *watchdog
	cache    *cache
	workers  int
	shared   ir.Shared
}

// outcome is what the evaluation of everything came to.
type outcome struct {
	program *ir.Program
	found   diag.List
	err     error
}

func (l *loader) run(ctx context.Context) (out outcome) {
	p := &ir.Program{Files: map[string][]byte{}}
	for _, f := range l.tree.shared {
		p.Files[f.name] = f.data
	}
	for _, d := range l.tree.domains {
		for _, f := range d.files {
			p.Files[f.name] = f.data
		}
	}
	shared, found, err := l.loadShared()
	if err != nil || found.HasErrors() {
		// A mistake in a shared file would show again in every domain.
		return outcome{p, found, err}
	}
	p.Shared, l.shared = shared, shared
	results := make([]result, len(l.tree.domains))
	jobs := make(chan int)
	var wg sync.WaitGroup
	for range min(l.workers, max(1, len(results))) {
		wg.Go(func() {
			w := &worker{loader: l}
			for i := range jobs {
				results[i] = w.domain(l.tree.domains[i])
			}
		})
	}
	for i := range results {
		if ctx.Err() != nil {
			break
		}
		jobs <- i
	}
	close(jobs)
	wg.Wait()
	for _, r := range results {
		if r.err != nil {
			return outcome{err: r.err}
		}
		found = append(found, r.found...)
		if r.domain != nil {
			p.Domains = append(p.Domains, r.domain)
		}
	}
	return outcome{program: p, found: found, err: ctx.Err()}
}
