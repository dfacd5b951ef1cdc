// Package secret keeps the secrets that a bundle refers to: files below one
// folder, read again when they change. Values are never printed.
package secret

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"weak"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/watch"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// maxSecret bounds one secret file in bytes.
const maxSecret = 64 << 10

// rereads is how often a file that is not there is looked for again at once.
const rereads = 3

// Config says where secrets are.
type Config struct {
	// Dir is the secrets folder. When empty no secret has a value.
	Dir string
	// Poll is how often the files are read again in any case; 0 means 2 seconds:
	// changes deeper in the folder raise no event.
	Poll time.Duration
	// Log receives what cannot be read, by the file's name; nil discards it.
	Log *slog.Logger
}

// Store gives out one handle for each file, and keeps its value up to date while
// Run runs. It is safe for concurrent use.
type Store struct {
	cfg Config

	mu      sync.Mutex
	handles map[string]*entry
}

type entry struct {
	// secret is weak: a file that no table refers to any more is not read again.
	secret weak.Pointer[filter.Secret]
	// problem is the last failure that was logged.
	problem string
}

// New makes a store.
func New(cfg Config) *Store {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Store{cfg: cfg, handles: map[string]*entry{}}
}

// Handle returns the handle of a secret: the same for the same file for as long as
// anything uses it, so that a new table sees the value that the old one did. A file
// that is absent, empty, too long, or outside the folder is a secret without a
// value.
func (s *Store) Handle(ref route.Secret) *filter.Secret {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.handles[ref.File]; e != nil {
		if secret := e.secret.Value(); secret != nil {
			return secret
		}
	}
	secret := &filter.Secret{}
	e := &entry{secret: weak.Make(secret)}
	s.handles[ref.File] = e
	s.refresh(ref.File, e, secret)
	return secret
}

// Run reads the files again whenever something changes in the folder, until ctx
// ends.
func (s *Store) Run(ctx context.Context) {
	if s.cfg.Dir == "" {
		<-ctx.Done()
		return
	}
	w := watch.New(watch.Config{Dir: s.cfg.Dir, Poll: cmp.Or(s.cfg.Poll, 2*time.Second), Log: s.cfg.Log})
	w.Run(ctx, s.Refresh)
}

// Refresh reads every file that is in use again.
func (s *Store) Refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for file, e := range s.handles {
		secret := e.secret.Value()
		if secret == nil {
			delete(s.handles, file)
			continue
		}
		s.refresh(file, e, secret)
	}
}

// refresh reads one file; s.mu is held.
func (s *Store) refresh(file string, e *entry, secret *filter.Secret) {
	value, err := s.read(file)
	// The kubelet removes the old directory right after it has put the new one in
	// its place: what was resolved a moment ago may be gone.
	for range rereads {
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		value, err = s.read(file)
	}
	problem := ""
	switch {
	case err == nil:
		if old, ok := secret.Value(); !ok || old != value {
			secret.Set(value)
		}
	case errors.Is(err, fs.ErrNotExist):
		secret.Clear()
		problem = "the file does not exist"
	default:
		secret.Clear()
		problem = err.Error()
	}
	if problem != "" && problem != e.problem {
		s.cfg.Log.Warn("secret has no value", "file", file, "error", problem)
	}
	if problem == "" && e.problem != "" {
		s.cfg.Log.Info("secret has a value again", "file", file)
	}
	e.problem = problem
}

// read reads a file below the folder; os.Root keeps links and dots inside.
func (s *Store) read(file string) (string, error) {
	if s.cfg.Dir == "" {
		return "", errors.New("the gateway has no secrets folder: set secretsDir")
	}
	root, err := os.OpenRoot(s.cfg.Dir)
	if err != nil {
		return "", fmt.Errorf("open the secrets folder: %w", err)
	}
	defer root.Close()
	name := filepath.FromSlash(file)
	info, err := root.Stat(name)
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("not a regular file")
	}
	f, err := root.Open(name)
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	if len(data) > maxSecret {
		return "", fmt.Errorf("the file is over the limit of %d bytes", maxSecret)
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if text == "" {
		// Being written in place, or a mistake; no credential is empty.
		return "", errors.New("the file is empty")
	}
	return text, nil
}
