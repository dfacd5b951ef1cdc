package reload

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// Status is what is served and how the last attempt to load a bundle ended.
type Status struct {
	// Digest, Content, Revision and Routes describe the bundle that is served;
	// Digest is "" while none is.
	Digest   string
	Content  string
	Revision string
	Routes   int
	// LoadedAt is when its content was swapped in.
	LoadedAt time.Time
	// OnLastGood tells that a kept bundle is served because the mounted one could
	// not be.
	OnLastGood bool
	// LastAttempt is when a bundle was last tried.
	LastAttempt time.Time
	// LastError is why the mounted bundle is not served; nil when it is.
	LastError *LastError
	// RejectedDigest is the digest of the mounted bundle that was refused; "" when
	// none is, or when it has no manifest.
	RejectedDigest string
	// Snapshots are the current one and then the old ones that are still in use, the last
	// one first, maxSnapshots at most.
	Snapshots []SnapshotStatus
	// OldUsers is how many requests and upgraded connections use an old snapshot.
	OldUsers int64
}

// maxSnapshots bounds how many snapshots a Status lists.
const maxSnapshots = 64

// SnapshotStatus is one snapshot and who uses it.
type SnapshotStatus struct {
	Digest, Revision string
	// Since is when its content was swapped in.
	Since time.Time
	// Users is how many requests and upgraded connections hold it at this moment.
	Users int64
	// Current tells that new requests take it.
	Current bool
}

// LastError is a failure by its code and its sentence.
type LastError struct {
	Code    bundle.Code
	Message string
}

// Status is a copy of the present status.
func (r *Reloader) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.status
	for i, s := range r.live {
		users := s.References()
		if i > 0 {
			out.OldUsers += users
		}
		if i < maxSnapshots {
			out.Snapshots = append(out.Snapshots, SnapshotStatus{
				Digest: s.Digest, Revision: s.Manifest.Revision, Since: s.LoadedAt, Users: users, Current: i == 0,
			})
		}
	}
	return out
}

// listLive notes which snapshots there are.
func (r *Reloader) listLive() {
	live := []*snapshot.Snapshot{r.cfg.Holder.Current()}
	for _, s := range slices.Backward(r.retired.old) {
		live = append(live, s)
	}
	r.mu.Lock()
	r.live = live
	r.mu.Unlock()
	r.cfg.Observer.SnapshotsLive(len(live))
}

// arrival notes since when something else is mounted than what is served: the time of
// the directory that holds the files, which is made anew with every change. A time that
// is not before now is not believed.
func (r *Reloader) arrival(head fingerprint, now time.Time) {
	if r.arrived.IsZero() || r.head != head {
		r.arrived, r.head = now, head
		if at, err := bundle.ModTime(r.cfg.Dir); err == nil && at.Before(now) {
			r.arrived = at
		}
	}
	r.cfg.Observer.Applied(r.arrived, time.Time{})
}

// applied notes that what is mounted is served.
func (r *Reloader) applied(now time.Time) {
	if !r.arrived.IsZero() {
		r.cfg.Observer.Applied(r.arrived, now)
		r.arrived = time.Time{}
	}
}

// Bundle is the bundle that is served, or nil.
func (r *Reloader) Bundle() *bundle.Bundle {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.served
}

func (r *Reloader) serving(s *snapshot.Snapshot, kept bool) {
	m := s.Manifest
	r.mu.Lock()
	r.served = r.current
	r.status.Digest, r.status.Content, r.status.Revision, r.status.Routes = s.Digest, m.Content, m.Revision, m.Counts.Routes
	r.status.LoadedAt, r.status.OnLastGood = s.LoadedAt, kept
	r.mu.Unlock()
	r.cfg.Observer.Serving(s.Digest, m.Content, m.Revision, m.Counts.Routes, s.LoadedAt, kept)
}

// accepted notes that the mounted bundle is served.
func (r *Reloader) accepted(at time.Time, took time.Duration) {
	r.mu.Lock()
	r.status.LastAttempt, r.status.LastError, r.status.RejectedDigest = at, nil, ""
	s := r.status
	r.mu.Unlock()
	r.cfg.Observer.Reloaded("loaded", true, at, took)
	r.applied(at.Add(took))
	r.cfg.Log.Info("bundle loaded", "digest", s.Digest, "revision", s.Revision, "routes", s.Routes, "took", took)
}

// recovered notes that the mount is back at the bundle that is served.
func (r *Reloader) recovered() {
	if r.rejected == (fingerprint{}) {
		return
	}
	r.rejected = fingerprint{}
	r.mu.Lock()
	r.status.LastError, r.status.RejectedDigest, r.status.LastAttempt = nil, "", time.Now()
	s := r.status
	r.mu.Unlock()
	r.cfg.Observer.Reloaded("unchanged", true, s.LastAttempt, 0)
	r.applied(s.LastAttempt)
	r.cfg.Log.Info("mounted bundle is the served one again", "digest", s.Digest)
}

// refuse notes why the mounted bundle is not served.
func (r *Reloader) refuse(err error, at time.Time, took time.Duration) {
	digest := ""
	if manifest, _, rerr := bundle.ReadManifest(r.cfg.Dir, r.cfg.Limits); rerr == nil && manifest != nil {
		digest = bundle.DigestOf(manifest)
	}
	r.mu.Lock()
	before, mounted := r.status.LastError, r.status.RejectedDigest
	r.status.LastAttempt = at
	r.status.LastError = &LastError{Code: codeOf(err), Message: err.Error()}
	r.status.RejectedDigest = digest
	serving := r.status.Digest
	r.mu.Unlock()
	// Files that come one by one are one wait, not one for each.
	told := before != nil && mounted == digest && before.Code == codeOf(err)
	if waits(err) {
		r.cfg.Observer.Reloaded("waiting", false, at, took)
		if told {
			return
		}
		r.cfg.Log.Info("bundle is incomplete, waiting for the rest", "digest", digest, "serving", serving, "error", err)
		return
	}
	r.cfg.Observer.Reloaded("rejected", false, at, took)
	if told && before.Message == err.Error() {
		return
	}
	r.cfg.Log.Error("bundle rejected", "code", string(codeOf(err)), "digest", digest, "serving", serving, "error", err)
}

// manifestMark identifies a manifest and its signature.
func manifestMark(manifest, signature []byte) fingerprint {
	h := sha256.New()
	for _, b := range [][]byte{manifest, signature} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	return fingerprint(h.Sum(nil))
}

// filesMark identifies everything that was read.
func filesMark(files map[string][]byte) fingerprint {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		sum := sha256.Sum256(files[name])
		h.Write([]byte(name + "\n"))
		h.Write(sum[:])
	}
	return fingerprint(h.Sum(nil))
}

// errorMark identifies a failure to read what is mounted.
func errorMark(head fingerprint, err error) fingerprint {
	return sha256.Sum256(append(head[:], err.Error()...))
}
