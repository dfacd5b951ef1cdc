package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lintel-gateway/lintel/compiler/scaffold"
)

var initVerb = verb{
	name: "init", args: "[DIR] --domain NAME", purpose: "make a routes repository that passes its own gate",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var o scaffold.Options
		fs.StringVar(&o.Domain, "domain", "", "the first domain, such as shop.example: `NAME`")
		fs.StringVar(&o.Owner, "owner", "", "the `TEAM` that owns it (default team- and the domain's first part)")
		fs.StringVar(&o.Module, "module", "", "`PATH` of the repository's CUE module (default NAME/routes)")
		return func(_ context.Context, s streams, args []string) error {
			dir, err := oneArg(args, ".")
			if err != nil {
				return err
			}
			if o.Domain == "" {
				return usageError{"--domain is missing: the first domain, such as shop.example"}
			}
			files, err := scaffold.Files(o)
			if err != nil {
				return usageError{err.Error()}
			}
			return initialize(s, dir, o.Domain, files)
		}
	},
}

// initialize writes the files. What is there of a routes repository already is never
// touched; other files that are there are kept and told.
func initialize(s streams, dir, domain string, files []scaffold.File) error {
	for _, name := range []string{"routes", "cue.mod", "schemas"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%s is there already: name an empty folder, or write its routes by hand", filepath.Join(dir, name))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, f := range files {
		if err := writeNew(s, filepath.Join(dir, filepath.FromSlash(f.Name)), f.Text); err != nil {
			return err
		}
	}
	schema, err := schemaFiles(filepath.Join(dir, "routes"))
	if err != nil {
		return err
	}
	for _, f := range schema {
		if err := f.write(); err != nil {
			return err
		}
	}
	in := ""
	if dir != "." {
		in = "cd " + dir + " && "
	}
	fmt.Fprintf(s.out, "made a routes repository for %s in %s\n  try    %slintel test\n         %slintel dev\n  read   %s\n",
		domain, dir, in, in, filepath.Join(dir, "README.md"))
	return nil
}

// writeNew writes a file unless there is one.
func writeNew(s streams, path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the repository: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		fmt.Fprintf(s.out, "kept %s\n", path)
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the repository: %w", err)
	}
	_, err = f.Write(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("make the repository: %w", err)
	}
	return nil
}
