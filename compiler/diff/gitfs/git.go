// Package gitfs reads a folder of a Git commit into memory. Nothing is checked out
// and nothing in the repository is changed: it runs git's plumbing (rev-parse,
// merge-base, ls-tree, cat-file), which knows no hooks and no filters, without a
// shell. Names that people give are never taken for options.
package gitfs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Repo is the repository around a folder of the working tree.
type Repo struct {
	// start is a folder in the repository, in which git runs.
	start string
	// folder is the path of the folder from the root of the repository, "." for the
	// root itself.
	folder string
}

// Open finds the repository around dir, which need not exist in the working tree.
func Open(ctx context.Context, dir string) (*Repo, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", dir, err)
	}
	start := abs
	for {
		if info, err := os.Stat(start); err == nil && info.IsDir() {
			break
		}
		parent := filepath.Dir(start)
		if parent == start {
			break
		}
		start = parent
	}
	r := &Repo{start: start}
	prefix, err := r.git(ctx, "rev-parse", "--show-prefix")
	if err != nil {
		return nil, fmt.Errorf("find the Git repository of %s: %w", dir, err)
	}
	rest, err := filepath.Rel(start, abs)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", dir, err)
	}
	r.folder = path.Join(".", strings.TrimSuffix(string(prefix), "\n"), filepath.ToSlash(rest))
	return r, nil
}

// Folder is the folder's path from the root of the repository, "." for the root.
func (r *Repo) Folder() string { return r.folder }

// oid is a full object name, SHA-1 or SHA-256.
var oid = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// Commit resolves a revision, such as a branch, a tag or HEAD~1, to the full name of
// its commit.
func (r *Repo) Commit(ctx context.Context, rev string) (string, error) {
	if rev == "" || strings.HasPrefix(rev, "-") || strings.ContainsAny(rev, "\x00\n") {
		return "", fmt.Errorf("%q is no revision", rev)
	}
	out, err := r.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	name := strings.TrimSuffix(string(out), "\n")
	if err != nil || !oid.MatchString(name) {
		return "", fmt.Errorf("%q is no revision of the Git repository at %s", rev, r.start)
	}
	return name, nil
}

// MergeBase is the commit from which two commits, given by their full names, went
// separate ways.
func (r *Repo) MergeBase(ctx context.Context, a, b string) (string, error) {
	if !oid.MatchString(a) || !oid.MatchString(b) {
		return "", errors.New("a merge base is asked of full names only")
	}
	out, err := r.git(ctx, "merge-base", a, b)
	name := strings.TrimSuffix(string(out), "\n")
	if err != nil || !oid.MatchString(name) {
		return "", fmt.Errorf("the commits %.12s and %.12s have no common ancestor here; a shallow clone may lack it", a, b)
	}
	return name, nil
}

// Range takes a range such as "main..HEAD" apart; an end that is left out is HEAD.
// With three dots the old end is to be the merge base of both.
func Range(arg string) (old, new string, mergeBase, ok bool) {
	old, new, ok = strings.Cut(arg, "..")
	if !ok {
		return "", "", false, false
	}
	new, mergeBase = strings.CutPrefix(new, ".")
	if old == "" {
		old = "HEAD"
	}
	if new == "" {
		new = "HEAD"
	}
	return old, new, mergeBase, true
}

// maxOutput bounds what one run of git may print, in bytes.
const maxOutput = 64 << 20

// git runs one command of git and returns what it prints.
func (r *Repo) git(ctx context.Context, args ...string) ([]byte, error) {
	var out []byte
	err := r.stream(ctx, nil, func(stdout io.Reader) (err error) {
		out, err = io.ReadAll(io.LimitReader(stdout, maxOutput+1))
		if err == nil && len(out) > maxOutput {
			err = fmt.Errorf("git %s prints more than %d MiB", args[0], maxOutput>>20)
		}
		return err
	}, args...)
	return out, err
}

// stream runs one command of git and hands its output to read. When read fails, the
// command is ended.
func (r *Repo) stream(ctx context.Context, stdin io.Reader, read func(io.Reader) error, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", append([]string{
		"-C", r.start, "--no-pager", "--no-replace-objects", "-c", "core.fsmonitor=false", "-c", "protocol.allow=never",
	}, args...)...)
	cmd.WaitDelay = 2 * time.Second
	// No prompt, no lock that is not needed, no object from afar, and English for the
	// message that is passed on.
	cmd.Env = append(slices.DeleteFunc(os.Environ(), fixed), "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "LC_ALL=C")
	cmd.Stdin = stdin
	stderr := &head{}
	cmd.Stderr = stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("run git: %w", err)
	}
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return errors.New("git is not installed, or not in PATH")
		}
		return fmt.Errorf("run git: %w", err)
	}
	readErr := read(stdout)
	if readErr != nil {
		cancel()
	}
	err = cmd.Wait()
	switch {
	case readErr != nil && !errors.Is(readErr, io.ErrUnexpectedEOF):
		return readErr
	case err != nil:
		if line := stderr.line(); line != "" {
			return errors.New("git: " + line)
		}
		return fmt.Errorf("git %s: %w", args[0], err)
	}
	return readErr
}

// fixed tells of variables by which a hook ties git to one repository, whatever folder
// it is asked in.
func fixed(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return slices.Contains([]string{"GIT_DIR", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_INDEX_FILE"}, name)
}

// head keeps the beginning of what is written to it.
type head struct{ bytes.Buffer }

func (h *head) Write(b []byte) (int, error) {
	if room := 4096 - h.Len(); room > 0 {
		h.Buffer.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

// line is the first line, as far as it can be printed.
func (h *head) line() string {
	line, _, _ := strings.Cut(strings.TrimSpace(h.String()), "\n")
	return strings.TrimPrefix(strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return -1
		}
		return c
	}, line), "fatal: ")
}
