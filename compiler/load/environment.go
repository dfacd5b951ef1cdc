package load

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/load/cueerr"
	"github.com/lintel-gateway/lintel/compiler/load/index"
	"github.com/lintel-gateway/lintel/compiler/load/overlay"
	"github.com/lintel-gateway/lintel/compiler/suggest"
	"github.com/lintel-gateway/lintel/schemas"
)

// environment is one file of the folder _env: hidden fields and definitions that join
// those of the shared files, and an overlay over the data of the domains.
type environment struct {
	name string
	file file
	// own is the file with nothing but its hidden fields and definitions, nil when it
	// has none.
	own     *file
	overlay *overlay.Overlay
	index   *index.Index
	// base is the key of the shared part without the environment, shared the one with.
	base, shared string
}

func newEnvironment(name string, f file) *environment {
	return &environment{
		name: name, file: f,
		index: index.Lazy(func() []*ast.File { return reparse([]file{f}) }),
	}
}

// loadEnvironment reads the environment's overlay, before all else.
func (l *loader) loadEnvironment() (found diag.List, err error) {
	e := l.env
	if e == nil {
		return nil, nil
	}
	files, found, fatal := parse([]file{e.file})
	if fatal {
		return found, nil
	}
	if found = append(found, checkNames(files, environmentFile)...); found.HasErrors() {
		return found, nil
	}
	if hidden := keepOnly(e.file, internal); hidden != nil {
		e.own = hidden
	}
	key := l.cache.KeyOf([]byte("environment"), []byte(l.sharedKey), []byte(e.file.name), e.file.data)
	raw, kept := l.cache.Get(key)
	if !kept {
		var more diag.List
		if raw, more, err = l.evaluateOverlay(); err != nil || len(more) > 0 {
			return append(found, more...), err
		}
		l.cache.Put(key, raw)
	}
	if e.overlay, err = overlay.Decode(raw); err != nil {
		return nil, err
	}
	e.base = l.sharedKey
	if e.own != nil || len(e.overlay.Upstreams)+len(e.overlay.Secrets)+len(e.overlay.Settings) > 0 {
		l.sharedKey = key
	}
	e.shared = l.sharedKey
	return found, nil
}

// evaluateOverlay is the data of an environment's file, which has passed the schema.
func (l *loader) evaluateOverlay() (raw []byte, found diag.List, err error) {
	u := l.watchdog.enter(fmt.Sprintf("the environment %q", l.env.name), largest([]file{l.env.file}), len(l.env.file.data))
	defer l.watchdog.leave(u)
	defer recovered(&found, largest([]file{l.env.file}))

	// CUE changes what it evaluates.
	parseAgain := func() []*ast.File {
		all := reparse([]file{l.env.file})
		for _, f := range l.tree.shared {
			// The data of the shared files is what the overlay goes over.
			if hidden := keepOnly(f, internal); hidden != nil {
				all = append(all, reparse([]file{*hidden})...)
			}
		}
		return all
	}
	all := parseAgain()
	schema, err := l.schema()
	if err != nil {
		return nil, nil, err
	}
	found = checkParams(all[:1], templatesOf(all, nil), schema.Definitions())
	ix := index.New(all)
	ev, err := newEvaluator()
	if err != nil {
		return nil, nil, err
	}
	v, errs := ev.evaluate(overlayCUE(), all)
	if errs == nil {
		// Not all of a struct need be said, so that what is required may be missing.
		if err := v.Validate(); err != nil {
			errs = errors.Promote(err, "")
		}
	}
	if errs != nil {
		return nil, uncover(found, cueerr.Diagnose(errs, l.source(ix, v, all[:1]))), nil
	}
	if len(found) > 0 {
		return nil, found, nil
	}
	// The schema's required fields keep CUE from writing what does not set them.
	again := parseAgain()
	v, errs = ev.evaluate(namesCUE(), again)
	if errs == nil {
		if raw, err = v.MarshalJSON(); err != nil {
			errs = errors.Promote(err, "")
		}
	}
	if errs != nil {
		return nil, cueerr.Diagnose(errs, l.source(index.New(again), v, again[:1])), nil
	}
	return raw, nil, nil
}

// namesCUE is Lintel's own lintel.cue as far as it gives the schema its names.
func namesCUE() []byte {
	text := schemas.LintelCUE("")
	if i := bytes.Index(text, []byte("\ndomain?:")); i >= 0 {
		text = text[:i+1]
	}
	return slices.Clone(text)
}

// overlayCUE is the lintel.cue of environments.
func overlayCUE() []byte {
	return append(namesCUE(), `
domains?: [string]:   schemas.#EnvironmentDomain
upstreams?: [string]: schemas.#Upstream
secrets?: [string]:   schemas.#Secret
settings?: schemas.#Settings
`...)
}

// keepOnly blanks out the top-level fields whose names are not wanted: all else stays
// where it is. It returns nil when no field is left.
func keepOnly(f file, want func(name string) bool) *file {
	x, err := parser.ParseFile(f.name, f.data)
	if err != nil {
		return nil
	}
	data, left, used := slices.Clone(f.data), false, map[string]bool{}
	blank := func(n ast.Node) {
		for i := n.Pos().Offset(); i < n.End().Offset(); i++ {
			if data[i] != '\n' && data[i] != '\r' {
				data[i] = ' '
			}
		}
	}
	for _, d := range x.Decls {
		switch d := d.(type) {
		case *ast.Package, *ast.ImportDecl:
			continue
		case *ast.Field:
			if name, _, err := ast.LabelName(d.Label); err == nil && want(name) {
				left = true
				ast.Walk(d, func(n ast.Node) bool {
					if id, ok := n.(*ast.Ident); ok {
						used[id.Name] = true
					}
					return true
				}, nil)
				continue
			}
		}
		blank(d)
	}
	// What only the fields that are gone have imported would be an import too many.
	for _, d := range x.Decls {
		if imports, ok := d.(*ast.ImportDecl); ok {
			specs := slices.DeleteFunc(slices.Clone(imports.Specs), func(s *ast.ImportSpec) bool { return used[importName(s)] })
			if len(specs) == len(imports.Specs) {
				blank(imports)
				continue
			}
			for _, s := range specs {
				blank(s)
			}
		}
	}
	if !left {
		return nil
	}
	return &file{name: f.name, data: data}
}

// importName is the name by which a file calls what it imports.
func importName(s *ast.ImportSpec) string {
	if s.Name != nil {
		return s.Name.Name
	}
	path, _ := literal.Unquote(s.Path.Value) // the guard has read it
	path, _, _ = strings.Cut(path, ":")
	return path[strings.LastIndexByte(path, '/')+1:]
}

func internal(name string) bool {
	return strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#")
}

// key is that of a domain in the environment: one that nothing in it concerns is the
// same domain as without.
func (e *environment) key(l *loader, i int) string {
	d := l.tree.domains[i]
	_, set := e.overlay.Domains[d.name]
	if !set && e.shared == e.base {
		return l.keys[i]
	}
	key := domainKey(l.cache, e.shared, d)
	if set {
		key = l.cache.KeyOf([]byte("domain in environment"), []byte(key), []byte(e.file.name), e.file.data)
	}
	return key
}

// apply puts the environment over a domain's evaluated value.
func (e *environment) apply(name string, in *ir.Evaluated) (found diag.List, err error) {
	over, ok := e.overlay.Domains[name]
	if in.Value == nil {
		if in.Value, err = ir.ReadValue(in.JSON); err != nil {
			return nil, err
		}
	}
	if !ok {
		return nil, nil
	}
	// Shared names are set for all domains at once.
	for shared := range in.Without.Def.Upstreams {
		delete(in.Value.Upstreams, shared)
	}
	for shared := range in.Without.Def.Secrets {
		delete(in.Value.Secrets, shared)
	}
	for _, m := range over.Apply(in.Value) {
		d := e.mistake(m, fmt.Sprintf("the domain %s has", name), "domains", name)
		_, up := in.Without.Def.Upstreams[m.Name]
		_, secret := in.Without.Def.Secrets[m.Name]
		if m.What == "upstream" && up || m.What == "secret" && secret {
			d.Hint = fmt.Sprintf("it is shared by all domains: set it under %ss at the top of this file", m.What)
		}
		found = append(found, d)
	}
	return found, nil
}

func (e *environment) applyShared(v *ir.Value) (found diag.List) {
	for _, m := range e.overlay.Shared(v) {
		found = append(found, e.mistake(m, "the shared files have"))
	}
	return found
}

// unknownDomains reports domains that no folder has.
func (e *environment) unknownDomains(t *tree) (found diag.List) {
	var known []string
	for _, d := range t.domains {
		known = append(known, d.name)
	}
	for name := range e.overlay.Domains {
		if !slices.Contains(known, name) {
			found = append(found, e.mistake(overlay.Mistake{Path: []string{"domains", name}, Name: name, What: "domain", Known: known}, "the routes directory has"))
		}
	}
	return found.Sort()
}

func (e *environment) mistake(m overlay.Mistake, where string, above ...string) diag.Diagnostic {
	at := append(slices.Clone(above), m.Path...)
	pos, _ := e.index.Lookup(at...)
	d := diag.Diagnostic{
		Code: "environment-unknown", Severity: diag.Error, Pos: pos, Path: diag.Path(at...),
		Message: fmt.Sprintf("%s no %s %q", where, m.What, m.Name),
		Hint:    suggest.Phrase(m.Name, m.Known),
	}
	if m.To != "" {
		d.Code = "environment-host"
		d.Message = fmt.Sprintf("the host %q cannot become %q: only one of them is a wildcard", m.Name, m.To)
		d.Hint = "write both with \"*.\", or both without"
	}
	if d.Hint == "" {
		d.Hint = "an environment changes what is there; add it to the route files first"
	}
	return d
}
