package telemetry

import "sync/atomic"

// Refusal says why a connection was refused before a request of it was read.
type Refusal uint8

// The refusals.
const (
	RefusedConnections Refusal = iota // limits.connections
	RefusedSource                     // limits.connectionsPerSource
	RefusedPeer                       // who may not send a PROXY header
	RefusedHeader                     // no PROXY header, or a malformed one
	RefusedTimeout                    // the PROXY header was not whole in time
	refusals
)

// String is the value of the label cause.
func (r Refusal) String() string {
	return [refusals]string{"connections", "connections-per-source", "proxy-peer", "proxy-header", "proxy-timeout"}[r]
}

// Guard counts what the engine's defences do.
type Guard struct {
	panics  atomic.Uint64
	refused [refusals]atomic.Uint64
}

// Refused counts a connection that was refused.
func (g *Guard) Refused(why Refusal) { g.refused[why].Add(1) }

// Refusals is how many connections were refused so.
func (g *Guard) Refusals(why Refusal) uint64 { return g.refused[why].Load() }

// Panicked counts a panic that was contained.
func (g *Guard) Panicked() { g.panics.Add(1) }

// Panics is how many panics were contained.
func (g *Guard) Panics() uint64 { return g.panics.Load() }
