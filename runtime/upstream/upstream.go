// Package upstream holds the live upstreams: endpoints, balancing, ejection and
// the pools of idle connections. Their state is keyed by what they are and so
// survives swaps; an upstream that no snapshot refers to any more is closed.
package upstream

import (
	"sync"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// Upstream is one live upstream. It is inert until it is first picked from:
// making one only allocates.
type Upstream struct {
	Domain, Name string
	Def          *route.Upstream

	key      string
	refs     int // guarded by registry.mu
	registry *Registry

	mu        sync.Mutex // guards the balance of endpoints
	endpoints []Endpoint
}

// Endpoint is one address of an upstream.
type Endpoint struct {
	upstream *Upstream
	node     *node
	weight   int
	current  int // smooth weighted round robin, guarded by upstream.mu
}

// Address is host:port as the definition has it, whatever is dialled.
func (e *Endpoint) Address() string { return e.node.address }

// ProxyProtocol tells whether connections begin with a header of the PROXY protocol, so
// that Dial has to know the client.
func (e *Endpoint) ProxyProtocol() bool { return e.node.how.proxy != "" }

// maxTried bounds how many endpoints a Tried remembers.
const maxTried = 8

// Tried is a small set of the endpoints that a request has been sent to. The zero
// Tried is empty.
type Tried struct {
	n    int
	list [maxTried]*Endpoint
}

// Add puts an endpoint into the set; a full set forgets its oldest.
func (t *Tried) Add(e *Endpoint) {
	t.list[t.n%maxTried] = e
	t.n++
}

func (t *Tried) has(e *Endpoint) bool {
	if t == nil {
		return false
	}
	for i := range min(t.n, maxTried) {
		if t.list[i] == e {
			return true
		}
	}
	return false
}

// Pick chooses an endpoint by smooth weighted round robin among those that are
// healthy and not in tried, which may be nil. Where none is left it takes one that
// was tried, and where all are ejected one of those: a request that may fail is
// better than one that must. It returns nil only when no endpoint has a weight.
func (u *Upstream) Pick(tried *Tried) *Endpoint {
	if len(u.endpoints) == 1 {
		if e := &u.endpoints[0]; e.weight > 0 {
			return e
		}
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if e := u.next(tried, false); e != nil {
		return e
	}
	if e := u.next(nil, false); e != nil {
		return e
	}
	if e := u.next(tried, true); e != nil {
		return e
	}
	return u.next(nil, true)
}

func (u *Upstream) next(tried *Tried, ejected bool) *Endpoint {
	var best *Endpoint
	total := 0
	for i := range u.endpoints {
		e := &u.endpoints[i]
		if e.weight <= 0 || tried.has(e) || !ejected && e.node.ejected() {
			continue
		}
		e.current += e.weight
		total += e.weight
		if best == nil || e.current > best.current {
			best = e
		}
	}
	if best != nil {
		best.current -= total
	}
	return best
}

// EndpointState is what is known of one endpoint.
type EndpointState struct {
	Address string `json:"address"`
	Weight  int    `json:"weight"`
	// State is "healthy" or "ejected".
	State string `json:"state"`
	// Inflight is how many connections to the address carry a request or an
	// upgraded stream now.
	Inflight int64 `json:"inflight"`
	// Problem says why the last TLS handshake failed; absent when it did not.
	Problem string `json:"problem,omitempty"`
}

// State describes the endpoints in the order of the definition.
func (u *Upstream) State() []EndpointState {
	out := make([]EndpointState, len(u.endpoints))
	for i := range u.endpoints {
		e := &u.endpoints[i]
		s := "healthy"
		if e.node.ejected() {
			s = "ejected"
		}
		out[i] = EndpointState{Address: e.node.address, Weight: e.weight, State: s, Inflight: e.node.inflight.Load(), Problem: e.node.trouble()}
	}
	return out
}
