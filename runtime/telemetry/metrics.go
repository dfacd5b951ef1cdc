package telemetry

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lintel-gateway/lintel/runtime/reason"
)

const (
	// shards spreads the counters so that cores do not share a cache line.
	shards = 8
	// maxDomains bounds the values of the label domain; further ones are counted
	// as "other".
	maxDomains  = 1024
	otherDomain = "other"
)

// statuses are the values of the label code that are counted one by one; any
// other status is counted as the class it is in, such as "2xx".
var statuses = [...]int{200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409, 410, 412, 413, 414, 417, 421, 422, 429, 431, 499, 500, 501, 502, 503, 504, 505, 101}

// codeSlots is one slot for each of statuses and for each class from 0 ("none")
// to 5.
const codeSlots = len(statuses) + 6

// bounds are the upper bounds of the duration histogram.
var bounds = [...]time.Duration{
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// cell is what one shard counts for one domain.
type cell struct {
	codes    [codeSlots]atomic.Uint64
	buckets  [len(bounds) + 1]atomic.Uint64
	nanos    atomic.Uint64
	bytesIn  atomic.Uint64
	bytesOut atomic.Uint64
	_        [64]byte
}

// domain is what is counted for one value of the label domain.
type domain struct{ cells [shards]cell }

// Metrics counts requests and reloads. Counting a request takes no lock and
// allocates nothing, except for the first request of a domain.
type Metrics struct {
	domains atomic.Pointer[map[string]*domain]
	mu      sync.Mutex // guards the growth of domains
	slots   [600]uint8 // status to slot
	reasons [shards]struct {
		n [256]atomic.Uint64
	}
	reload reloadState
	// Connections tells how many client connections are open; may be nil. It is
	// set before the first scrape.
	Connections func() int64
	// LogDropped tells how many access records were dropped; may be nil. It is set
	// before the first scrape.
	LogDropped func() uint64
	// Handshakes counts those of TLS listeners.
	Handshakes Handshakes
	// Guard counts what the engine's defences do.
	Guard Guard
	// UpstreamHandshakes counts those with endpoints.
	UpstreamHandshakes UpstreamHandshakes
	// Certificates tells of each certificate once; may be nil. It is set before the
	// first scrape.
	Certificates func() []Certificate

	version string
}

// NewMetrics makes counters at zero. The version is that of the program.
func NewMetrics(version string) *Metrics {
	m := &Metrics{version: version}
	m.domains.Store(&map[string]*domain{})
	for status := range m.slots {
		m.slots[status] = uint8(len(statuses) + status/100)
	}
	for i, status := range statuses {
		m.slots[status] = uint8(i)
	}
	m.reload.results = map[string]uint64{}
	return m
}

// Done counts a request.
func (m *Metrics) Done(shard uint32, r *Record) {
	c := &m.domain(r.Domain).cells[shard%shards]
	status := r.Status
	if status < 0 || status >= len(m.slots) {
		status = 0
	}
	c.codes[m.slots[status]].Add(1)
	if !r.Upgraded {
		// The life of an upgraded connection is no latency.
		c.buckets[bucket(r.Duration)].Add(1)
		c.nanos.Add(uint64(max(r.Duration, 0)))
	}
	c.bytesIn.Add(uint64(max(r.BytesIn, 0)))
	c.bytesOut.Add(uint64(max(r.BytesOut, 0)))
	// An answer of a filter, such as a redirect, is no failure of the gateway.
	if r.Reason != reason.OK && r.Reason != reason.FilterAnswer {
		m.reasons[shard%shards].n[r.Reason].Add(1)
	}
}

func bucket(d time.Duration) int {
	for i := range bounds {
		if d <= bounds[i] {
			return i
		}
	}
	return len(bounds)
}

func (m *Metrics) domain(name string) *domain {
	if d := (*m.domains.Load())[name]; d != nil {
		return d
	}
	return m.addDomain(name)
}

func (m *Metrics) addDomain(name string) *domain {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := *m.domains.Load()
	if d := old[name]; d != nil {
		return d
	}
	if len(old) >= maxDomains {
		if d := old[otherDomain]; d != nil {
			return d
		}
		name = otherDomain
	}
	grown := maps.Clone(old)
	d := &domain{}
	grown[strings.Clone(name)] = d
	m.domains.Store(&grown)
	return d
}
