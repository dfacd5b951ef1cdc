package load

import (
	"fmt"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/lintel-gateway/lintel/compiler/diag"
)

// Limits bound the evaluation, since CUE has neither limits nor cancellation.
type Limits struct {
	// Wall bounds the evaluation of one domain; 0 means 5 s. Large domains get
	// 40 µs more for each byte of their source, ten times what routes need.
	Wall time.Duration
	// Heap bounds the live heap of the process in bytes; 0 means 1.5 GiB.
	Heap uint64
}

const (
	defaultWall  = 5 * time.Second
	wallPerByte  = 40 * time.Microsecond
	defaultHeap  = 3 << 29
	watchPeriod  = 25 * time.Millisecond
	heapMetric   = "/memory/classes/heap/objects:bytes"
	limitMessage = "evaluating %s took %s"
)

func (l Limits) withDefaults() Limits {
	if l.Wall == 0 {
		l.Wall = defaultWall
	}
	if l.Heap == 0 {
		l.Heap = defaultHeap
	}
	return l
}

// watchdog watches what is being evaluated. A goroutine inside CUE cannot be
// stopped: when a limit trips, the load returns without it.
type watchdog struct {
	limits Limits
	now    func() time.Time

	mu     sync.Mutex
	active map[*unit]struct{}
}

// unit is one evaluation under watch.
type unit struct {
	name     string
	pos      diag.Pos
	since    time.Time
	deadline time.Time
}

func newWatchdog(l Limits) *watchdog {
	return &watchdog{limits: l.withDefaults(), now: time.Now, active: map[*unit]struct{}{}}
}

func (w *watchdog) enter(name string, pos diag.Pos, size int) *unit {
	now := w.now()
	u := &unit{
		name: name, pos: pos, since: now,
		deadline: now.Add(w.limits.Wall + time.Duration(size)*wallPerByte),
	}
	w.mu.Lock()
	w.active[u] = struct{}{}
	w.mu.Unlock()
	return u
}

func (w *watchdog) leave(u *unit) {
	w.mu.Lock()
	delete(w.active, u)
	w.mu.Unlock()
}

// watch sends the first limit that trips; it ends with stop.
func (w *watchdog) watch(stop <-chan struct{}, tripped chan<- diag.Diagnostic) {
	tick := time.NewTicker(watchPeriod)
	defer tick.Stop()
	sample := []metrics.Sample{{Name: heapMetric}}
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			metrics.Read(sample)
			if d, ok := w.check(sample[0].Value.Uint64()); ok {
				tripped <- d
				return
			}
		}
	}
}

func (w *watchdog) check(heap uint64) (diag.Diagnostic, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	var longest *unit
	for u := range w.active {
		if now.After(u.deadline) {
			return u.diagnostic(fmt.Sprintf("longer than %s", now.Sub(u.since).Round(100*time.Millisecond))), true
		}
		if longest == nil || u.since.Before(longest.since) {
			longest = u
		}
	}
	// The evaluation that has lasted longest is the one that grew.
	if longest != nil && heap > w.limits.Heap {
		return longest.diagnostic(fmt.Sprintf("more than %d MiB of memory", w.limits.Heap>>20)), true
	}
	return diag.Diagnostic{}, false
}

func (u *unit) diagnostic(what string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "evaluation-limit", Severity: diag.Error, Pos: u.pos,
		Message: fmt.Sprintf(limitMessage, u.name, what),
		Hint:    "look for loops over loops, ranges and text that doubles itself; write fewer or smaller values",
	}
}
