package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// errTooLarge says that a clone would fill the disk.
var errTooLarge = fmt.Errorf("a clone of %d commits is over %d MiB: keep the routes in a repository of their own", depth, MaxClone>>20)

// limited is a file system that takes so many bytes and no more.
type limited struct {
	billy.Filesystem
	mu   sync.Mutex
	left int64
}

func (l *limited) take(n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left -= int64(n); l.left < 0 {
		return errTooLarge
	}
	return nil
}

func (l *limited) wrap(f billy.File, err error) (billy.File, error) {
	if err != nil {
		return nil, err
	}
	return &limitedFile{f, l}, nil
}

// Create implements billy.Filesystem.
func (l *limited) Create(name string) (billy.File, error) { return l.wrap(l.Filesystem.Create(name)) }

// OpenFile implements billy.Filesystem.
func (l *limited) OpenFile(name string, flag int, perm os.FileMode) (billy.File, error) {
	return l.wrap(l.Filesystem.OpenFile(name, flag, perm))
}

// TempFile implements billy.Filesystem.
func (l *limited) TempFile(dir, prefix string) (billy.File, error) {
	return l.wrap(l.Filesystem.TempFile(dir, prefix))
}

type limitedFile struct {
	billy.File
	of *limited
}

// Write implements io.Writer.
func (f *limitedFile) Write(p []byte) (int, error) {
	if err := f.of.take(len(p)); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

// export writes the files of the path, and of cue.mod beside it, into root, and returns
// a mark of them. Links and submodules are left out: what they lead to may be anything.
func export(ctx context.Context, commit *object.Commit, path, root string) (string, error) {
	tree, err := commit.Tree()
	if err != nil {
		return "", err
	}
	below := strings.Trim(filepath.ToSlash(filepath.Clean(path)), "/")
	h := sha256.New()
	files, size := 0, int64(0)
	err = tree.Files().ForEach(func(f *object.File) error {
		inside := below == "." || f.Name == below || strings.HasPrefix(f.Name, below+"/")
		if !inside && !strings.HasPrefix(f.Name, "cue.mod/") {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.Mode != filemode.Regular && f.Mode != filemode.Executable {
			return nil
		}
		if inside {
			files++
		}
		if size += f.Size; files > MaxFiles || size > MaxBytes {
			return fmt.Errorf("%s holds more than %d files or %d MiB: name the folder of the routes with --path", path, MaxFiles, MaxBytes>>20)
		}
		fmt.Fprintf(h, "%q %s\n", f.Name, f.Hash)
		return write(f, root)
	})
	if err != nil {
		return "", err
	}
	if files == 0 {
		return "", fmt.Errorf("there is no %s at commit %s: is --path right?", path, commit.Hash.String()[:12])
	}
	// The revision goes into the bundle: another commit is another bundle.
	fmt.Fprintf(h, "%s\n", commit.Hash)
	return hex.EncodeToString(h.Sum(nil)), nil
}

func write(f *object.File, root string) error {
	if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
		return fmt.Errorf("the name %q leads out of the repository", f.Name)
	}
	to := filepath.Join(root, filepath.FromSlash(f.Name))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := f.Reader()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
