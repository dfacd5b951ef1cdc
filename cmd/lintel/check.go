package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/compiler"
)

var checkVerb = verb{
	name: "check", args: "[DIR]", purpose: "check route files and prove properties of the whole",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var findings findingFlags
		findings.declare(fs)
		list := fs.Bool("list", false, "list the codes of all findings, and check nothing")
		explain := fs.String("explain", "", "tell what `CODE` means, with an example, and check nothing")
		rev := fs.String("since", "", "check everything, and print what was touched since the branch left the Git revision `REV`")
		env := fs.String("env", "", "check only the environment `NAME`, not all of them")
		watch := fs.Bool("watch", false, "check again on every save, until it is interrupted")
		return func(ctx context.Context, s streams, args []string) error {
			dir, err := oneArg(args, "routes")
			if err != nil {
				return err
			}
			if err := findings.valid(); err != nil {
				return err
			}
			if strings.Contains(*rev, "..") {
				return usageError{fmt.Sprintf("--since %q names a range: name the revision that the change began at, such as main", *rev)}
			}
			switch {
			case *list:
				return listCodes(s, findings.format)
			case *explain != "":
				return explainCode(ctx, s, *explain)
			}
			if *watch {
				if findings.format != "text" {
					return usageError{fmt.Sprintf("--watch is for people, and --format %s is not", findings.format)}
				}
				return watchChecks(ctx, s, dir, findings.strict, *rev, *env)
			}
			findings.dir = dir
			res, envs, err := checkIn(ctx, s, dir, *env)
			if err != nil {
				return err
			}
			if *rev != "" {
				err = checkSince(ctx, s, &findings, *rev, *env, res)
			} else {
				err = findings.print(s, s.out, res)
			}
			if err != nil {
				return err
			}
			if res.Bundle != nil {
				c := res.Bundle.Manifest().Counts
				ok := fmt.Sprintf("ok: %s, %s, %s", count(c.Domains, "domain"), count(c.Routes, "route"), count(c.Upstreams, "upstream"))
				if len(envs) > 0 {
					ok += ", " + count(len(envs), "environment")
				}
				if n := len(res.Silenced); n > 0 {
					ok += fmt.Sprintf("; %s silenced", count(n, "finding"))
				}
				fmt.Fprintln(s.err, ok)
			}
			return nil
		}
	},
}

// checkIn compiles a directory in one environment, or as it stands and in all of them,
// whose names it returns.
func checkIn(ctx context.Context, s streams, dir, env string) (*compiler.Result, []string, error) {
	if env != "" {
		res, err := compile(ctx, s, compiler.Options{Dir: dir, Env: env, BundleOnly: true, AllGroups: true})
		return res, nil, err
	}
	var envs []string
	res, err := compileWith(ctx, s, compiler.Options{Dir: dir, BundleOnly: true}, func(ctx context.Context, o compiler.Options) (res *compiler.Result, err error) {
		res, envs, err = compiler.Everywhere(ctx, o)
		return res, err
	})
	return res, envs, err
}
