package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Dir is a folder or file on this machine.
type Dir struct {
	path    string
	watch   *fsnotify.Watcher
	changed chan struct{}
}

// settle is how long a folder has to be quiet before it is read.
const settle = 150 * time.Millisecond

// OpenDir begins to watch the path, which must exist. Where files cannot be watched, as
// on some network file systems, it is only read when Fetch is called.
func OpenDir(ctx context.Context, path string) (*Dir, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("the source cannot be read: %w", err)
	}
	d := &Dir{path: path, changed: make(chan struct{}, 1)}
	var err error
	if d.watch, err = fsnotify.NewWatcher(); err != nil {
		d.watch = nil
		return d, nil
	}
	d.add()
	go d.follow(ctx)
	return d, nil
}

// Changed says that something happened in the folder.
func (d *Dir) Changed() <-chan struct{} { return d.changed }

// Close ends the watch.
func (d *Dir) Close() {
	if d.watch != nil {
		_ = d.watch.Close()
	}
}

// add watches every folder; those that are watched already stay.
func (d *Dir) add() {
	_ = filepath.WalkDir(d.path, func(p string, e fs.DirEntry, err error) error {
		if err == nil && (e.IsDir() || p == d.path) {
			_ = d.watch.Add(p) // the poll sees what is not watched
		}
		return nil
	})
}

func (d *Dir) follow(ctx context.Context) {
	quiet := time.NewTimer(time.Hour)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-d.watch.Events:
			if !ok {
				return
			}
			quiet.Reset(settle)
		case _, ok := <-d.watch.Errors:
			if !ok {
				return
			}
		case <-quiet.C:
			d.add()
			select {
			case d.changed <- struct{}{}:
			default: // one look is due already
			}
		}
	}
}

// Fetch reads the folder for its mark; the files stay where they are.
func (d *Dir) Fetch(context.Context) (Checkout, error) {
	// A link, as git-sync and the kubelet move them, is followed once.
	path, err := filepath.EvalSymlinks(d.path)
	if err != nil {
		return Checkout{}, fmt.Errorf("the source cannot be read: %w", err)
	}
	mark, err := fingerprint(path)
	if err != nil {
		return Checkout{}, fmt.Errorf("the source %s cannot be read: %w", d.path, err)
	}
	return Checkout{Path: path, Mark: mark}, nil
}

func fingerprint(root string) (string, error) {
	h := sha256.New()
	files, bytes := 0, int64(0)
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		switch {
		// What goes while it is looked at will be looked at again.
		case errors.Is(err, fs.ErrNotExist) && p != root:
			return nil
		case err != nil:
			return err
		case e.IsDir() && p != root && strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(e.Name(), ".."):
			return fs.SkipDir
		case e.IsDir():
			return nil
		}
		n, err := add(h, root, p, MaxBytes-bytes)
		files, bytes = files+1, bytes+n
		if err == nil && files > MaxFiles {
			return fmt.Errorf("it holds more than %d files: name the folder of the routes with --path", MaxFiles)
		}
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

func add(h io.Writer, root, path string, limit int64) (int64, error) {
	// Stat first: opening a pipe would wait for its writer.
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil || !info.Mode().IsRegular() {
		return 0, err
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	name, err := filepath.Rel(root, path)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(h, "%q %d\n", name, info.Size())
	n, err := io.Copy(h, io.LimitReader(f, limit+1))
	if err == nil && n > limit {
		err = fmt.Errorf("it holds more than %d MiB: name the folder of the routes with --path", MaxBytes>>20)
	}
	return n, err
}
