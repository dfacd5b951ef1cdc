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
	name: "init", args: "[DIR]", purpose: "make a routes repository that passes its own gate",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var o scaffold.Options
		fs.StringVar(&o.Domain, "domain", "", "the first domain: `NAME` (default "+scaffold.DefaultDomain+", or what you answer on a terminal)")
		fs.StringVar(&o.Owner, "owner", "", "the `TEAM` that owns it (default team- and the domain's first part)")
		fs.StringVar(&o.Module, "module", "", "`PATH` of the repository's CUE module (default NAME/routes)")
		var cd scaffold.ArgoCD
		argocd := fs.Bool("argocd", false, "add what Argo CD needs: Applications, the hook that tests a bundle in the cluster, the pipeline that renders and commits")
		fs.StringVar(&cd.Repo, "repo", "", "with --argocd: `URL` of this repository")
		fs.StringVar(&cd.ChartRepo, "chart-repo", "", "with --argocd: `URL` of the repository with Lintel's chart")
		fs.StringVar(&cd.Registry, "registry", "", "with --argocd: `NAME` before Lintel's images")
		fs.StringVar(&cd.Namespace, "namespace", "", "with --argocd: `NAMESPACE` of the gateways (default gateways)")
		return func(ctx context.Context, s streams, args []string) error {
			if *argocd {
				o.ArgoCD = &cd
			} else if cd != (scaffold.ArgoCD{}) {
				return usageError{"--repo, --chart-repo, --registry and --namespace go with --argocd"}
			}
			dir, err := oneArg(args, ".")
			if err != nil {
				return err
			}
			if err := isFree(dir); err != nil {
				return err
			}
			if err := askForDomain(ctx, s, &o); err != nil {
				return err
			}
			files, err := scaffold.Files(o)
			if err != nil {
				return usageError{err.Error()}
			}
			return initialize(s, dir, o.Domain, files)
		}
	},
}

// isFree tells why no routes repository can be made in dir.
func isFree(dir string) error {
	for _, name := range []string{"routes", "cue.mod", "schemas"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%s is there already: name an empty folder, or add to its routes with lintel add", filepath.Join(dir, name))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// askForDomain fills in the domain, and asks for it and its owner on a terminal. Who
// named the domain by its flag knows of the flags, and is asked nothing.
func askForDomain(ctx context.Context, s streams, o *scaffold.Options) (err error) {
	if o.Domain != "" {
		return nil
	}
	if o.Domain = scaffold.DefaultDomain; !s.asks {
		return nil
	}
	a := newAsker(s)
	if o.Domain, err = a.ask(ctx, "the first domain", o.Domain, scaffold.CheckDomain); err != nil || o.Owner != "" {
		return err
	}
	o.Owner, err = a.ask(ctx, "the team that owns it", scaffold.DefaultOwner(o.Domain), scaffold.CheckOwner)
	return err
}

// initialize writes the files. Other files that are there are kept and told.
func initialize(s streams, dir, domain string, files []scaffold.File) error {
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
	where := dir
	if where == "." {
		where = "this folder"
	}
	fmt.Fprintf(s.out, "made a routes repository for %s in %s\n  try    %slintel test\n         %slintel dev\n  read   %s, which has a new route in five minutes\n",
		domain, where, in, in, filepath.Join(dir, "README.md"))
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
