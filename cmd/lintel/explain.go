package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/explain"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// headerFlags are the values of a flag that may be repeated.
type headerFlags []string

func (h *headerFlags) String() string     { return strings.Join(*h, ", ") }
func (h *headerFlags) Set(s string) error { *h = append(*h, s); return nil }

var explainVerb = verb{
	name: "explain", args: "[DIR|BUNDLE] METHOD URL", purpose: "tell which route takes a request, why, and what its upstream receives",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var headers headerFlags
		fs.Var(&headers, "H", "send the header `'name: value'`; may be repeated")
		format := fs.String("format", "text", "`FORMAT`: text or json")
		env, group := envFlag(fs), groupFlag(fs)
		all := fs.Bool("all", false, "print every route that was asked, not the first few")
		return func(ctx context.Context, s streams, args []string) error {
			if *format != "text" && *format != "json" {
				return usageError{fmt.Sprintf("--format %q is neither text nor json", *format)}
			}
			dir, rest, err := explainArgs(args)
			if err != nil {
				return err
			}
			q, err := explain.Parse(rest[0], rest[1], headers)
			if err != nil {
				return usageError{err.Error()}
			}
			e, err := newExplainer(ctx, s, compiler.Options{Dir: dir, Env: *env, Group: *group})
			if err != nil {
				return err
			}
			x, err := e.Explain(q)
			if err != nil {
				return err
			}
			if *format == "json" {
				err = x.WriteJSON(s.out)
			} else {
				err = x.WriteText(s.out, explain.TextOptions{All: *all, Color: s.terminal && os.Getenv("NO_COLOR") == ""})
			}
			if err == nil && x.Route == "" {
				return errFindings
			}
			return err
		}
	},
}

// explainArgs tells the directory from the method and the URL.
func explainArgs(args []string) (dir string, rest []string, err error) {
	switch len(args) {
	case 2:
		if isDir(args[0]) && !isMethod(args[0]) {
			return "", nil, usageError{fmt.Sprintf("METHOD is missing between %s and %s", args[0], args[1])}
		}
		return "routes", args, nil
	case 3:
		if !isDir(args[0]) && isDir(args[2]) {
			return "", nil, usageError{fmt.Sprintf("%s comes first: lintel explain %s %s %s", args[2], args[2], args[0], args[1])}
		}
		return args[0], args[1:], nil
	}
	return "", nil, usageError{fmt.Sprintf("takes METHOD and URL, and a directory before them, not %s", count(len(args), "argument"))}
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// isMethod tells whether a word is a method as people write it.
func isMethod(s string) bool {
	switch strings.ToUpper(s) {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE":
		return true
	}
	return false
}

// newExplainer reads the bundle in dir, or compiles the route files there, which tell
// more.
func newExplainer(ctx context.Context, s streams, o compiler.Options) (*explain.Explainer, error) {
	dir := o.Dir
	if isBundle(dir) {
		if o.Env != "" || o.Group != "" {
			return nil, usageError{"--env and --group go with a routes directory; a bundle is of one environment and group already"}
		}
		b, err := openBundle(dir)
		if err != nil {
			return nil, err
		}
		return explain.New(b, nil)
	}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s does not exist: name a routes directory or a bundle", dir)
	}
	res, err := compile(ctx, s, o)
	if err != nil {
		return nil, err
	}
	findings := findingFlags{format: "text", dir: dir}
	if err := findings.print(s, s.err, res); err != nil {
		return nil, err
	}
	return explainerOf(res.Bundle, res.Program)
}

func explainerOf(files *bundle.Encoded, prog *ir.Program) (*explain.Explainer, error) {
	b, err := bundle.Decode(files.Files(), bundle.Limits{})
	if err != nil {
		return nil, err
	}
	return explain.New(b, prog)
}
