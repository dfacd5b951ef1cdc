package telemetry

import (
	"sync"
	"time"
)

// reloadState is what is known of reloads; it changes at most once a reload.
type reloadState struct {
	mu        sync.Mutex
	results   map[string]uint64
	swaps     uint64
	live      int
	success   bool
	lastGood  bool
	took      time.Duration
	digest    string
	revision  string
	content   string
	routes    int
	loadedAt  time.Time
	attempted time.Time
	arrived   time.Time
	applied   time.Time
}

// Reloaded counts an attempt to load a bundle by its result, such as "swapped",
// "metadata", "waiting" or "rejected".
func (m *Metrics) Reloaded(result string, ok bool, at time.Time, took time.Duration) {
	m.reload.mu.Lock()
	defer m.reload.mu.Unlock()
	m.reload.results[result]++
	m.reload.success, m.reload.attempted, m.reload.took = ok, at, took
}

// Serving notes what is served now.
func (m *Metrics) Serving(digest, content, revision string, routes int, at time.Time, onLastGood bool) {
	r := &m.reload
	r.mu.Lock()
	defer r.mu.Unlock()
	r.digest, r.content, r.revision, r.routes, r.loadedAt, r.lastGood = digest, content, revision, routes, at, onLastGood
}

// Swapped counts a swap of the table.
func (m *Metrics) Swapped() {
	m.reload.mu.Lock()
	defer m.reload.mu.Unlock()
	m.reload.swaps++
}

// SnapshotsLive notes how many snapshots are current or still in use.
func (m *Metrics) SnapshotsLive(n int) {
	m.reload.mu.Lock()
	defer m.reload.mu.Unlock()
	m.reload.live = n
}

// Applied notes when the mounted bundle arrived and since when it is served; served is
// zero while it is not.
func (m *Metrics) Applied(arrived, served time.Time) {
	m.reload.mu.Lock()
	defer m.reload.mu.Unlock()
	m.reload.arrived, m.reload.applied = arrived, served
}

// lag is how long the mounted bundle took to be served, or has been waiting; the caller
// holds mu.
func (r *reloadState) lag(now time.Time) time.Duration {
	if r.applied.IsZero() {
		return now.Sub(r.arrived)
	}
	return r.applied.Sub(r.arrived)
}
