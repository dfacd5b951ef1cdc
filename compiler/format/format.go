// Package format brings route files into the one form that `cue fmt` gives them.
package format

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"cuelang.org/go/cue/errors"
	cueformat "cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/load"
	"github.com/lintel-gateway/lintel/compiler/load/index"
)

// File is one route file and its form.
type File struct {
	// Name is the file as positions name it: the routes directory's own name, then
	// the path below it, with slashes.
	Name string
	// Path is where the file is.
	Path          string
	Before, After []byte
}

// Changed tells that the file is not in its form.
func (f *File) Changed() bool { return !bytes.Equal(f.Before, f.After) }

// Write replaces the file by its form, whole or not at all, and keeps its mode.
func (f *File) Write() error {
	info, err := os.Stat(f.Path)
	if err != nil {
		return fmt.Errorf("format %s: %w", f.Path, err)
	}
	tmp := f.Path + ".new"
	if err := os.WriteFile(tmp, f.After, info.Mode().Perm()); err != nil {
		return fmt.Errorf("format %s: %w", f.Path, err)
	}
	if err := os.Rename(tmp, f.Path); err != nil {
		_ = os.Remove(tmp)
		return fmt.Errorf("format %s: %w", f.Path, err)
	}
	return nil
}

// Dir finds the form of every CUE file below a routes directory, sorted by name.
// Files that cannot be read as CUE are diagnostics and are left out; links and hidden
// folders are not followed. What is larger than load.MaxFile is refused.
func Dir(dir string) (files []File, found diag.List, err error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("resolve routes directory %s: %w", dir, err)
	}
	err = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && name != dir && strings.HasPrefix(e.Name(), ".") {
			return filepath.SkipDir
		}
		if !e.Type().IsRegular() || filepath.Ext(name) != ".cue" {
			return nil
		}
		below, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		f := File{Name: path.Join(filepath.Base(abs), filepath.ToSlash(below)), Path: name}
		if info, err := e.Info(); err != nil {
			return err
		} else if info.Size() > load.MaxFile {
			found = append(found, diag.Diagnostic{
				Code: "file-too-large", Severity: diag.Error, Pos: diag.Pos{File: f.Name, Line: 1, Column: 1},
				Message: fmt.Sprintf("the file has more than %d bytes", load.MaxFile), Hint: "split it into modules",
			})
			return nil
		}
		if f.Before, err = os.ReadFile(name); err != nil {
			return err
		}
		if d := f.form(); d != nil {
			found = append(found, *d)
			return nil
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read routes directory %s: %w", dir, err)
	}
	return files, found.Sort(), nil
}

// Source is the form of a text that need not be a file. What is no CUE is an error.
func Source(name string, text []byte) ([]byte, error) {
	syntax, err := parser.ParseFile(name, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	return cueformat.Node(syntax)
}

// form fills in After, or says why the file has none.
func (f *File) form() *diag.Diagnostic {
	var err error
	if f.After, err = Source(f.Name, f.Before); err == nil {
		return nil
	}
	first := errors.Errors(err)[0]
	message, args := first.Msg()
	d := &diag.Diagnostic{Code: "syntax", Severity: diag.Error, Pos: index.At(first.Position()), Message: fmt.Sprintf(message, args...)}
	if !d.Pos.IsValid() {
		d.Pos = diag.Pos{File: f.Name, Line: 1, Column: 1}
	}
	return d
}
