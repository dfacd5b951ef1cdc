package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/owners"
)

var ownersVerb = verb{
	name: "owners", args: "[DIR]", purpose: "say who owns which domain, and keep CODEOWNERS in step",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		format := fs.String("format", "text", "`FORMAT`: text, json or codeowners")
		org := fs.String("org", "", "put `NAME`/ before the names of teams in CODEOWNERS, as GitHub wants it")
		write := fs.String("write", "", "write the owners into `FILE`, such as CODEOWNERS; what others wrote there stays")
		check := fs.String("check", "", "exit 100 when `FILE` does not have the owners as --write would write them")
		return func(ctx context.Context, s streams, args []string) error {
			dir, err := oneArg(args, "routes")
			if err != nil {
				return err
			}
			if *write != "" && *check != "" {
				return usageError{"--write and --check exclude each other"}
			}
			list, err := ownersOf(ctx, s, dir)
			if err != nil {
				return err
			}
			part := owners.Codeowners(list, *org)
			switch {
			case *write != "":
				return writeOwners(s, *write, part)
			case *check != "":
				return checkOwners(s, *check, part, dir, *org)
			}
			switch *format {
			case "text":
				w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "PATH\tOWNER")
				for _, o := range list {
					fmt.Fprintf(w, "%s\t%s\n", o.Path, cmp.Or(o.Team, "nobody"))
				}
				return w.Flush()
			case "json":
				e := json.NewEncoder(s.out)
				e.SetIndent("", "  ")
				return e.Encode(list)
			case "codeowners":
				_, err := s.out.Write(part)
				return err
			}
			return usageError{fmt.Sprintf("--format %q: there are text, json and codeowners", *format)}
		}
	},
}

// ownersOf compiles the directory, for who owns it.
func ownersOf(ctx context.Context, s streams, dir string) ([]owners.Owner, error) {
	res, err := compile(ctx, s, compiler.Options{Dir: dir, AllGroups: true})
	if err != nil {
		return nil, err
	}
	findings := findingFlags{format: "text", dir: dir}
	if err := findings.print(s, s.err, res); err != nil {
		return nil, err
	}
	return owners.Of(res.Program, inRepository(dir)), nil
}

// inRepository is the path of dir as CODEOWNERS writes it: from the folder that has
// .git, or from the working directory where there is none.
func inRepository(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return filepath.ToSlash(dir)
	}
	for at := filepath.Dir(abs); ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil {
			if rel, err := filepath.Rel(at, abs); err == nil {
				return filepath.ToSlash(rel)
			}
		}
		if at == filepath.Dir(at) {
			return strings.TrimPrefix(filepath.ToSlash(filepath.Clean(dir)), "/")
		}
	}
}

func writeOwners(s streams, file string, part []byte) error {
	have, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write owners: %w", err)
	}
	text, err := owners.Splice(have, part)
	if err != nil {
		return fmt.Errorf("write owners into %s: %w", file, err)
	}
	if bytes.Equal(text, have) {
		fmt.Fprintf(s.out, "%s is up to date\n", file)
		return nil
	}
	if err := toFile(file, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "wrote %s\n", file)
	return nil
}

func checkOwners(s streams, file string, part []byte, dir, org string) error {
	have, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("check owners: %w", err)
	}
	want, err := owners.Splice(have, part)
	if err != nil {
		return fmt.Errorf("check owners in %s: %w", file, err)
	}
	if bytes.Equal(want, have) {
		fmt.Fprintf(s.err, "ok: %s has the owners that the route files name\n", file)
		return nil
	}
	more := ""
	if org != "" {
		more = " --org " + org
	}
	fmt.Fprintf(s.out, "%s: error: the owners are not those that the route files name [owners-outdated]\n  hint: lintel owners %s%s --write %s\n", file, dir, more, file)
	return errFindings
}
