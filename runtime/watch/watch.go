// Package watch says when to look at a directory. It trusts no event to tell what
// changed: events and a slow poll only say "look", and who looks compares
// digests.
package watch

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
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
	cfg    Config
	events *fsnotify.Watcher
	// armed are the directories that are watched, by path: a path may come to
	// name another directory.
	armed map[string]os.FileInfo
}

// New makes a watcher; Run starts it.
func New(cfg Config) *Watcher {
	cfg.Poll = cmp.Or(cfg.Poll, 10*time.Second)
	cfg.Settle = cmp.Or(cfg.Settle, 10*time.Millisecond)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Dir = filepath.Clean(cfg.Dir)
	return &Watcher{cfg: cfg, armed: map[string]os.FileInfo{}}
}

// Run calls look from its own goroutine, never twice at once: after every change
// in the directory, and every Poll. It returns when ctx ends. It does not call
// look at the beginning.
func (w *Watcher) Run(ctx context.Context, look func()) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		// Without inotify the poll is all there is; slow, but right.
		w.cfg.Log.Warn("file events are not available, polling only", "dir", w.cfg.Dir, "error", err)
		w.poll(ctx, look)
		return
	}
	defer events.Close()
	w.events = events
	if w.arm() {
		look() // something may have changed before the watch began
	}
	tick := time.NewTicker(w.cfg.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-events.Events:
			if !ok {
				return
			}
			if !w.concerns(e.Name) {
				continue
			}
			if !w.settle(ctx) {
				return
			}
		case err := <-events.Errors:
			w.cfg.Log.Warn("file events were lost, looking again", "dir", w.cfg.Dir, "error", err)
		case <-tick.C:
		}
		w.arm()
		look()
	}
}

func (w *Watcher) poll(ctx context.Context, look func()) {
	tick := time.NewTicker(w.cfg.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			look()
		}
	}
}

// settle swallows the events that follow at once. It returns false when ctx ended.
func (w *Watcher) settle(ctx context.Context) bool {
	timer := time.NewTimer(w.cfg.Settle)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-w.events.Events:
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
// directory that is not there yet, or is replaced, shows there. It tells whether
// a watch was added.
func (w *Watcher) arm() (added bool) {
	paths := []string{w.cfg.Dir}
	for p := filepath.Dir(w.cfg.Dir); ; p = filepath.Dir(p) {
		if _, err := os.Stat(p); err == nil || p == filepath.Dir(p) {
			paths = append(paths, p)
			break
		}
	}
	wanted := map[string]os.FileInfo{}
	for _, p := range paths {
		// Stat follows links, as the watch does.
		if info, err := os.Stat(p); err == nil && info.IsDir() {
			wanted[p] = info
		}
	}
	for p, old := range w.armed {
		if now, still := wanted[p]; !still || !os.SameFile(old, now) {
			_ = w.events.Remove(p) // gone already when the directory is
			delete(w.armed, p)
		}
	}
	for p, info := range wanted {
		if _, have := w.armed[p]; have {
			continue
		}
		if err := w.events.Add(p); err != nil {
			w.cfg.Log.Warn("directory cannot be watched, polling only", "dir", p, "error", err)
			continue
		}
		w.armed[p] = info
		added = true
	}
	return added
}
