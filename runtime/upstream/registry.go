package upstream

import "github.com/lintel-gateway/lintel/schemas/route"

// Registry shares live upstreams between snapshots by identity: domain, name and
// canonical definition. Endpoint state (ejection, idle connections) is shared
// further, by address, so that it survives a change of the definition.
type Registry struct{}

// Acquire returns the live upstream of a definition and counts a reference to
// it. An empty domain means the upstream is shared.
func (r *Registry) Acquire(domain, name string, def *route.Upstream) *Upstream {
	return &Upstream{Domain: domain, Name: name, Def: def}
}

// Release gives a reference back; the last one closes the upstream.
func (r *Registry) Release(u *Upstream) {}
