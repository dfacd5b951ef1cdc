package compiler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

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

// compilation is a directory that was read, to be compiled in one or several
// environments.
type compilation struct {
	src        *load.Source
	kept       *cache.Cache
	filters    *filter.Registry
	meta       emit.Meta
	bundleOnly bool
	group      string
	allGroups  bool
}

// open reads what the options name.
func open(o Options) (*compilation, error) {
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
	src, err := load.Read(load.Options{
		Dir: o.Dir, FS: o.FS, Base: o.Base, Cache: kept, Workers: o.Workers, Limits: o.Limits,
	})
	if err != nil {
		return nil, fmt.Errorf("read routes: %w", err)
	}
	return &compilation{
		src: src, kept: kept, filters: filters, bundleOnly: o.BundleOnly,
		group: cmp.Or(o.Group, ir.DefaultGroup), allGroups: o.AllGroups,
		meta: emit.Meta{Revision: o.Revision, Compiler: o.Compiler},
	}, nil
}

// compile compiles one environment, or takes what an earlier compile of the very same
// files came to.
func (c *compilation) compile(ctx context.Context, env string) (*Result, error) {
	if !c.bundleOnly {
		return c.run(ctx, load.View{Env: env})
	}
	whole := c.src.Key(env)
	switch {
	case c.allGroups:
		whole = c.kept.Key("all groups", whole)
	case c.group != ir.DefaultGroup:
		whole = c.kept.Key("group", whole, c.group)
	}
	if data, ok := c.kept.Get(whole); ok {
		if b, err := bundle.ParseEncoded(data, c.meta); err == nil {
			return &Result{Program: &ir.Program{Files: c.src.Files(env)}, Bundle: b}, nil
		}
	}
	res, err := c.run(ctx, load.View{Env: env, Closed: true})
	if errors.Is(err, errWhole) {
		res, err = c.run(ctx, load.View{Env: env})
	}
	if err == nil && len(res.Diagnostics)+len(res.Silenced) == 0 {
		c.kept.Put(whole, res.Bundle.Append(nil))
	}
	return res, err
}

// errWhole says that the domains must be looked at whole: there is something to say of
// them, or the cache has lost one that was left closed.
var errWhole = errors.New("domains are closed")

// run compiles a view of what was read.
func (c *compilation) run(ctx context.Context, v load.View) (*Result, error) {
	loaded, err := c.src.Load(ctx, v)
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
	if prog, err = c.inGroup(prog); err != nil {
		return nil, err
	}
	res.Program = prog
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
	loaded.Prove(check.Local(ruled), whole(prog), check.Outline)
	// The budget is not a property of any domain, so it does not keep them from
	// being proven.
	res.Diagnostics = append(res.Diagnostics, check.Budget(emitted.Bundle)...)
	if !res.Diagnostics.HasErrors() {
		res.Bundle = emitted.Bundle
	}
	return res, nil
}

// inGroup is the part of a program that the group serves; all of it when the findings of
// every group are wanted.
func (c *compilation) inGroup(prog *ir.Program) (*ir.Program, error) {
	if c.allGroups {
		return prog, nil
	}
	known := map[string]bool{}
	for _, d := range prog.Domains {
		groups := d.AllGroups()
		if d.Outline != nil && len(groups) > 1 {
			return nil, errWhole
		}
		for _, g := range groups {
			known[g] = true
		}
	}
	if !known[c.group] {
		return nil, &NoGroup{Name: c.group, Known: slices.Sorted(maps.Keys(known))}
	}
	return prog.In(c.group), nil
}

// whole tells whether a domain of a program is whole in the part of it that was built.
func whole(part *ir.Program) func(*ir.Domain) bool {
	in := map[*ir.Domain]bool{}
	for _, d := range part.Domains {
		in[d] = true
	}
	return func(d *ir.Domain) bool { return in[d] }
}

// NoGroup says that no route is in a gateway group.
type NoGroup struct {
	Name string
	// Known are the groups with routes.
	Known []string
}

func (e *NoGroup) Error() string {
	return fmt.Sprintf("no route is in the gateway group %q; there are routes in %s: choose with --group", e.Name, strings.Join(e.Known, ", "))
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
