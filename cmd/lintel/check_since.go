package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/diff/gitfs"
	"github.com/lintel-gateway/lintel/compiler/load"
)

// checkSince prints what was touched since a revision. Whatever is printed or left out,
// errors are errFindings.
func checkSince(ctx context.Context, st streams, f *findingFlags, rev, env string, res *compiler.Result) error {
	s, err := openSince(ctx, f.dir, rev, env)
	if err != nil {
		return err
	}
	narrowed, others := s.narrow(res)
	return errors.Join(f.print(st, st.out, narrowed), s.left(st, others))
}

// since is what the routes were when a change began.
type since struct {
	// rev is the revision as it was named.
	rev    string
	before diag.Before
}

// openSince compiles the routes of the commit at which the working tree and rev went
// separate ways: what others have merged since then is no part of the change. A commit
// without the folder has no routes.
func openSince(ctx context.Context, dir, rev, env string) (*since, error) {
	repo, err := gitfs.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	commit, err := repo.Commit(ctx, rev)
	if err != nil {
		return nil, err
	}
	head, err := repo.Commit(ctx, "HEAD")
	if err != nil {
		return nil, err
	}
	if commit, err = repo.MergeBase(ctx, commit, head); err != nil {
		return nil, err
	}
	s := &since{rev: rev}
	files, err := repo.Tree(ctx, commit, gitfs.Limits{})
	var none *gitfs.NoFolderError
	if errors.As(err, &none) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	o := compiler.Options{FS: files, Base: filepath.Base(abs), Env: env, Compiler: compilerName, AllGroups: true}
	var res *compiler.Result
	if env == "" {
		res, _, err = compiler.Everywhere(ctx, o)
	} else {
		res, err = compiler.Compile(ctx, o)
	}
	var absent *load.NoEnvironment
	if errors.As(err, &absent) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w", rev, err)
	}
	s.before = diag.Before{Found: res.Diagnostics, Files: res.Program.Files}
	for _, x := range res.Silenced {
		s.before.Found = append(s.before.Found, x.Diagnostic)
	}
	return s, nil
}

// narrow leaves in a result what the change touched, and returns the rest.
func (s *since) narrow(res *compiler.Result) (narrowed *compiler.Result, others diag.List) {
	out := *res
	out.Diagnostics, others = s.before.Split(res.Diagnostics, res.Program.Files)
	return &out, others
}

// left says what was not printed. Errors that are older than the change stop it all
// the same: a repository that does not compile gives no bundle.
func (s *since) left(st streams, others diag.List) error {
	failed := 0
	for _, d := range others {
		if d.Severity == diag.Error {
			failed++
		}
	}
	if n := len(others); n > 0 {
		fmt.Fprintf(st.err, "left out: %s not touched since %s (lintel check prints all)\n", count(n, "finding"), s.rev)
	}
	if failed == 0 {
		return nil
	}
	what := "is an error: nothing compiles until it is mended"
	if failed > 1 {
		what = "are errors: nothing compiles until they are mended"
	}
	fmt.Fprintf(st.err, "%d of them %s\n", failed, what)
	return errFindings
}
