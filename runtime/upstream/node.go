package upstream

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// maxBackoff caps how often the time of an ejection doubles: 10 times the base.
const maxBackoff = 10

// node is the state of one address that is spoken to in one way, shared by all upstreams
// that name it so. Another identity of TLS, another version of HTTP or a header of the
// PROXY protocol make another node: neither connections nor the failures of a wrong
// certificate pass from one to the other.
type node struct {
	address string
	dial    string // what is dialled in place of address
	key     string // in the registry
	refs    int    // guarded by registry.mu
	how     transport
	link    atomic.Pointer[link] // of TLS

	registry *Registry
	inflight atomic.Int64
	pool     pool
	mux      mux

	// until is the end of the ejection, nil when healthy: a time with its monotonic
	// reading, so that a step of the clock neither ends nor prolongs it.
	until atomic.Pointer[time.Time]

	mu       sync.Mutex
	failures int // connects in a row
	times    int // ejections in a row
	telling
}

// ejected tells whether the node is out now; an ejection that is over ends here.
func (n *node) ejected() bool {
	until := n.until.Load()
	if until == nil {
		return false
	}
	if n.registry.now().Before(*until) {
		return true
	}
	if n.until.CompareAndSwap(until, nil) {
		n.registry.log().Info("endpoint is back", slog.String("endpoint", n.address))
	}
	return false
}

// connected notes a connect that came about, and tells how many in a row had failed.
func (n *node) connected() (before int) {
	n.mu.Lock()
	before = n.failures
	n.failures, n.times, n.problem = 0, 0, ""
	n.mu.Unlock()
	if n.until.Swap(nil) != nil {
		n.registry.log().Info("endpoint is back", slog.String("endpoint", n.address))
	}
	return before
}

// failed notes a connect that did not, and ejects the endpoint when that was one
// too many and enough others stay.
func (e *Endpoint) failed() {
	n, rule := e.node, &e.upstream.Def.Ejection
	if rule.Failures <= 0 || rule.Duration <= 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.failures++
	if n.failures < rule.Failures || n.ejected() || !e.upstream.spare(rule.MaxPercent) {
		return
	}
	span := time.Duration(min(1<<min(n.times, 8), maxBackoff)) * rule.Duration.D()
	n.times++
	n.failures = 0
	until := n.registry.now().Add(span)
	n.until.Store(&until)
	n.registry.log().Warn("endpoint is ejected",
		slog.String("upstream", e.upstream.Name), slog.String("endpoint", n.address), slog.Duration("for", span))
}

// spare tells whether one more endpoint may be ejected.
func (u *Upstream) spare(maxPercent int) bool {
	out := 1
	for i := range u.endpoints {
		if u.endpoints[i].node.ejected() {
			out++
		}
	}
	return out*100 <= len(u.endpoints)*min(maxPercent, 100)
}
