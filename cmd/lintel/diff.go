package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diff"
	"github.com/lintel-gateway/lintel/compiler/diff/gitfs"
	"github.com/lintel-gateway/lintel/compiler/diff/remote"
)

// diffFlags are the flags of the verb diff.
type diffFlags struct {
	format, dir, env, group string
	exitCode, verbose       bool
}

var diffVerb = verb{
	cluster: diffCluster,
	name:    "diff", args: "[A [B]]", purpose: "say what B (the working tree) changes of A (HEAD): directories, bundles, Git revisions, main..HEAD, gateways' URLs",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var f diffFlags
		fs.StringVar(&f.format, "format", "text", "`FORMAT`: text, markdown or json")
		fs.StringVar(&f.dir, "dir", "routes", "routes directory `DIR` of Git revisions, and of the working tree when there is no B")
		fs.StringVar(&f.group, "group", "", "compile both sides for the gateway group `NAME` (default \"default\")")
		fs.StringVar(&f.env, "env", "", "compile both sides for the environment `NAME`; with X..Y compare the environments X and Y of one side, where none is the files as they stand")
		fs.BoolVar(&f.exitCode, "exit-code", false, "exit with 100 when there is a difference")
		fs.Bool("cluster", false, "say what would change in a Kubernetes cluster, and what drifted there: lintel-sync diff does it, with the flags that are its own")
		fs.BoolVar(&f.verbose, "verbose", false, "tell of routes that moved to another file, too")
		return func(ctx context.Context, s streams, args []string) error {
			if !slices.Contains([]string{"text", "markdown", "json"}, f.format) {
				return usageError{fmt.Sprintf("--format %q is none of text, markdown and json", f.format)}
			}
			old, new, err := f.sides(args)
			if err != nil {
				return err
			}
			return f.diff(ctx, s, old, new)
		}
	},
}

// sides tells what is to be compared. Without B it is the working tree; without A, or
// with the routes directory alone, what was committed last against it.
func (f *diffFlags) sides(args []string) (old, new diffSide, err error) {
	if from, to, ok := strings.Cut(f.env, ".."); ok {
		return f.environments(args, from, to)
	}
	work := diffSide{name: f.dir, kind: sideDir, dir: f.dir, env: f.env, group: f.group}
	switch len(args) {
	case 0:
		return diffSide{name: "HEAD", kind: sideRevision, dir: f.dir, env: f.env, group: f.group}, work, nil
	case 1:
		if a, b, base, ok := gitfs.Range(args[0]); ok && !exists(args[0]) && !remote.Is(args[0]) && !looksLikePath(args[0]) {
			old = diffSide{name: a, kind: sideRevision, dir: f.dir, env: f.env, group: f.group}
			new = diffSide{name: b, kind: sideRevision, dir: f.dir, env: f.env, group: f.group}
			if base {
				old.with = b
			}
			return old, new, nil
		}
		if old, err = f.side(args[0]); err == nil && old.kind == sideDir {
			return diffSide{name: "HEAD", kind: sideRevision, dir: args[0], env: f.env, group: f.group}, old, nil
		}
		return old, work, err
	case 2:
		if old, err = f.side(args[0]); err != nil {
			return old, new, err
		}
		new, err = f.side(args[1])
		return old, new, err
	}
	return old, new, usageError{fmt.Sprintf("takes A and B, not %d arguments", len(args))}
}

// environments are two environments of one side: of the argument, or of the working
// tree.
func (f *diffFlags) environments(args []string, from, to string) (old, new diffSide, err error) {
	if len(args) > 1 {
		return old, new, usageError{fmt.Sprintf("--env %s compares two environments of one side: leave an argument out", f.env)}
	}
	arg := f.dir
	if len(args) == 1 {
		arg = args[0]
	}
	if old, err = f.side(arg); err != nil {
		return old, new, err
	}
	if old.kind != sideDir && old.kind != sideRevision {
		return old, new, usageError{fmt.Sprintf("%s is of one environment already: --env goes with a routes directory or a Git revision", arg)}
	}
	new = old
	old.env, new.env = from, to
	return old, new, nil
}

func (f *diffFlags) diff(ctx context.Context, s streams, a, b diffSide) error {
	old, err := a.open(ctx, s)
	if err != nil {
		return err
	}
	new, err := b.open(ctx, s)
	if err != nil {
		return err
	}
	report, err := diff.Compute(old, new)
	if err != nil {
		return fmt.Errorf("compare %s with %s: %w", a.name, b.name, err)
	}
	if err := f.write(s.out, report); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if f.exitCode && !report.Empty() {
		return errFindings
	}
	return nil
}

func (f *diffFlags) write(w io.Writer, r *diff.Report) error {
	switch f.format {
	case "json":
		return r.WriteJSON(w)
	case "markdown":
		return r.WriteMarkdown(w, diff.MarkdownOptions{Verbose: f.verbose})
	}
	out, isFile := w.(*os.File)
	color := os.Getenv("NO_COLOR") == "" && (isFile && isTerminal(out) || os.Getenv("CLICOLOR_FORCE") != "")
	return r.WriteText(w, diff.TextOptions{Color: color, Verbose: f.verbose})
}
