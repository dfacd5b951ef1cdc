package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/format"
)

var fmtVerb = verb{
	name: "fmt", args: "[DIR]", purpose: "bring route files into their one form",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var findings findingFlags
		findings.declare(fs)
		check := fs.Bool("check", false, "change nothing; list the files that are not in their form, and exit 100 when there are any")
		show := fs.Bool("diff", false, "change nothing; print what would change, and exit 100 when anything would")
		return func(_ context.Context, s streams, args []string) error {
			dir, err := oneArg(args, "routes")
			if err != nil {
				return err
			}
			if err := findings.valid(); err != nil {
				return err
			}
			if err := isDirectory(dir); err != nil {
				return err
			}
			files, found, err := format.Dir(dir)
			if err != nil {
				return err
			}
			findings.dir = dir
			if err := findings.print(s, s.err, &compiler.Result{Diagnostics: found}); err != nil {
				return err
			}
			changed := 0
			for i := range files {
				f := &files[i]
				if !f.Changed() {
					continue
				}
				changed++
				switch {
				case *show:
					fmt.Fprintf(s.out, "%s", diff.Diff(f.Path, f.Before, f.Path+" (formatted)", f.After))
					continue
				case !*check:
					if err := f.Write(); err != nil {
						return err
					}
				}
				fmt.Fprintln(s.out, f.Path)
			}
			if changed > 0 && (*check || *show) {
				fmt.Fprintf(s.err, "%s not in its form; run lintel fmt %s\n", count(changed, "file"), dir)
				return errFindings
			}
			return nil
		}
	},
}
