// Package compiler turns a routes directory into a bundle: load, check, emit, and
// the proof that a gateway can build its table from the very bytes. It is one pure
// function of the files: same input, same bytes.
package compiler

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/lintel-gateway/lintel/compiler/allow"
	"github.com/lintel-gateway/lintel/compiler/cache"
	"github.com/lintel-gateway/lintel/compiler/check"
	"github.com/lintel-gateway/lintel/compiler/codes"
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/emit"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/load"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/filter/standard"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// Options say what to compile. Dir or FS is needed; all else may be zero.
type Options struct {
	// Dir is the routes directory.
	Dir string
	// FS is read instead of Dir when it is set.
	FS fs.FS
	// Base is the first element of the file names in positions; absent: the base
	// name of Dir, or "routes".
	Base string
	// Env is the environment that is compiled, by the name of its file in _env; ""
	// means none.
	Env string
	// Revision names the input in the manifest, such as a Git commit.
	Revision string
	// Compiler names the tool and version that compiles; absent: "lintel". It is
	// part of the cache's keys.
	Compiler string
	// Cache is the folder of the content cache. Absent: LINTEL_CACHE, or lintel
	// below the user's cache directory; "off" means none.
	Cache string
	// Workers is how many domains are evaluated at once; 0 means GOMAXPROCS.
	Workers int
	// BundleOnly says that the caller has no use for the domains of the Program. When
	// nothing has changed since an earlier compile that found nothing to say, they are
	// left out.
	BundleOnly bool
	// Limits bound the evaluation of CUE.
	Limits load.Limits
}

// Result is what a compile came to.
type Result struct {
	// Program is what was loaded: the clean domains, and the text of all files. With
	// Options.BundleOnly it may have no domains.
	Program *ir.Program
	// Bundle is nil when there are errors among the diagnostics. Every gateway can
	// decode it and build its table from it.
	Bundle *bundle.Encoded
	// Diagnostics are the findings, sorted.
	Diagnostics diag.List
	// Silenced are the findings that the authors have said may stay.
	Silenced []diag.Silenced
}

// Compile compiles a routes directory. Mistakes in route files are diagnostics;
// what keeps the compiler from working, such as a directory that cannot be read,
// is an error. After a diagnostic evaluation-limit a goroutine may still be
// running, which nothing can stop: print and end the process.
func Compile(ctx context.Context, o Options) (*Result, error) {
	if o.Compiler == "" {
		o.Compiler = "lintel"
	}
	if o.Cache == "" {
		o.Cache = os.Getenv("LINTEL_CACHE")
	}
	filters, err := standard.Registry()
	if err != nil {
		return nil, fmt.Errorf("list filters: %w", err)
	}
	kept := cache.Open(o.Cache, o.Compiler)
	defer kept.Trim()
	src, err := load.Read(load.Options{
		Dir: o.Dir, FS: o.FS, Base: o.Base, Cache: kept, Workers: o.Workers, Limits: o.Limits,
	})
	if err != nil {
		return nil, fmt.Errorf("read routes: %w", err)
	}
	meta, whole := emit.Meta{Revision: o.Revision, Compiler: o.Compiler}, ""
	if o.BundleOnly {
		whole = src.Key(o.Env)
		if data, ok := kept.Get(whole); ok {
			if b, err := bundle.ParseEncoded(data, meta); err == nil {
				return &Result{Program: &ir.Program{Files: src.Files(o.Env)}, Bundle: b}, nil
			}
		}
	}
	c := compilation{src: src, kept: kept, filters: filters, meta: meta, env: o.Env}
	res, err := c.run(ctx, o.BundleOnly)
	if errors.Is(err, errWhole) {
		res, err = c.run(ctx, false)
	}
	if err == nil && whole != "" && len(res.Diagnostics)+len(res.Silenced) == 0 {
		kept.Put(whole, res.Bundle.Append(nil))
	}
	return res, err
}

// compilation is one compile under way.
type compilation struct {
	src     *load.Source
	kept    *cache.Cache
	filters *filter.Registry
	meta    emit.Meta
	env     string
}

// errWhole says that the domains must be looked at whole: there is something to say of
// them, or the cache has lost one that was left closed.
var errWhole = errors.New("domains are closed")

// run compiles what was read. With closed, what has not changed stays in the cache.
func (c *compilation) run(ctx context.Context, closed bool) (*Result, error) {
	loaded, err := c.src.Load(ctx, load.View{Env: c.env, Closed: closed})
	if err != nil {
		return nil, fmt.Errorf("load routes: %w", err)
	}
	prog, found := loaded.Program, loaded.Diagnostics
	res := &Result{Program: prog, Diagnostics: found}
	sound := !found.HasErrors()
	var ruled diag.List
	if sound {
		ruled = check.Run(prog, c.filters)
	}
	if len(ruled) > 0 && check.AnyClosed(prog) {
		return nil, errWhole
	}
	in := allow.Input{Program: prog, Found: append(found, ruled...).Sort(), Complete: sound && !ruled.HasErrors(), Codes: codes.Severities}
	if res.Diagnostics, res.Silenced, err = allow.Apply(in); err != nil {
		return nil, fmt.Errorf("apply what is said of findings: %w", err)
	}
	if res.Diagnostics.HasErrors() {
		return res, nil
	}
	emitted, err := emit.Bundle(prog, c.meta, c.kept, loaded.Open)
	if errors.Is(err, load.ErrLost) {
		return nil, errWhole
	}
	if over := check.Overflow(err); over != nil {
		res.Diagnostics = append(res.Diagnostics, over...)
		return res, nil
	}
	if err != nil {
		return nil, fmt.Errorf("emit bundle: %w", err)
	}
	if err := build(prog, emitted, c.filters); err != nil {
		return nil, err
	}
	// A finding that may stay is one still: what a proven domain is not asked again
	// must have been clean.
	loaded.Prove(check.Local(ruled), check.Outline)
	// The budget is not a property of any domain, so it does not keep them from
	// being proven.
	res.Diagnostics = append(res.Diagnostics, check.Budget(emitted.Bundle)...)
	if !res.Diagnostics.HasErrors() {
		res.Bundle = emitted.Bundle
	}
	return res, nil
}

// build builds the gateway's own table from the emitted bytes: what compiles,
// loads. A domain that has been built before from the same bytes builds again; that
// no two domains own one host is a check's business.
func build(prog *ir.Program, emitted *emit.Emitted, filters *filter.Registry) error {
	proven := map[string]bool{}
	for _, d := range prog.Domains {
		proven[d.Def.Name] = d.Proven
	}
	in := table.Input{Shared: emitted.Shared}
	for _, d := range emitted.Fresh {
		if !proven[d.Def.Name] {
			in.Domains = append(in.Domains, d)
		}
	}
	t, err := table.Build(in, nil, table.Env{Filters: filters, Secret: noSecret})
	if err != nil {
		return fmt.Errorf("build the table of the bundle: %w", err)
	}
	t.Close()
	return nil
}

// noSecret stands for every secret: the compiler has references and no values.
func noSecret(route.Secret) *filter.Secret { return &filter.Secret{} }
