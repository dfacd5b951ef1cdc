// Package watch says when to look at a directory. It trusts no event to tell what
// changed: events and a slow poll only say "look", and who looks compares
// digests.
package watch

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Config says what is watched.
type Config struct {
	// Dir is the directory. It need not exist yet, may be a symlink, and may be
	// replaced at any time.
	Dir string
	// Poll is how often to look without an event: for file systems that have none,
	// and in case one is lost. 0 means 10 seconds.
	Poll time.Duration
	// Settle is how long to wait after an event for the ones that belong to it.
	// 0 means 10 milliseconds.
	Settle time.Duration
	// Log receives what keeps events from working; nil discards it.
	Log *slog.Logger
}

// Watcher watches one directory.
type Watcher struct {
	cfg     Config
	changed chan struct{}
	// events watches armed, and is made anew when one of those paths comes to name
	// another directory; nil when nothing is watched.
	events *fsnotify.Watcher
	armed  map[string]os.FileInfo
	pumps  sync.WaitGroup
	// stale tells that a watched path was removed or moved away: its successor may
	// bear the same inode number, and look the same to arm.
	stale  atomic.Bool
	failed bool
}

// New makes a watcher; Run starts it.
func New(cfg Config) *Watcher {
	cfg.Poll = cmp.Or(cfg.Poll, 10*time.Second)
	cfg.Settle = cmp.Or(cfg.Settle, 10*time.Millisecond)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Dir = filepath.Clean(cfg.Dir)
	return &Watcher{cfg: cfg, changed: make(chan struct{}, 1)}
}

// Run calls look from its own goroutine, never twice at once: when the watch
// begins, after every change in the directory, and every Poll. It returns when ctx
// ends. Without file events the poll is all there is: slow, but right.
func (w *Watcher) Run(ctx context.Context, look func()) {
	defer w.disarm()
	w.arm()
	look() // something may have changed before the watch began
	tick := time.NewTicker(w.cfg.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.changed:
			if !w.settle(ctx) {
				return
			}
		case <-tick.C:
		}
		w.arm()
		look()
	}
}

// settle waits for the events that follow at once. It returns false when ctx ended.
func (w *Watcher) settle(ctx context.Context) bool {
	timer := time.NewTimer(w.cfg.Settle)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	}
	select {
	case <-w.changed:
	default:
	}
	return true
}

// pump takes every event off the library at once, which holds a lock until it is
// rid of one: closing it meanwhile would wait for ever.
func (w *Watcher) pump(events *fsnotify.Watcher) {
	for {
		select {
		case e, ok := <-events.Events:
			if !ok {
				return
			}
			if !w.concerns(e.Name) {
				continue
			}
			if filepath.Dir(e.Name) == w.cfg.Dir {
				break // in the directory, not the directory itself
			}
			if e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename) {
				w.stale.Store(true)
			}
		case _, ok := <-events.Errors:
			if !ok {
				return
			}
			// An event was lost or names what is gone: look, and know.
		}
		select {
		case w.changed <- struct{}{}:
		default: // a look is due already
		}
	}
}

// concerns tells whether an event is about the directory: something in it, or,
// seen from above, the directory itself or a part of the path to it.
func (w *Watcher) concerns(name string) bool {
	name = filepath.Clean(name)
	if filepath.Dir(name) == w.cfg.Dir {
		return true
	}
	for p := w.cfg.Dir; ; p = filepath.Dir(p) {
		if p == name {
			return true
		}
		if p == filepath.Dir(p) {
			return false
		}
	}
}

// arm watches the directory and the nearest directory above it that exists: a
// directory that is not there yet, or is replaced, shows there. It goes on until
// what it watches is what is there, since either may change meanwhile.
func (w *Watcher) arm() {
	for range 10 {
		if w.stale.Swap(false) {
			w.disarm()
		}
		wanted := w.wanted()
		if w.events != nil && maps.EqualFunc(wanted, w.armed, os.SameFile) {
			return
		}
		w.disarm()
		if err := w.watch(wanted); err != nil {
			if !w.failed {
				w.cfg.Log.Warn("file events are not available, polling only", "dir", w.cfg.Dir, "error", err)
			}
			w.failed = true
			return
		}
		w.failed = false
	}
}

// wanted are the directories to watch. Stat follows links, as the watch does.
func (w *Watcher) wanted() map[string]os.FileInfo {
	out := map[string]os.FileInfo{}
	if info, err := os.Stat(w.cfg.Dir); err == nil && info.IsDir() {
		out[w.cfg.Dir] = info
	}
	for p := filepath.Dir(w.cfg.Dir); ; p = filepath.Dir(p) {
		if info, err := os.Stat(p); err == nil && info.IsDir() {
			out[p] = info
			return out
		}
		if p == filepath.Dir(p) {
			return out
		}
	}
}

func (w *Watcher) watch(wanted map[string]os.FileInfo) error {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	w.events, w.armed = events, wanted
	w.pumps.Go(func() { w.pump(events) })
	for p := range wanted {
		if err := events.Add(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			w.disarm()
			return err
		}
	}
	return nil
}

func (w *Watcher) disarm() {
	if w.events != nil {
		_ = w.events.Close() // there is nothing to do about it
		w.pumps.Wait()
		w.events = nil
	}
}
