package reload

import (
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/runtime/table"
)

// retirement holds the snapshots that were swapped out until nothing uses them,
// and counts which tables are held by how many snapshots: one whose metadata alone
// changed shares its table with the one before.
type retirement struct {
	old    []*snapshot.Snapshot
	tables map[*table.Table]int
}

func newRetirement() *retirement { return &retirement{tables: map[*table.Table]int{}} }

// use counts a snapshot that holds t.
func (r *retirement) use(t *table.Table) { r.tables[t]++ }

// add takes a snapshot that is no longer current.
func (r *retirement) add(s *snapshot.Snapshot) { r.old = append(r.old, s) }

// count is how many snapshots wait.
func (r *retirement) count() int { return len(r.old) }

// sweep lets go of the snapshots without references, and tells whether there was
// one.
func (r *retirement) sweep() bool {
	kept := r.old[:0]
	for _, s := range r.old {
		if s.References() > 0 {
			kept = append(kept, s)
			continue
		}
		if r.tables[s.Table]--; r.tables[s.Table] == 0 {
			delete(r.tables, s.Table)
			s.Table.Close()
		}
	}
	gone := len(kept) < len(r.old)
	clear(r.old[len(kept):])
	r.old = kept
	return gone
}
