package main

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The collector's settings while little is alive: most compiles find nearly
// everything in the cache and are over before memory matters.
const (
	youngPercent = 300
	youngHeap    = 32 << 20
)

// relaxHeap lets the heap of a short run grow faster than by default. When more
// than youngHeap bytes are alive, or with stop, the default holds again.
func relaxHeap() (stop func()) {
	before := debug.SetGCPercent(youngPercent)
	if before != 100 {
		debug.SetGCPercent(before) // the user's own choice (GOGC)
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer debug.SetGCPercent(before)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if metrics.Read(live); live[0].Value.Uint64() > youngHeap {
					return
				}
			}
		}
	}()
	return func() { close(done) }
}
