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
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/lintel-gateway/lintel/compiler/cache"
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/shape"
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
	// Cache keeps evaluated domains; nil means none.
	Cache *cache.Cache
	// Workers is how many domains are evaluated at once; 0 means GOMAXPROCS.
	Workers int
	// Env is the environment to load, by the name of its file in _env; "" means none.
	Env string
	// Limits bound the evaluation.
	Limits Limits
	// OnlyCUE evaluates every domain with CUE itself, also where the quick evaluation
	// would do. Tests hold the one against the other.
	OnlyCUE bool
}

// Result is what a load came to.
type Result struct {
	// Program holds the domains that are clean, and the text of all files.
	Program *ir.Program
	// Diagnostics are the mistakes in route files, sorted.
	Diagnostics diag.List
	// Quick is how many domains were evaluated without CUE.
	Quick int

	cache *cache.Cache
	keys  map[string]string // of the domains that are not proven, by folder
	// outlines are those that the cache had, by the keys of their domains.
	outlines    map[string]*ir.Outline
	outlinesKey string
}

// Load reads and evaluates a routes directory: the environment that the options name,
// or what stands for all of them. Mistakes in route files are diagnostics; what keeps
// the compiler from working is an error.
//
// When a limit trips, Load returns its diagnostic at once and the goroutine inside
// CUE is left behind, since nothing can stop it: the process is expected to print
// and end.
func Load(ctx context.Context, o Options) (*Result, error) {
	s, err := Read(o)
	if err != nil {
		return nil, err
	}
	return s.Load(ctx, View{Env: o.Env})
}

// View says what of a Source to load.
type View struct {
	// Env is the environment, "" for none.
	Env string
	// Closed leaves proven domains closed (ir.Domain.Outline).
	Closed bool
}

// Load evaluates what was read.
func (s *Source) Load(ctx context.Context, v View) (*Result, error) {
	l, found, err := s.loader(v)
	if err != nil {
		return nil, err
	}
	stop, tripped, done := make(chan struct{}), make(chan diag.Diagnostic, 1), make(chan outcome, 1)
	defer close(stop)
	go l.watchdog.watch(stop, tripped)
	go func() { done <- l.run(ctx) }()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case d := <-tripped:
		return &Result{Program: &ir.Program{Files: l.files}, Diagnostics: append(found, d).Sort()}, nil
	case out := <-done:
		if out.err != nil {
			return nil, out.err
		}
		return &Result{
			Program: out.program, Diagnostics: append(found, out.found...).Sort(),
			Quick: out.quick, cache: l.cache, keys: out.keys,
			outlines: l.outlines, outlinesKey: l.outlinesKey,
		}, nil
	}
}

// open resolves what to read.
func (o *Options) open() (dir, error) {
	if o.FS != nil {
		if o.Base == "" {
			o.Base = "routes"
		}
		return fsDir{fsys: o.FS, at: ".", end: func() {}}, nil
	}
	abs, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("resolve routes directory %s: %w", o.Dir, err)
	}
	if o.Base == "" {
		o.Base = filepath.Base(abs)
	}
	d, err := openDir(abs)
	if err != nil {
		return nil, fmt.Errorf("open routes directory %s: %w", o.Dir, err)
	}
	return d, nil
}

// loader is one load under way.
type loader struct {
	tree     *tree
	files    map[string][]byte // read only
	schema   func() (*shape.Schema, error)
	watchdog *watchdog
	cache    *cache.Cache
	workers  int
	shared   ir.Shared
	syntax   func() *sharedSyntax
	onlyCUE  bool
	// sharedKey names the content of the shared files, keys those of the domains.
	sharedKey string
	keys      []string
	closed    bool
	// outlines are those that the cache has, by the keys of their domains.
	outlines    map[string]*ir.Outline
	outlinesKey string
	// env is the environment that is loaded, nil for none.
	env *environment
}

// outcome is what the evaluation of everything came to.
type outcome struct {
	program *ir.Program
	found   diag.List
	keys    map[string]string
	quick   int
	err     error
}

func (l *loader) run(ctx context.Context) (out outcome) {
	p := &ir.Program{Files: l.files}
	found, err := l.loadEnvironment()
	if err != nil || found.HasErrors() {
		return outcome{program: p, found: found, err: err}
	}
	shared, more, err := l.loadShared()
	found = append(found, more...)
	if err != nil || found.HasErrors() {
		// A mistake in a shared file would show again in every domain.
		return outcome{program: p, found: found, err: err}
	}
	p.Shared, l.shared = shared, shared
	l.loadOutlines()
	l.syntax = sync.OnceValue(func() *sharedSyntax { return newSharedSyntax(l.sharedFiles()) })
	results := make([]result, len(l.tree.domains))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(l.workers, max(1, len(results))) {
		wg.Go(func() {
			// Each worker takes the next domain by itself: handing them over would wake
			// it for each, and most are found in the cache at once.
			w := &worker{loader: l}
			for i := next.Add(1) - 1; i < int64(len(results)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				results[i] = w.domain(int(i))
			}
		})
	}
	wg.Wait()
	if l.env != nil {
		found = append(found, l.env.unknownDomains(l.tree)...)
	}
	keys, quick := map[string]string{}, 0
	for i, r := range results {
		if r.err != nil {
			return outcome{err: r.err}
		}
		if r.quick {
			quick++
		}
		found = append(found, r.found...)
		if r.domain != nil {
			p.Domains = append(p.Domains, r.domain)
			if r.key != "" && !r.domain.Proven {
				keys[path.Dir(l.tree.domains[i].files[0].name)] = r.key
			}
		}
	}
	return outcome{program: p, found: found, keys: keys, quick: quick, err: ctx.Err()}
}
