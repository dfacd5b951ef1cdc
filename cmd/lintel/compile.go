package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// isDirectory tells a person when dir cannot be a routes directory.
func isDirectory(dir string) error {
	if info, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s does not exist: name the routes directory", dir)
	} else if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is no directory: name the routes directory", dir)
	}
	return nil
}

// compile runs the compiler; on a terminal it says that it is at work when that
// takes more than a second.
func compile(ctx context.Context, s streams, o compiler.Options) (*compiler.Result, error) {
	return compileWith(ctx, s, o, compiler.Compile)
}

// compileWith is compile with another way to do it.
func compileWith(ctx context.Context, s streams, o compiler.Options, run func(context.Context, compiler.Options) (*compiler.Result, error)) (*compiler.Result, error) {
	if err := isDirectory(o.Dir); err != nil {
		return nil, err
	}
	o.Compiler = compilerName
	defer relaxHeap()()
	if s.terminal {
		t := time.AfterFunc(time.Second, func() { fmt.Fprintf(s.err, "compiling %s ...\n", o.Dir) })
		defer t.Stop()
	}
	res, err := run(ctx, o)
	return res, wrongEnv(err)
}

var compileVerb = verb{
	name: "compile", args: "[DIR] -o OUTDIR", purpose: "compile route files into a bundle directory and print its digest",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var findings findingFlags
		findings.declare(fs)
		out := fs.String("o", "", "write the bundle to `OUTDIR`, replacing a bundle that is there")
		revision := fs.String("revision", "", "put the revision `R` into the manifest, such as a Git commit")
		signKey := fs.String("sign-key", "", "sign with the Ed25519 private key in the file `PEM` (PKCS #8)")
		env, group := envFlag(fs), groupFlag(fs)
		cases := fs.String("cases", "", "write the test cases beside the routes to `FILE`, bound to the digest")
		return func(ctx context.Context, s streams, args []string) error {
			dir, err := oneArg(args, "routes")
			if err != nil {
				return err
			}
			if err := findings.valid(); err != nil {
				return err
			}
			if *out == "" {
				return usageError{"-o OUTDIR is missing"}
			}
			key, err := readSignKey(*signKey)
			if err != nil {
				return err
			}
			findings.dir = dir
			res, err := compile(ctx, s, compiler.Options{Dir: dir, Env: *env, Group: *group, Revision: *revision, BundleOnly: *cases == ""})
			if err != nil {
				return err
			}
			// Standard output is the digest's; findings go to the other stream.
			if err := findings.print(s, s.err, res); err != nil {
				return err
			}
			if key != nil {
				res.Bundle.Sign(key)
			}
			if err := res.Bundle.WriteDir(*out); err != nil {
				return err
			}
			if *cases != "" {
				set, err := res.Cases()
				if err != nil {
					return err
				}
				b, err := set.Encode()
				if err != nil {
					return err
				}
				if err := os.WriteFile(*cases, b, 0o644); err != nil {
					return fmt.Errorf("write cases: %w", err)
				}
			}
			fmt.Fprintln(s.out, res.Bundle.Digest())
			return nil
		}
	},
}

// readSignKey reads the private key in a file; no file, no key. It is read before
// the work begins, so that a mistake in its name is known at once.
func readSignKey(file string) (ed25519.PrivateKey, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	key, err := bundle.ParsePrivateKey(pem)
	if err != nil {
		return nil, fmt.Errorf("read signing key %s: %w", file, err)
	}
	return key, nil
}
