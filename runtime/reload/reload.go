// Package reload brings bundles into service: read, verify, decode what changed,
// build aside, swap one pointer, let the old snapshot drain. Whatever fails before
// the swap leaves what is served untouched.
package reload

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// CodeRefused is the code of a bundle that decodes, but from which no table can be
// built.
const CodeRefused bundle.Code = "bundle-refused"

// CodeInternal is the code of a bundle that makes the build panic.
const CodeInternal bundle.Code = "bundle-internal"

// retireEvery is how often old snapshots are asked whether they are still in use.
const retireEvery = 200 * time.Millisecond

// Observer is told what happens; telemetry.Metrics is one.
type Observer interface {
	Reloaded(result string, ok bool, at time.Time, took time.Duration)
	Serving(digest, content, revision string, routes int, at time.Time, onLastGood bool)
	Swapped()
	SnapshotsLive(n int)
	// Applied tells when the bundle that is mounted arrived and since when it is served;
	// served is zero while it is not.
	Applied(arrived, served time.Time)
}

// Config says where bundles come from and what they are built with. Dir, Holder,
// Filters and Upstreams are required.
type Config struct {
	// Dir is the mounted bundle.
	Dir string
	// StateDir keeps the last good bundle over restarts; empty keeps none.
	StateDir string
	// FallbackDir holds a bundle to start with when neither Dir nor StateDir has a
	// good one; empty is none.
	FallbackDir string
	// VerifyKey, when set, must have signed every bundle.
	VerifyKey ed25519.PublicKey
	Limits    bundle.Limits

	Filters   *filter.Registry
	Upstreams *upstream.Registry
	// Secret returns the handle of a declared secret; may be nil.
	Secret func(route.Secret) *filter.Secret
	// Holder is the pointer that is swapped.
	Holder *snapshot.Holder
	// OnSwap is called after a swap of the table with the new snapshot; may be nil.
	OnSwap func(*snapshot.Snapshot)
	// Observer may be nil.
	Observer Observer
	// Log receives one line for each change; nil discards them.
	Log *slog.Logger
}

// Reloader loads bundles. Look and Start are called from one goroutine at a time;
// Status from any.
type Reloader struct {
	cfg     Config
	current *bundle.Bundle
	// mounted identifies the content of Dir that is served; zero when what is
	// served came from elsewhere.
	mounted fingerprint
	// rejected identifies the content of Dir that was refused last.
	rejected fingerprint
	retired  *retirement
	// arrived is when the bundle came into Dir that is not served yet, and head its
	// manifest; zero when the mounted one is served.
	arrived time.Time
	head    fingerprint

	mu     sync.Mutex // guards status, served and live
	status Status
	served *bundle.Bundle
	live   []*snapshot.Snapshot // the current one, then the old ones in use, the last one first
}

// fingerprint identifies the content of a directory.
type fingerprint [sha256.Size]byte

// New makes a reloader.
func New(cfg Config) *Reloader {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Observer == nil {
		cfg.Observer = nobody{}
	}
	return &Reloader{cfg: cfg, retired: newRetirement()}
}

// Start loads the first bundle: the mounted one or, when that is bad or absent,
// the last good one, or the fallback. With none of them it returns all the same,
// and Status says why.
func (r *Reloader) Start() {
	r.Look()
	if r.current != nil {
		return
	}
	if r.cfg.StateDir != "" && r.startFrom(lastGoodDir(r.cfg.StateDir), "last_good") {
		return
	}
	if r.cfg.FallbackDir != "" {
		r.startFrom(r.cfg.FallbackDir, "fallback")
	}
}

// startFrom serves a kept bundle for want of a mounted one.
func (r *Reloader) startFrom(dir, kind string) bool {
	files, err := bundle.ReadDir(dir, r.cfg.Limits)
	if err == nil {
		err = r.load(files, true)
	}
	if err != nil {
		// Nothing kept is the rule at a first start.
		if codeOf(err) != bundle.CodeEmpty {
			r.cfg.Log.Warn("kept bundle cannot be served", "kind", kind, "dir", dir, "code", string(codeOf(err)), "error", err)
		}
		return false
	}
	r.cfg.Log.Warn("serving a kept bundle in place of the mounted one", "kind", kind, "digest", r.current.Digest())
	return true
}

// Look compares what is mounted with what is served, and loads it when it is
// something else. A bundle that was refused is not tried again until a byte of it
// changes.
func (r *Reloader) Look() {
	begin := time.Now()
	mark, head, files, err := r.read()
	if mark == r.rejected || files == nil && err == nil {
		return // refused before, or served already
	}
	r.arrival(head, begin)
	if err == nil {
		err = r.load(files, false)
	}
	took := time.Since(begin)
	if err != nil {
		r.rejected = mark
		r.refuse(err, begin, took)
		return
	}
	r.rejected, r.mounted = fingerprint{}, manifestMark(files[bundle.ManifestName], files[bundle.SignatureName])
	r.accepted(begin, took)
	r.keep()
}

// read reads what is mounted. It returns no files when the manifest is the one that is
// served. The mark identifies what was read, or what is wrong with it; head the manifest
// alone.
func (r *Reloader) read() (mark, head fingerprint, files map[string][]byte, err error) {
	manifest, sig, err := bundle.ReadManifest(r.cfg.Dir, r.cfg.Limits)
	head = manifestMark(manifest, sig)
	if err == nil && manifest != nil && r.current != nil && head == r.mounted {
		r.recovered()
		return head, head, nil, nil
	}
	if err == nil {
		files, err = bundle.ReadDir(r.cfg.Dir, r.cfg.Limits)
	}
	if err != nil {
		return errorMark(head, err), head, nil, err
	}
	return filesMark(files), head, files, nil
}

// load brings the bundle in files into service. An error leaves all as it is.
func (r *Reloader) load(files map[string][]byte, kept bool) error {
	if r.cfg.VerifyKey != nil && files[bundle.ManifestName] != nil {
		// Before anything is decoded: who cannot sign reaches no parser.
		if err := bundle.VerifyManifest(files[bundle.ManifestName], files[bundle.SignatureName], r.cfg.VerifyKey); err != nil {
			return err
		}
	}
	limits := r.cfg.Limits
	limits.Yield = r.yield()
	next, err := bundle.DecodeAfter(r.current, files, limits)
	if err != nil {
		return err
	}
	if r.current != nil && next.Manifest().Content == r.current.Manifest().Content {
		r.relabel(next, kept)
		return nil
	}
	var prev *table.Table
	if s := r.cfg.Holder.Current(); s != nil {
		prev = s.Table
	}
	t, err := r.build(next, prev)
	if err != nil {
		return err
	}
	s := &snapshot.Snapshot{Table: t, Manifest: next.Manifest(), Digest: next.Digest(), LoadedAt: time.Now()}
	r.retired.use(t)
	old := r.cfg.Holder.Swap(s)
	if old != nil {
		r.retired.add(old)
	}
	r.current = next
	r.serving(s, kept)
	r.cfg.Observer.Swapped()
	r.listLive()
	if r.cfg.OnSwap != nil {
		r.cfg.OnSwap(s)
	}
	return nil
}

// relabel gives the table that is served the manifest of a bundle with the same
// content: nothing is built and no request sees a difference but the digest.
func (r *Reloader) relabel(next *bundle.Bundle, kept bool) {
	old := r.cfg.Holder.Current()
	s := &snapshot.Snapshot{Table: old.Table, Manifest: next.Manifest(), Digest: next.Digest(), LoadedAt: old.LoadedAt}
	r.retired.use(s.Table)
	r.cfg.Holder.Swap(s)
	r.retired.add(old)
	r.current = next
	r.serving(s, kept)
	r.listLive()
}

// build makes the table. A panic in it is a refusal: one bundle must not end the
// process that serves another.
func (r *Reloader) build(b *bundle.Bundle, prev *table.Table) (t *table.Table, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.cfg.Log.Error("build of a bundle panicked", "digest", b.Digest(), "stack", string(debug.Stack()))
			t, err = nil, refusal{CodeInternal, fmt.Errorf("the build failed unexpectedly: %v", p)}
		}
	}()
	t, err = table.Build(table.Input{Shared: b.Shared(), Domains: b.Domains()}, prev,
		table.Env{Filters: r.cfg.Filters, Upstreams: r.cfg.Upstreams, Secret: r.cfg.Secret, Yield: r.yield()})
	if err != nil {
		return nil, refusal{CodeRefused, err}
	}
	return t, nil
}

// Run looks whenever look says so and retires snapshots, until ctx ends.
func (r *Reloader) Run(ctx context.Context, look <-chan struct{}) {
	tick := time.NewTicker(retireEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look:
			r.Look()
		case <-tick.C:
			r.Retire()
		}
	}
}

// Retire closes the tables of old snapshots that nothing uses any more.
func (r *Reloader) Retire() {
	if r.retired.sweep() {
		r.listLive()
	}
}

// refusal is a failure with a code that no bundle error carries.
type refusal struct {
	code bundle.Code
	err  error
}

func (e refusal) Error() string { return e.err.Error() }

func (e refusal) Unwrap() error { return e.err }

func codeOf(err error) bundle.Code {
	var e refusal
	if errors.As(err, &e) {
		return e.code
	}
	if c := bundle.CodeOf(err); c != "" {
		return c
	}
	return bundle.CodeUnreadable
}

// waits tells whether the failure is likely to pass by itself.
func waits(err error) bool { return codeOf(err) == bundle.CodeIncomplete }

type nobody struct{}

func (nobody) Reloaded(string, bool, time.Time, time.Duration)      {}
func (nobody) Serving(string, string, string, int, time.Time, bool) {}
func (nobody) Swapped()                                             {}
func (nobody) SnapshotsLive(int)                                    {}
func (nobody) Applied(arrived, served time.Time)                    {}
