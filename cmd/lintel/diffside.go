package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diff"
	"github.com/lintel-gateway/lintel/compiler/diff/gitfs"
	"github.com/lintel-gateway/lintel/compiler/diff/remote"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// The kinds of sides.
const (
	sideDir = iota
	sideBundle
	sideRevision
	sideGateway
)

// diffSide is one side of a comparison as it was named.
type diffSide struct {
	name string
	kind int
	// dir is the routes directory of sideDir and sideRevision.
	dir string
	// env is the environment that a directory or revision is compiled for.
	env string
	// group is the gateway group that it is compiled for.
	group string
	// with is the other end of a range with three dots, whose merge base with name is
	// meant; "" elsewhere.
	with string
}

// side tells what an argument names. What is there in the file system goes before a
// revision of the same name.
func (f *diffFlags) side(arg string) (diffSide, error) {
	if remote.Is(arg) {
		if err := remote.Valid(arg); err != nil {
			return diffSide{}, usageError{fmt.Sprintf("%q: %v", arg, err)}
		}
		return diffSide{name: arg, kind: sideGateway}, nil
	}
	info, err := os.Stat(arg)
	switch {
	case err == nil && !info.IsDir():
		return diffSide{}, usageError{fmt.Sprintf("%s is a file: name a routes directory, a bundle, a Git revision or a gateway's admin URL", arg)}
	case err == nil && isBundle(arg):
		return diffSide{name: arg, kind: sideBundle}, nil
	case err == nil:
		return diffSide{name: arg, kind: sideDir, dir: arg, env: f.env, group: f.group}, nil
	case looksLikePath(arg):
		return diffSide{}, fmt.Errorf("%s does not exist: name a routes directory, a bundle, a Git revision or a gateway's admin URL", arg)
	case strings.Contains(arg, ".."):
		return diffSide{}, usageError{fmt.Sprintf("the range %q names both sides: leave the other argument out", arg)}
	}
	return diffSide{name: arg, kind: sideRevision, dir: f.dir, env: f.env, group: f.group}, nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// looksLikePath tells of an argument that cannot be a revision.
func looksLikePath(arg string) bool {
	return filepath.IsAbs(arg) || strings.HasPrefix(arg, "./") || strings.HasPrefix(arg, "../") || arg == ".."
}

// open reads or compiles the side.
func (d diffSide) open(ctx context.Context, s streams) (diff.Side, error) {
	out := diff.Side{Name: d.name}
	if d.env != "" {
		out.Name += " in " + d.env
	}
	var err error
	switch d.kind {
	case sideBundle:
		out.Bundle, err = openBundle(d.name)
	case sideGateway:
		if out.Bundle, err = remote.Open(ctx, d.name, bundle.Limits{}); err != nil {
			err = fmt.Errorf("read the bundle of %s: %w", d.name, err)
		}
	case sideDir:
		var res *compiler.Result
		if res, err = compile(ctx, s, compiler.Options{Dir: d.dir, Env: d.env, Group: d.group}); err == nil {
			err = d.take(s, res, &out)
		}
	case sideRevision:
		err = d.openRevision(ctx, s, &out)
	}
	return out, err
}

// openRevision compiles the routes of a commit without checking anything out.
func (d diffSide) openRevision(ctx context.Context, s streams, out *diff.Side) error {
	repo, err := gitfs.Open(ctx, d.dir)
	if err != nil {
		return err
	}
	commit, err := repo.Commit(ctx, d.name)
	if err != nil {
		return err
	}
	if d.with != "" {
		other, err := repo.Commit(ctx, d.with)
		if err != nil {
			return err
		}
		if commit, err = repo.MergeBase(ctx, commit, other); err != nil {
			return err
		}
		out.Name = strings.Replace(out.Name, d.name, fmt.Sprintf("%s...%s (%.12s)", d.name, d.with, commit), 1)
	}
	files, err := repo.Tree(ctx, commit, gitfs.Limits{})
	if err != nil {
		return err
	}
	abs, err := filepath.Abs(d.dir)
	if err != nil {
		return err
	}
	defer relaxHeap()()
	if s.terminal {
		t := time.AfterFunc(time.Second, func() { fmt.Fprintf(s.err, "compiling %s ...\n", out.Name) })
		defer t.Stop()
	}
	res, err := compiler.Compile(ctx, compiler.Options{FS: files, Base: filepath.Base(abs), Env: d.env, Group: d.group, Revision: commit, Compiler: compilerName})
	if err != nil {
		return fmt.Errorf("compile %s: %w", out.Name, err)
	}
	return d.take(s, res, out)
}

// take makes a side of what a compile came to. Warnings are for those who check; a
// side with mistakes has no bundle, and they are printed.
func (d diffSide) take(s streams, res *compiler.Result, out *diff.Side) (err error) {
	if res.Bundle == nil {
		fmt.Fprintf(s.err, "%s does not compile:\n", out.Name)
		if err := (&findingFlags{format: "text", dir: d.dir}).print(s, s.err, res); err != nil {
			return err
		}
		return errFindings
	}
	out.Program = res.Program
	if out.Bundle, err = bundle.Decode(res.Bundle.Files(), bundle.Limits{}); err != nil {
		return fmt.Errorf("read the bundle of %s: %w", out.Name, err)
	}
	return nil
}
