// Package author writes what is new into route files: a route with cases that pass, an
// upstream, a domain. A change is planned in memory, compiled with everything that is
// there, and only what came out clean can be written.
package author

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/suggest"
)

// Mistake is something that was asked for and cannot be, in a sentence for people:
// names that are taken or unknown, values that are none.
type Mistake struct {
	// What names what was said wrong: "domain", "name", "module", "kind", "path",
	// "method", "host", "upstream", "next", "to", "status", "percent", "endpoint",
	// "owner".
	What    string
	Message string
}

func (m *Mistake) Error() string { return m.Message }

func mistake(what, format string, args ...any) error {
	return &Mistake{What: what, Message: fmt.Sprintf(format, args...)}
}

// unknown is the mistake of a name that is not among those that there are.
func unknown(what, kind, name string, have []string) error {
	text := fmt.Sprintf("there is no %s %q", kind, name)
	if hint := suggest.Phrase(name, have); hint != "" {
		text += " (" + hint + ")"
	} else if len(have) > 0 {
		text += ": there is " + strings.Join(have, ", ")
	}
	return &Mistake{What: what, Message: text}
}

// Findings are what the compiler says of the files as they are, or as they would be.
type Findings struct {
	// Before tells that the files as they are have the findings, not the change.
	Before bool
	Result *compiler.Result
}

func (f *Findings) Error() string { return fmt.Sprintf("%d findings", len(f.Result.Diagnostics)) }

// Compiler compiles route files.
type Compiler func(context.Context, compiler.Options) (*compiler.Result, error)

// Repo is a routes directory that compiles, as it stands. Close it after use.
type Repo struct {
	compile Compiler
	dir     string
	// base is the first element of the names of files in positions.
	base   string
	root   *os.Root
	result *compiler.Result
	// known are the findings that are there already, all of them warnings, or that
	// there is no route yet.
	known map[string]bool
}

// Open compiles the directory. It fails with Findings when there are errors other than
// that no route is there: nothing can be proven of a change then.
func Open(ctx context.Context, dir string, compile Compiler) (*Repo, error) {
	res, err := compile(ctx, compiler.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, d := range res.Diagnostics {
		if d.Severity == diag.Error && d.Code != "no-routes" {
			return nil, &Findings{Before: true, Result: res}
		}
		known[d.Line()] = true
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("resolve routes directory %s: %w", dir, err)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fmt.Errorf("open routes directory %s: %w", dir, err)
	}
	return &Repo{compile: compile, dir: dir, base: filepath.Base(abs), root: root, result: res, known: known}, nil
}

// Close gives back the directory.
func (r *Repo) Close() error { return r.root.Close() }

// Domains are the names of the domains, sorted.
func (r *Repo) Domains() []string {
	var out []string
	for _, d := range r.result.Program.Domains {
		out = append(out, d.Def.Name)
	}
	return out
}

// Hosts are the host patterns of a domain; none for one that is not there.
func (r *Repo) Hosts(domain string) []string {
	if d, err := r.domain(domain); err == nil {
		return d.Def.Hosts
	}
	return nil
}

// UsualHosts are the hosts that most of a domain's routes have, or the domain's own while
// it has no route.
func (r *Repo) UsualHosts(domain string) []string {
	d, err := r.domain(domain)
	if err != nil {
		return nil
	}
	count, best := map[string]int{}, d.Def.Hosts
	for _, rt := range d.Routes {
		key := strings.Join(rt.Def.Hosts, " ")
		// Routes are in order, so that of two that are as usual the first one stays.
		if count[key]++; count[key] > count[strings.Join(best, " ")] {
			best = rt.Def.Hosts
		}
	}
	return best
}

// Upstreams are the names of the upstreams that a domain's routes can use, sorted.
func (r *Repo) Upstreams(domain string) []string {
	out := maps.Clone(r.result.Program.Shared.Def.Upstreams)
	if d, err := r.domain(domain); err == nil {
		if out == nil {
			return slices.Sorted(maps.Keys(d.Def.Upstreams))
		}
		maps.Copy(out, d.Def.Upstreams)
	}
	return slices.Sorted(maps.Keys(out))
}

func (r *Repo) domain(name string) (*ir.Domain, error) {
	if name == "" {
		return nil, mistake("domain", "the domain is missing: one of %s", strings.Join(r.Domains(), ", "))
	}
	for _, d := range r.result.Program.Domains {
		if d.Def.Name == name {
			return d, nil
		}
	}
	return nil, unknown("domain", "domain", name, r.Domains())
}

// read is the content of a file below the directory; nil when there is none.
func (r *Repo) read(name string) ([]byte, error) {
	data, err := r.root.ReadFile(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if data == nil {
		data = []byte{}
	}
	return data, nil
}

// prove compiles the directory with one file as it would be. What is found beyond what
// was known, and beyond what allowed lets pass, is an error of type Findings.
func (r *Repo) prove(ctx context.Context, name string, text []byte, allowed func(diag.Diagnostic) bool) (*compiler.Result, error) {
	res, err := r.compile(ctx, compiler.Options{
		Dir: r.dir, FS: overlay{base: r.root.FS(), name: name, text: text}, Base: r.base,
	})
	if err != nil {
		return nil, err
	}
	var found diag.List
	for _, d := range res.Diagnostics {
		if !r.known[d.Line()] && !allowed(d) {
			found = append(found, d)
		}
	}
	if len(found) == 0 {
		return res, nil
	}
	return nil, &Findings{Result: &compiler.Result{Program: res.Program, Diagnostics: found}}
}

func none(diag.Diagnostic) bool { return false }
