package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/memory"
	"github.com/skeema/knownhosts"
)

// GitOptions say which branch of which repository.
type GitOptions struct {
	URL, Branch string
	// Path is the folder or file in the repository; "." is all of it.
	Path string
	// Credentials is a folder with username and password, or ssh-privatekey and
	// known_hosts, as a mounted Secret has them; "" asks without.
	Credentials string
	// Timeout bounds one fetch; zero is two minutes.
	Timeout time.Duration
}

// Git is a branch of a repository.
type Git struct {
	o    GitOptions
	work string
	last Checkout
}

// depth is how many commits are fetched, by which it is told whether the branch went on
// or was rewritten.
const depth = 50

// OpenGit makes a folder to work in. It does not connect.
func OpenGit(o GitOptions) (*Git, error) {
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Minute
	}
	work, err := os.MkdirTemp("", "lintel-sync-git-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for %s: %w", Redact(o.URL), err)
	}
	return &Git{o: o, work: work}, nil
}

// Changed is nil: a repository does not say when it changes.
func (g *Git) Changed() <-chan struct{} { return nil }

// Close removes what was fetched.
func (g *Git) Close() { _ = os.RemoveAll(g.work) }

// Fetch asks where the branch is, and brings the path when it is elsewhere than before.
func (g *Git) Fetch(ctx context.Context) (Checkout, error) {
	ctx, cancel := context.WithTimeout(ctx, g.o.Timeout)
	defer cancel()
	auth, err := credentials(g.o.Credentials, g.o.URL)
	if err != nil {
		return Checkout{}, err
	}
	tip, err := g.tip(ctx, auth)
	if err != nil {
		return Checkout{}, g.explain(err)
	}
	if tip.String() == g.last.Revision {
		again := g.last
		again.Rewritten = ""
		return again, nil
	}
	next, err := g.clone(ctx, auth)
	if err != nil {
		return Checkout{}, g.explain(err)
	}
	if old := g.last.Path; old != "" {
		_ = os.RemoveAll(g.root(g.last.Revision))
	}
	g.last = next
	return next, nil
}

// within leaves what does not end with ctx to itself: go-git greets a server of SSH
// without a bound. It asks, and touches nothing of a Git: what is left may still run when
// the next fetch does.
func within[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	type answer struct {
		got T
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		got, err := ask()
		answers <- answer{got, err}
	}()
	select {
	case a := <-answers:
		return a.got, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// tip is the commit at which the branch is.
func (g *Git) tip(ctx context.Context, auth transport.AuthMethod) (plumbing.Hash, error) {
	remote := git.NewRemote(memory.NewStorage(), &config.RemoteConfig{Name: "origin", URLs: []string{g.o.URL}})
	refs, err := within(ctx, func() ([]*plumbing.Reference, error) { return remote.ListContext(ctx, &git.ListOptions{Auth: auth}) })
	if err != nil {
		return plumbing.ZeroHash, err
	}
	want := plumbing.NewBranchReferenceName(g.o.Branch)
	for _, r := range refs {
		if r.Name() == want {
			return r.Hash(), nil
		}
	}
	return plumbing.ZeroHash, fmt.Errorf("there is no branch %s", g.o.Branch)
}

// root is the folder of one commit's files.
func (g *Git) root(revision string) string { return filepath.Join(g.work, revision) }

// clone fetches the branch anew, a few commits deep, and writes the path's files out.
func (g *Git) clone(ctx context.Context, auth transport.AuthMethod) (Checkout, error) {
	bare, err := os.MkdirTemp(g.work, "clone-")
	if err != nil {
		return Checkout{}, err
	}
	defer os.RemoveAll(bare)
	disk := &limited{Filesystem: osfs.New(bare), left: MaxClone}
	store := filesystem.NewStorage(disk, cache.NewObjectLRUDefault())
	o := &git.CloneOptions{
		URL: g.o.URL, Auth: auth, ReferenceName: plumbing.NewBranchReferenceName(g.o.Branch),
		SingleBranch: true, Depth: depth, Tags: git.NoTags, NoCheckout: true,
	}
	repo, err := within(ctx, func() (*git.Repository, error) { return git.CloneContext(ctx, store, nil, o) })
	if err != nil {
		return Checkout{}, err
	}
	head, err := repo.Head()
	if err != nil {
		return Checkout{}, err
	}
	commit, err := repo.CommitObject(head.Hash())
	if err != nil {
		return Checkout{}, err
	}
	next := Checkout{Revision: head.Hash().String()}
	root := g.root(next.Revision)
	if err := os.RemoveAll(root); err != nil {
		return Checkout{}, err
	}
	if next.Mark, err = export(ctx, commit, g.o.Path, root); err != nil {
		_ = os.RemoveAll(root)
		return Checkout{}, err
	}
	next.Path = filepath.Join(root, filepath.FromSlash(g.o.Path))
	if old := g.last.Revision; old != "" {
		there, err := reaches(repo, head.Hash(), plumbing.NewHash(old))
		if err != nil {
			return Checkout{}, err
		}
		if !there {
			next.Rewritten = old
		}
	}
	return next, nil
}

// reaches tells whether old is among the commits of the branch that were fetched. A
// branch that went on by more than that counts as one that reaches it: only a history
// that is whole can tell.
func reaches(repo *git.Repository, head, old plumbing.Hash) (bool, error) {
	commits, err := repo.Log(&git.LogOptions{From: head})
	if err != nil {
		return false, err
	}
	found, n := false, 0
	err = commits.ForEach(func(c *object.Commit) error {
		if n++; c.Hash == old {
			found = true
			return storer.ErrStop
		}
		return nil
	})
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		// The end of what was fetched.
		return found || n >= depth, nil
	}
	return found || n >= depth, err
}

// explain says what is wrong with a repository, without its password.
func (g *Git) explain(err error) error {
	url := Redact(g.o.URL)
	folder := cmp.Or(g.o.Credentials, "~/.ssh") // where SSH looks by itself
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the repository %s did not answer within %s", url, g.o.Timeout)
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrAuthorizationFailed):
		return fmt.Errorf("the repository %s asks for other credentials: mount a Secret and name its folder with --git-credentials (%w)", url, err)
	case errors.Is(err, transport.ErrInvalidAuthMethod):
		return fmt.Errorf("the credentials in %s are of another kind than %s takes: ssh-privatekey is for addresses of SSH, password for https", g.o.Credentials, url)
	case strings.Contains(err.Error(), "SSH_AUTH_SOCK"):
		return fmt.Errorf("the repository %s asks for a key: mount a Secret with ssh-privatekey and known_hosts, and name its folder with --git-credentials", url)
	case knownhosts.IsHostUnknown(err):
		return fmt.Errorf("nobody knows who answers at %s: known_hosts in %s has no line for it", url, folder)
	case knownhosts.IsHostKeyChanged(err):
		return fmt.Errorf("who answers at %s has another key than known_hosts in %s: somebody may stand in between, or the host has a new key", url, folder)
	case strings.Contains(err.Error(), "ssh: unable to authenticate"):
		// The library has no value for it.
		return fmt.Errorf("the repository %s does not take the ssh-privatekey in %s: add its public half there as a deploy key", url, folder)
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return fmt.Errorf("there is no repository at %s, or it asks for credentials", url)
	}
	// What libraries say may hold the whole address.
	return fmt.Errorf("the repository %s cannot be read: %w", url, &redacted{err, g.o.URL, url})
}
