package upstream

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/upstream/identity"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// Config says how upstreams are reached. The zero Config is ready for use.
type Config struct {
	// Dial redirects connects: an endpoint's address, or "*" for all that are not
	// named, to the address that is dialled in its place. Everything else, the Host
	// field included, stays.
	Dial map[string]string
	// DialRoots, when set, vouch for redirected endpoints that speak TLS, in place of
	// those that the definition or the system trusts. Names stay those of the definition.
	DialRoots *x509.CertPool
	// Handshake is told of each TLS handshake with an endpoint, with the version of TLS
	// that was settled, 0 for none; nil tells nobody.
	Handshake func(o identity.Outcome, version uint16)
	// Log receives ejections and returns of endpoints, and now and then a handshake that
	// failed; nil discards them.
	Log *slog.Logger
	// Now is the clock of ejections and idle timeouts; nil means time.Now.
	Now func() time.Time
}

// Registry shares live upstreams between snapshots by identity: domain, name and
// canonical definition. Endpoint state (ejection, idle connections) is shared
// further, by address and by how it is spoken to, so that it survives a change of the definition. The zero
// Registry is ready for use; it does nothing until an upstream is picked from.
type Registry struct {
	cfg Config

	mu        sync.Mutex
	upstreams map[string]*Upstream
	nodes     map[string]*node

	sweeping atomic.Bool
	buffers  h2.Pool // of connections of HTTP/2
}

// New makes a registry.
func New(cfg Config) *Registry { return &Registry{cfg: cfg} }

func (r *Registry) now() time.Time {
	if r.cfg.Now != nil {
		return r.cfg.Now()
	}
	return time.Now()
}

func (r *Registry) log() *slog.Logger {
	if r.cfg.Log != nil {
		return r.cfg.Log
	}
	return slog.New(slog.DiscardHandler)
}

// Acquire returns the live upstream of a definition and counts a reference to
// it. An empty domain means the upstream is shared. The secrets that the definition
// names are looked up by secret, which is asked for nothing else. It fails on a
// definition that does not say how to speak to the endpoints.
func (r *Registry) Acquire(domain, name string, def *route.Upstream, secret func(name string) (identity.Secret, error)) (*Upstream, error) {
	canonical, err := json.Marshal(def)
	if err != nil {
		panic("upstream: plain data does not encode: " + err.Error())
	}
	how, err := r.transportOf(def, secret)
	if err != nil {
		return nil, fmt.Errorf("upstream %s: %w", name, err)
	}
	// The transport names the files of the secrets, which the definition does not.
	key := domain + "\x00" + name + "\x00" + string(canonical) + how.key
	r.mu.Lock()
	defer r.mu.Unlock()
	if u := r.upstreams[key]; u != nil {
		u.refs++
		return u, nil
	}
	if r.upstreams == nil {
		r.upstreams, r.nodes = map[string]*Upstream{}, map[string]*node{}
	}
	u := &Upstream{Domain: domain, Name: name, Def: def, key: key, refs: 1, registry: r}
	u.endpoints = make([]Endpoint, len(def.Endpoints))
	for i, e := range def.Endpoints {
		u.endpoints[i] = Endpoint{upstream: u, node: r.node(e.Address, how), weight: e.Weight}
	}
	r.upstreams[key] = u
	return u, nil
}

func (r *Registry) handshake(o identity.Outcome, version uint16) {
	if r.cfg.Handshake != nil {
		r.cfg.Handshake(o, version)
	}
}

// node returns the state of an address with a reference counted; r.mu is held.
func (r *Registry) node(address string, how transport) *node {
	key := address + how.key
	n := r.nodes[key]
	if n == nil {
		n = &node{address: address, dial: address, key: key, how: how, registry: r}
		if to := r.cfg.Dial[address]; to != "" {
			n.dial = to
		} else if to := r.cfg.Dial["*"]; to != "" {
			n.dial = to
		}
		r.nodes[key] = n
	}
	n.refs++
	return n
}

// Release gives a reference back; the last one closes the idle connections of the
// endpoints that no other upstream has.
func (r *Registry) Release(u *Upstream) {
	var dead []*node
	r.mu.Lock()
	if u.refs--; u.refs == 0 {
		delete(r.upstreams, u.key)
		for i := range u.endpoints {
			n := u.endpoints[i].node
			if n.refs--; n.refs == 0 {
				delete(r.nodes, n.key)
				dead = append(dead, n)
			}
		}
	}
	r.mu.Unlock()
	for _, n := range dead {
		n.pool.close()
		n.mux.close()
	}
}

// sweepEvery is how often idle connections are looked at.
const sweepEvery = time.Second

// sweep starts the goroutine that closes idle connections whose time is over or
// whose peer has closed. It runs only while there are idle connections.
func (r *Registry) sweep() {
	if r.sweeping.Swap(true) {
		return
	}
	go func() {
		t := time.NewTicker(sweepEvery)
		defer t.Stop()
		for range t.C {
			if r.sweepOnce() > 0 {
				continue
			}
			r.sweeping.Store(false)
			// A connection may have been put aside between the look and the store.
			if r.idle() == 0 || r.sweeping.Swap(true) {
				return
			}
		}
	}()
}

func (r *Registry) sweepOnce() (left int) {
	now := r.now()
	for _, n := range r.allNodes() {
		left += n.pool.sweep(now) + n.mux.sweep()
	}
	return left
}

func (r *Registry) idle() (sum int) {
	for _, n := range r.allNodes() {
		sum += n.pool.size() + n.mux.size()
	}
	return sum
}

func (r *Registry) allNodes() []*node {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*node, 0, len(r.nodes))
	for _, n := range r.nodes {
		out = append(out, n)
	}
	return out
}
