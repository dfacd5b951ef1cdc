// Package upstream holds the live upstreams: endpoints, balancing, ejection and
// the pools of idle connections. Their state is keyed by what they are and so
// survives swaps; an upstream that no snapshot refers to any more is closed.
package upstream

import (
	"github.com/lintel-gateway/lintel/schemas/route"
)

// Upstream is one live upstream. It is inert until it is first picked from:
// making one only allocates.
type Upstream struct {
	Domain, Name string
	Def          *route.Upstream
}
