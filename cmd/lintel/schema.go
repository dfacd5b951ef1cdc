package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/lintel-gateway/lintel/schemas"
)

var schemaVerb = verb{
	name: "schema", args: "sync [DIR]", purpose: "write the route language's schema beside the routes, for editors and cue vet",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		check := fs.Bool("check", false, "write nothing; exit 100 when a file differs")
		return func(_ context.Context, s streams, args []string) error {
			if len(args) == 0 || args[0] != "sync" {
				return usageError{`takes the word "sync"`}
			}
			dir, err := oneArg(args[1:], "routes")
			if err != nil {
				return err
			}
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				return fmt.Errorf("%s is no directory: name the routes directory", dir)
			}
			files, err := schemaFiles(dir)
			if err != nil {
				return err
			}
			differ := 0
			for _, f := range files {
				have, err := os.ReadFile(f.path)
				if err != nil && !errors.Is(err, os.ErrNotExist) {
					return fmt.Errorf("read schema: %w", err)
				}
				if err == nil && bytes.Equal(have, f.text) {
					continue
				}
				differ++
				if *check {
					fmt.Fprintf(s.out, "%s differs from the schema of lintel\n", f.path)
					continue
				}
				if err := f.write(); err != nil {
					return err
				}
				fmt.Fprintf(s.out, "wrote %s\n", f.path)
			}
			if *check && differ > 0 {
				fmt.Fprintln(s.err, "run: lintel schema sync")
				return errFindings
			}
			if differ == 0 {
				fmt.Fprintf(s.err, "ok: %s are up to date\n", count(len(files), "file"))
			}
			return nil
		}
	},
}

type schemaFile struct {
	path string
	text []byte
}

func (f schemaFile) write() error {
	err := os.MkdirAll(filepath.Dir(f.path), 0o755)
	if err == nil {
		err = os.WriteFile(f.path, f.text, 0o644)
	}
	if err != nil {
		return fmt.Errorf("write schema: %w", err)
	}
	return nil
}

// moduleLine finds the module's path in cue.mod/module.cue.
var moduleLine = regexp.MustCompile(`(?m)^module:\s*"([^"@]+)(@v\d+)?"`)

// schemaFiles lists what belongs beside the routes: the schema package at the root
// of the CUE module, and routes/lintel.cue that uses it. Without a cue.mod above,
// one is made beside the routes directory.
func schemaFiles(dir string) ([]schemaFile, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	var out []schemaFile
	root, module, err := findModule(abs)
	if err != nil {
		return nil, err
	}
	if root == "" {
		root, module = filepath.Dir(abs), schemas.Module
		out = append(out, schemaFile{
			filepath.Join(root, "cue.mod", "module.cue"),
			[]byte("module: \"" + module + "@v0\"\nlanguage: version: \"v0.17.0\"\n"),
		})
	}
	names, texts := schemas.Files()
	for i, name := range names {
		out = append(out, schemaFile{filepath.Join(root, "schemas", name), texts[i]})
	}
	out = append(out, schemaFile{filepath.Join(abs, "lintel.cue"), schemas.LintelCUE(module)})
	if here, err := os.Getwd(); err == nil {
		for i := range out {
			if rel, err := filepath.Rel(here, out[i].path); err == nil && filepath.IsLocal(rel) {
				out[i].path = rel
			}
		}
	}
	return out, nil
}

// findModule looks for cue.mod/module.cue upward from dir.
func findModule(dir string) (root, module string, err error) {
	for {
		file := filepath.Join(dir, "cue.mod", "module.cue")
		b, err := os.ReadFile(file)
		if err == nil {
			m := moduleLine.FindSubmatch(b)
			if m == nil {
				return "", "", fmt.Errorf("%s names no module", file)
			}
			return dir, string(m[1]), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", "", err
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", "", nil
		}
		dir = up
	}
}
