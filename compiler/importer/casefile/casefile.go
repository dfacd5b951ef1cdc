// Package casefile writes cases into <domain>/<module>.cases.cue files. What stands in
// a file stays as it is, byte for byte: new cases are added at its end.
package casefile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"

	"github.com/lintel-gateway/lintel/compiler/importer"
	"github.com/lintel-gateway/lintel/compiler/load"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// File is one file with cases.
type File struct {
	// Name is the path below the output directory, with slashes.
	Name string
	// Before is what stands there, nil when there is no such file.
	Before []byte
	// After is what is to stand there.
	After []byte
	// Added is how many cases it gets; Routes is for how many routes.
	Added, Routes int
}

// Plan is what is to be written.
type Plan struct {
	// Files are in the order of the cases; each gets at least one.
	Files []File
	// Had is how many cases were there already, by their name or by their request.
	Had int
}

// New plans the files for the cases below root, or new ones when root is nil. A case
// is left out when the route has one of its name or with its request, in existing or
// in the file itself. A file that cannot be read or would be too large is an error;
// nothing has been written then.
func New(list []importer.Case, existing *cases.Set, root *os.Root) (*Plan, error) {
	had := knownOf(existing)
	p := &Plan{}
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && list[to].Domain == list[from].Domain && list[to].Module == list[from].Module {
			to++
		}
		f := File{Name: path.Join(list[from].Domain, list[from].Module+".cases.cue")}
		if err := p.file(&f, list[from:to], had, root); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		from = to
	}
	return p, nil
}

func (p *Plan) file(f *File, list []importer.Case, had known, root *os.Root) error {
	var err error
	if f.Before, err = read(root, f.Name); err != nil {
		return err
	}
	if f.Before != nil {
		syntax, err := parser.ParseFile(f.Name, f.Before, parser.ParseComments)
		if err != nil {
			return errors.New("it is there and is no CUE: put it right, or write to another directory")
		}
		if syntax.PackageName() != "routes" {
			return errors.New(`it is there and is not of package routes: write to another directory`)
		}
		had.add(list[0].Domain, syntax)
	}
	var fresh []importer.Case
	routes := map[string]bool{}
	for _, c := range list {
		if had.has(&c) {
			p.Had++
			continue
		}
		fresh = append(fresh, c)
		routes[c.Route] = true
	}
	if len(fresh) == 0 {
		return nil
	}
	text, err := render(fresh)
	if err != nil {
		return err
	}
	if f.After = text; f.Before != nil {
		f.After = join(f.Before, text)
	}
	if len(f.After) > load.MaxFile {
		return fmt.Errorf("it would have more than %d KiB: ask for fewer cases with --per-route", load.MaxFile>>10)
	}
	f.Added, f.Routes = len(fresh), len(routes)
	p.Files = append(p.Files, *f)
	return nil
}

// clause begins every file.
const clause = "package routes\n"

// join adds what follows the package clause of text to what is there.
func join(before, text []byte) []byte {
	out := append(bytes.TrimRight(bytes.Clone(before), "\n\r\t "), '\n')
	return append(out, bytes.TrimPrefix(text, []byte(clause))...)
}

// read returns nil for a file that is not there.
func read(root *os.Root, name string) ([]byte, error) {
	if root == nil {
		return nil, nil
	}
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file: write to another directory")
	case info.Size() > load.MaxFile:
		return nil, fmt.Errorf("it has more than %d KiB already", load.MaxFile>>10)
	}
	b, err := root.ReadFile(name)
	if b == nil && err == nil {
		b = []byte{}
	}
	return b, err
}

// Write replaces the file below root, whole or not at all.
func (f *File) Write(root *os.Root) error {
	if err := root.MkdirAll(path.Dir(f.Name), 0o755); err != nil {
		return fmt.Errorf("write cases: %w", err)
	}
	mode := fs.FileMode(0o644)
	if info, err := root.Stat(f.Name); err == nil {
		mode = info.Mode().Perm()
	}
	tmp := f.Name + ".new"
	if err := root.WriteFile(tmp, f.After, mode); err != nil {
		return fmt.Errorf("write cases: %w", err)
	}
	if err := root.Rename(tmp, f.Name); err != nil {
		_ = root.Remove(tmp)
		return fmt.Errorf("write cases: %w", err)
	}
	return nil
}

// form is the text in the one form of route files.
func form(text []byte) ([]byte, error) {
	syntax, err := parser.ParseFile("cases", text, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("write cases: %w", err)
	}
	return format.Node(syntax)
}
