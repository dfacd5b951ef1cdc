// Package watch says when the route files of a directory have changed.
package watch

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settle is how long the files must be quiet: editors write in several steps.
	settle = 40 * time.Millisecond
	// lookAgain is how often the files are looked at without an event, for file
	// systems that send none.
	lookAgain = 2 * time.Second
)

// Watcher says when the CUE files of a directory have changed.
type Watcher struct {
	// Changed receives once after any number of changes.
	Changed chan struct{}
	// Failed receives why the directory can be watched no longer.
	Failed chan error

	dir    string
	notify *fsnotify.Watcher
	done   chan struct{}
}

// Open watches a directory, and those that come to be in it.
func Open(dir string) (*Watcher, error) {
	n, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", dir, err)
	}
	w := &Watcher{dir: dir, notify: n, Changed: make(chan struct{}, 1), Failed: make(chan error, 1), done: make(chan struct{})}
	state, err := w.look()
	if err != nil {
		_ = n.Close()
		return nil, fmt.Errorf("read %s: %w", dir, err)
	}
	go w.run(state)
	return w, nil
}

// Close ends it.
func (w *Watcher) Close() {
	_ = w.notify.Close()
	<-w.done
}

func (w *Watcher) run(state [32]byte) {
	defer close(w.done)
	timer := time.NewTimer(lookAgain)
	defer timer.Stop()
	for {
		select {
		case _, ok := <-w.notify.Events:
			if !ok {
				return
			}
			timer.Reset(settle)
		case err, ok := <-w.notify.Errors:
			if !ok {
				return
			}
			_ = err // an overflow of the queue: the next look finds what it lost
			timer.Reset(settle)
		case <-timer.C:
			timer.Reset(lookAgain)
			now, err := w.look()
			if err != nil {
				w.Failed <- fmt.Errorf("read %s: %w", w.dir, err)
				return
			}
			if now != state {
				state = now
				select {
				case w.Changed <- struct{}{}:
				default: // one is waiting already
				}
			}
		}
	}
}

// look watches every folder and digests names, sizes and times of the CUE files.
func (w *Watcher) look() ([32]byte, error) {
	h := sha256.New()
	err := filepath.WalkDir(w.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if path == w.dir {
				return err
			}
			return nil // gone between listing and looking
		}
		if e.IsDir() {
			_ = w.notify.Add(path) // a folder that cannot be watched is polled
			return nil
		}
		if filepath.Ext(path) != ".cue" {
			return nil
		}
		if info, err := e.Info(); err == nil {
			fmt.Fprintf(h, "%s\x00%d\x00%d\n", path, info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	return [32]byte(h.Sum(nil)), err
}
