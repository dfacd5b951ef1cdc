package load

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"

	"github.com/lintel-gateway/lintel/compiler/cache"
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/load/cueerr"
	"github.com/lintel-gateway/lintel/compiler/load/index"
	"github.com/lintel-gateway/lintel/schemas"
)

// result is what became of one domain.
type result struct {
	domain *ir.Domain
	key    string // of the cache, "" without one
	found  diag.List
	quick  bool // evaluated without CUE
	err    error
}

// worker loads domains one after the other; it owns a CUE context, which it
// replaces now and then to give its memory back.
type worker struct {
	*loader
	eval *evaluator
}

func (w *worker) domain(i int) result {
	d, key := w.tree.domains[i], w.keyOf(i)
	lazy := w.placed(d.name, index.Lazy(func() []*ast.File { return append(reparse(d.files), reparse(w.sharedFiles())...) }))
	if o := w.outlines[key]; o != nil && w.closed {
		dom := &ir.Domain{Owner: o.Owner, Index: lazy, Key: key, Proven: true, Outline: o}
		dom.Def.Name, dom.Def.Hosts = d.name, o.Hosts
		return result{domain: dom, key: key}
	}
	for _, proven := range []bool{true, false} {
		name := key
		if proven {
			name = proofOf(key)
		}
		if data, ok := w.cache.Get(name); ok {
			if dom, err := ir.DecodeDomain(data, lazy); err == nil {
				dom.Key, dom.Proven = key, proven
				return result{domain: dom, key: key}
			}
		}
	}
	r := w.evaluate(d, lazy)
	if r.domain == nil || len(r.found) > 0 {
		return r
	}
	r.domain.Index, r.domain.Key, r.key = lazy, key, key
	w.cache.Put(key, ir.EncodeDomain(r.domain))
	return r
}

// keyOf is made of everything that a domain is made of.
func (l *loader) keyOf(i int) string {
	if l.env == nil {
		return l.keys[i]
	}
	return l.env.key(l, i)
}

// sharedKey is made of everything that the shared part is made of.
func sharedKey(c *cache.Cache, shared []file) string {
	parts := [][]byte{[]byte("shared")}
	for _, f := range shared {
		parts = append(parts, []byte(f.name), f.data)
	}
	return c.KeyOf(parts...)
}

// domainKey is made of everything that a domain without an environment is made of.
func domainKey(c *cache.Cache, sharedKey string, d folder) string {
	parts := make([][]byte, 0, 3+2*len(d.files))
	parts = append(parts, []byte("domain"), []byte(d.name), []byte(sharedKey))
	for _, f := range d.files {
		parts = append(parts, []byte(f.name), f.data)
	}
	return c.KeyOf(parts...)
}

// sharedFiles are the files that apply to every domain: an environment may add one.
func (l *loader) sharedFiles() []file {
	if l.env == nil || l.env.own == nil {
		return l.tree.shared
	}
	return append(l.tree.shared[:len(l.tree.shared):len(l.tree.shared)], *l.env.own)
}

// proofOf is the name under which a domain that is proven is kept.
func proofOf(key string) string { return key + "-proven" }

// evaluate makes one domain of its files, under the watchdog. CUE has panicked before;
// such a domain is a diagnostic and not the end of the process.
func (w *worker) evaluate(d folder, lazy ir.Index) (r result) {
	first := diag.Pos{File: d.files[0].name, Line: 1, Column: 1}
	size := 0
	for _, f := range d.files {
		size += len(f.data)
	}
	u := w.watchdog.enter(fmt.Sprintf("the domain %q", d.name), largest(d.files), size)
	defer w.watchdog.leave(u)
	defer recovered(&r.found, first)

	own, found, fatal := parse(d.files)
	if fatal {
		return result{found: found}
	}
	found = append(found, checkNames(own, domainFile)...)
	found = append(found, checkRoutes(own)...)
	schema, err := w.schema()
	if err != nil {
		return result{err: err}
	}
	syntax := w.syntax()
	found = append(found, checkShared(own, syntax.files)...)
	found = append(found, checkParams(own, templatesOf(own, syntax.templates), schema.Definitions())...)

	in := ir.Evaluated{Name: d.name, First: first, Without: w.shared, Module: moduleOf}
	quick := true
	if in.Value = w.quickly(own, found); in.Value != nil {
		in.Index = placesOf(own, lazy)
	} else if r := w.fully(own, found, size, &in); r != nil {
		return *r
	} else {
		quick = false
	}
	if w.env != nil {
		wrong, err := w.env.apply(d.name, &in)
		if err != nil || len(wrong) > 0 {
			return result{found: append(found, wrong...), err: err}
		}
		in.Index = w.placed(d.name, in.Index)
	}
	dom, more, err := ir.AssembleDomain(schema, in)
	return result{domain: dom, found: append(found, more...), quick: quick, err: err}
}

// quickly evaluates a domain without CUE; nil when that cannot be done.
func (w *worker) quickly(own []*ast.File, found diag.List) *ir.Value {
	if w.onlyCUE || len(found) > 0 {
		return nil
	}
	return w.syntax().quick().Domain(own)
}

// fully evaluates a domain with CUE. When something is wrong with it, that is the
// result.
func (w *worker) fully(own []*ast.File, found diag.List, size int, in *ir.Evaluated) *result {
	// CUE resolves what it evaluates in place, so the shared files are its own.
	all := append(own[:len(own):len(own)], reparse(w.sharedFiles())...)
	ix := index.New(all)
	value, errs, err := w.value(all, size)
	if err != nil {
		return &result{err: err}
	}
	if errs != nil {
		src := w.source(ix, value, own)
		return &result{found: uncover(found, cueerr.Diagnose(errs, src))}
	}
	if found.HasErrors() {
		return &result{found: found}
	}
	raw, err := value.MarshalJSON()
	if err != nil {
		src := w.source(ix, value, own)
		return &result{found: append(found, cueerr.Diagnose(err, src)...)}
	}
	in.JSON, in.Index = raw, ix
	return nil
}

// value evaluates the files in the worker's context.
func (w *worker) value(files []*ast.File, size int) (cue.Value, errors.Error, error) {
	if w.eval == nil || w.eval.spent() {
		e, err := newEvaluator()
		if err != nil {
			return cue.Value{}, nil, err
		}
		w.eval = e
	}
	w.eval.used += size
	v, errs := w.eval.evaluate(schemas.LintelCUE(""), files)
	if errs != nil {
		return v, errs, nil
	}
	return v, validate(v), nil
}

func (l *loader) source(ix *index.Index, v cue.Value, own []*ast.File) cueerr.Source {
	mine := map[string]bool{}
	for _, f := range own {
		mine[f.Filename] = true
	}
	schema, _ := l.schema() // whoever evaluates has it
	return cueerr.Source{
		Index: ix, Schema: schema, Value: v, Packages: builtins(),
		Own:      func(file string) bool { return mine[file] },
		Embedded: func(file string) bool { return strings.HasPrefix(file, embeddedPrefix) },
	}
}

// validate collects CUE's errors: of every name, and of values that are not set
// in what becomes routes.
func validate(v cue.Value) (errs errors.Error) {
	for _, name := range topNames() {
		x := v.LookupPath(cue.MakePath(cue.Str(name)))
		if !x.Exists() {
			continue
		}
		if err := x.Validate(cue.Concrete(true), cue.Final()); err != nil {
			errs = errors.Append(errs, errors.Promote(err, ""))
		}
	}
	if err := v.Validate(); err != nil {
		errs = errors.Append(errs, errors.Promote(err, ""))
	}
	return errs
}

// parse reads the files' syntax. Fatal tells that they must not be evaluated.
func parse(files []file) (out []*ast.File, found diag.List, fatal bool) {
	for _, f := range files {
		x, err := parser.ParseFile(f.name, f.data)
		if err != nil {
			found = append(found, syntaxError(f, err))
			continue
		}
		found = append(found, guard(x)...)
		out = append(out, x)
	}
	return out, found, len(found) > 0
}

// reparse is parse for files that are known to be clean.
func reparse(files []file) (out []*ast.File) {
	for _, f := range files {
		if x, err := parser.ParseFile(f.name, f.data); err == nil {
			out = append(out, x)
		}
	}
	return out
}

// uncover drops from CUE's findings what our own already say better: conflicts
// inside a route that is written twice, and the parameter that a misspelt one
// was meant to be.
func uncover(ours, cues diag.List) diag.List {
	out := ours
	for _, d := range cues {
		covered := false
		for _, o := range ours {
			switch o.Code {
			case "duplicate-route", "redefines-shared", "cases-only", "unknown-route":
				covered = covered || strings.HasPrefix(d.Path, o.Path)
			case "parameter-unknown":
				i := strings.LastIndexByte(d.Path, '.')
				covered = covered || d.Code == "parameter-missing" && i >= 0 &&
					strings.HasPrefix(o.Path, d.Path[:i+1]) && strings.Contains(o.Hint, `"`+d.Path[i+1:]+`"`)
			case "wrong-package":
				covered = covered || d.Code == o.Code
			}
		}
		if !covered {
			out = append(out, d)
		}
	}
	return out
}

func recovered(found *diag.List, at diag.Pos) {
	if p := recover(); p != nil {
		*found = append(*found, diag.Diagnostic{
			Code: "evaluation-failed", Severity: diag.Error, Pos: at,
			Message: fmt.Sprintf("CUE failed on these files: %v", p),
			Hint:    "please report it with the files; simplify what was changed last",
		})
	}
}

// largest is the place of the file that most likely takes the time.
func largest(files []file) diag.Pos {
	best := files[0]
	for _, f := range files[1:] {
		if len(f.data) > len(best.data) {
			best = f
		}
	}
	return diag.Pos{File: best.name, Line: 1, Column: 1}
}

func moduleOf(name string) string { return file{name: name}.module() }
