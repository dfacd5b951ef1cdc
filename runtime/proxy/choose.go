package proxy

import (
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/upstream"
)

// choose picks the target of a request by weight: exact over a cycle of as many
// requests as the weights sum to, spread by a stride that is coprime to the sum.
func choose(r *table.Route) *upstream.Upstream {
	if len(r.Targets) == 1 {
		return r.Targets[0].Upstream
	}
	sum := uint64(0)
	for i := range r.Targets {
		sum += uint64(max(r.Targets[i].Weight, 0))
	}
	if sum == 0 {
		return nil
	}
	stride := sum*5/8 + 1
	for gcd(stride, sum) != 1 {
		stride++
	}
	at := (r.Turns.Add() % sum) * stride % sum
	for i := range r.Targets {
		weight := uint64(max(r.Targets[i].Weight, 0))
		if at < weight {
			return r.Targets[i].Upstream
		}
		at -= weight
	}
	return nil
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
