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
	"strings"

	"github.com/lintel-gateway/lintel/compiler/docs"
	"github.com/lintel-gateway/lintel/compiler/jsonschema"
	"github.com/lintel-gateway/lintel/compiler/suggest"
	"github.com/lintel-gateway/lintel/schemas"
)

var schemaVerb = verb{
	name: "schema", args: "sync [DIR] | json", purpose: "write the route language's schema for editors: as CUE beside the routes, or as JSON Schema",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		check := fs.Bool("check", false, "sync: write nothing; exit 100 when a file differs")
		definition := fs.String("definition", "", "json: the schema of one definition `NAME`, such as Route or Upstream, in place of a domain's data file")
		return func(_ context.Context, s streams, args []string) error {
			switch {
			case len(args) == 0 || args[0] != "sync" && args[0] != "json":
				return usageError{`takes the word "sync" or "json"`}
			case args[0] == "json" && *check:
				return usageError{"--check is for sync"}
			case args[0] == "json" && len(args) > 1:
				return usageError{"json takes no arguments; it prints to standard output"}
			case args[0] == "json":
				return printJSONSchema(s, *definition)
			case *definition != "":
				return usageError{"--definition is for json"}
			}
			dir, err := oneArg(args[1:], "routes")
			if err != nil {
				return err
			}
			return syncSchema(s, dir, *check)
		}
	},
}

// printJSONSchema prints the language as JSON Schema, or one definition of it.
func printJSONSchema(s streams, definition string) error {
	language, err := docs.Language()
	if err != nil {
		return err
	}
	export := func() ([]byte, error) { return jsonschema.Domain(language) }
	if definition != "" {
		export = func() ([]byte, error) { return jsonschema.Definition(language, definition) }
	}
	text, err := export()
	if errors.Is(err, jsonschema.ErrUnknown) {
		var names []string
		for _, d := range language.Definitions {
			names = append(names, d.Name[1:])
		}
		hint := suggest.Phrase(definition, names)
		if hint == "" {
			hint = "it is one of " + strings.Join(names, ", ")
		}
		return usageError{fmt.Sprintf("--definition: there is no %q: %s", definition, hint)}
	}
	if err != nil {
		return err
	}
	_, err = s.out.Write(text)
	return err
}

// syncSchema writes the schema's files beside the routes, or tells which differ.
func syncSchema(s streams, dir string, check bool) error {
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
		if check {
			fmt.Fprintf(s.out, "%s differs from the schema of lintel\n", f.path)
			continue
		}
		if err := f.write(); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "wrote %s\n", f.path)
	}
	if check && differ > 0 {
		fmt.Fprintln(s.err, "run: lintel schema sync")
		return errFindings
	}
	if differ == 0 {
		fmt.Fprintf(s.err, "ok: %s are up to date\n", count(len(files), "file"))
	}
	return nil
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
