package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/author"
)

// addFlags are the flags of the verb add.
type addFlags struct {
	findingFlags
	dry, percentGiven bool
	route             author.Route
	owner, path       string
	hosts, endpoints  []string
	set               *flag.FlagSet
}

// addKinds are what can be added, and the flags that each takes.
func addKinds() map[string][]string {
	return map[string][]string{
		"route":    {"domain", "name", "module", "kind", "method", "path", "host", "upstream", "next", "percent", "to", "status", "endpoint"},
		"upstream": {"domain", "name", "module", "endpoint"},
		"domain":   {"host", "owner"},
	}
}

func (f *addFlags) declare(fs *flag.FlagSet) {
	f.format, f.set = "text", fs
	list := func(into *[]string) func(string) error {
		return func(s string) error {
			*into = append(*into, strings.Split(s, ",")...)
			return nil
		}
	}
	fs.BoolVar(&f.dry, "dry-run", false, "write nothing; print what would be added")
	fs.StringVar(&f.route.Domain, "domain", "", "route, upstream: the domain that it belongs to, `NAME` (default the only one)")
	fs.StringVar(&f.route.Name, "name", "", "route, upstream: its `NAME`, such as order-read")
	fs.StringVar(&f.route.Module, "module", "", "route, upstream: `NAME` of the file that it is written into, without .cue (default that of its upstream)")
	fs.StringVar(&f.route.Kind, "kind", "", "route: its `KIND`: "+strings.Join(author.KindNames(), ", ")+" (default "+author.KindNames()[0]+")")
	fs.StringVar(&f.path, "path", "", "route: its `PATH`, such as /orders/{id}")
	fs.Func("method", "route: a `METHOD` that it takes (repeatable; default GET for an api)", list(&f.route.Methods))
	fs.Func("host", "route, domain: a `HOST` pattern (repeatable; default those of the domain; for a new domain its name and all below)", list(&f.hosts))
	fs.StringVar(&f.route.Upstream, "upstream", "", "route: `NAME` of the upstream that requests go to; of a canary: of the proven one")
	fs.StringVar(&f.route.Next, "next", "", "canary: `NAME` of the upstream that comes next")
	fs.IntVar(&f.route.Percent, "percent", 5, "canary: share of the next upstream in `PERCENT`")
	fs.StringVar(&f.route.To, "to", "", "redirect: `URL` or path that it leads to; may use parameters of the path")
	fs.Func("status", "redirect: its `STATUS` (default the template's, or 308)", func(s string) (err error) {
		f.route.Status, err = strconv.Atoi(s)
		return err
	})
	fs.Func("endpoint", "upstream, or a route's new upstream: an endpoint `HOST:PORT` (repeatable)", list(&f.endpoints))
	fs.StringVar(&f.owner, "owner", "", "domain: the `TEAM` that owns it (default team- and the domain's first part)")
}

var addVerb = verb{
	name: "add", args: "route|upstream [DIR] | domain NAME [DIR]", purpose: "write a route with cases that pass, an upstream or a domain; asks on a terminal for what is left out",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var f addFlags
		f.declare(fs)
		return func(ctx context.Context, s streams, args []string) error {
			what, err := f.what(args)
			if err != nil {
				return err
			}
			args = args[1:]
			name := ""
			if what == "domain" {
				if len(args) == 0 {
					return usageError{"NAME is missing: the domain, such as shop.example"}
				}
				name, args = args[0], args[1:]
			}
			if f.dir, err = oneArg(args, "routes"); err != nil {
				return err
			}
			return f.told(s, f.add(ctx, s, what, name))
		}
	},
}

// what is the first argument; flags that are for something else are wrong use.
func (f *addFlags) what(args []string) (string, error) {
	kinds := addKinds()
	if len(args) == 0 || kinds[args[0]] == nil {
		return "", usageError{`takes "route", "upstream" or "domain", and then DIR`}
	}
	var wrong error
	f.set.Visit(func(g *flag.Flag) {
		switch g.Name {
		case "dry-run":
			return
		case "percent":
			f.percentGiven = true
		}
		if !slices.Contains(kinds[args[0]], g.Name) {
			wrong = usageError{fmt.Sprintf("--%s is not for add %s", g.Name, args[0])}
		}
	})
	return args[0], wrong
}

func (f *addFlags) add(ctx context.Context, s streams, what, name string) error {
	repo, err := author.Open(ctx, f.dir, func(ctx context.Context, o compiler.Options) (*compiler.Result, error) {
		return compileWith(ctx, s, o, everywhere)
	})
	if err != nil {
		return err
	}
	defer repo.Close()
	if s.asks {
		if err := f.ask(ctx, newAsker(s), repo, what, name); err != nil {
			return err
		}
	}
	f.fill(repo, name)
	var plan *author.Plan
	var next []string
	id := f.route.Domain + "/" + f.route.Name
	switch what {
	case "route":
		f.route.Path, f.route.Hosts, f.route.Endpoints = f.path, f.hosts, f.endpoints
		if plan, err = repo.AddRoute(ctx, f.route); err == nil {
			next = []string{fmt.Sprintf("lintel test%s --run '^%s '", f.where(), id), "lintel diff HEAD" + f.below()}
		}
	case "upstream":
		plan, err = repo.AddUpstream(ctx, author.Upstream{Domain: f.route.Domain, Name: f.route.Name, Module: f.route.Module, Endpoints: f.endpoints})
		next = []string{fmt.Sprintf("lintel add route%s --domain %s --upstream %s", f.where(), f.route.Domain, f.route.Name)}
	case "domain":
		id = name
		plan, err = repo.AddDomain(ctx, author.Domain{Name: name, Hosts: f.hosts, Owner: f.owner})
		next = []string{fmt.Sprintf("lintel add route%s --domain %s --upstream NAME --endpoint HOST:PORT", f.where(), name), "its line in CODEOWNERS, if you have one"}
	}
	if err != nil {
		return err
	}
	return f.write(s, repo, plan, what+" "+id, next)
}

// everywhere compiles the directory and every environment.
func everywhere(ctx context.Context, o compiler.Options) (*compiler.Result, error) {
	res, _, err := compiler.Everywhere(ctx, o)
	return res, err
}

// where names the directory for a command that is told.
func (f *addFlags) where() string {
	if f.dir == "routes" {
		return ""
	}
	return " " + f.dir
}

// below is where for a command that takes the directory as a flag.
func (f *addFlags) below() string {
	if f.dir == "routes" {
		return ""
	}
	return " --dir " + f.dir
}

// write writes the plan, or prints it.
func (f *addFlags) write(s streams, repo *author.Repo, plan *author.Plan, what string, next []string) error {
	at := path.Join(filepath.ToSlash(f.dir), plan.File)
	if f.dry {
		_, err := fmt.Fprintf(s.out, "// %s\n%s", at, plan.Added)
		return err
	}
	if err := repo.Write(plan); err != nil {
		return err
	}
	var with []string
	if plan.Template != "" {
		with = append(with, plan.Template)
	}
	if plan.Cases > 0 {
		with = append(with, count(plan.Cases, "case"))
	}
	told := ""
	if len(with) > 0 {
		told = ", with " + strings.Join(with, " and ")
	}
	fmt.Fprintf(s.out, "added %s at %s:%d%s\n", what, at, plan.Line, told)
	for _, c := range plan.Taken {
		fmt.Fprintf(s.out, "  note   it takes the request of the case %q of %s at %s:%d, which will fail\n", c.Name, c.Route, c.File, c.Line)
	}
	for i, n := range next {
		lead := "  next   "
		if i > 0 {
			lead = "         "
		}
		fmt.Fprintln(s.out, lead+n)
	}
	return nil
}

// told makes of a mistake in what was asked for one of usage, and prints findings.
func (f *addFlags) told(s streams, err error) error {
	var m *author.Mistake
	var found *author.Findings
	switch {
	case errors.As(err, &m):
		return usageError{m.Message}
	case errors.As(err, &found):
		if err := f.print(s, s.err, found.Result); err != nil && !errors.Is(err, errFindings) {
			return err
		}
		if found.Before {
			fmt.Fprintln(s.err, "nothing was written: put these right first")
		} else {
			fmt.Fprintln(s.err, "nothing was written: these would be found")
		}
		return errFindings
	}
	return err
}
