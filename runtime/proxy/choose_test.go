package proxy

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/upstream"
)

// TestSplitIsExact shares whole cycles by the weights to the request, whoever asks,
// and however many at once.
func TestSplitIsExact(t *testing.T) {
	for _, weights := range [][]int{{1, 1}, {95, 5}, {3, 0, 4}, {1, 2, 3, 7}} {
		r := &table.Route{Turns: &table.Counter{}}
		got := map[*upstream.Upstream]*atomic.Int64{}
		cycle := 0
		for _, w := range weights {
			u := &upstream.Upstream{}
			r.Targets = append(r.Targets, table.Target{Upstream: u, Weight: w})
			got[u] = &atomic.Int64{}
			cycle += w
		}
		const asking, cycles = 8, 50
		var wg sync.WaitGroup
		for range asking {
			wg.Go(func() {
				for range cycle * cycles {
					got[choose(r)].Add(1)
				}
			})
		}
		wg.Wait()
		for i, w := range weights {
			if n, want := got[r.Targets[i].Upstream].Load(), int64(w*asking*cycles); n != want {
				t.Errorf("%v: upstream %d got %d requests, want %d", weights, i, n, want)
			}
		}
	}
}

// TestSplitOfNothing picks none when no upstream has a weight.
func TestSplitOfNothing(t *testing.T) {
	none := table.Target{Upstream: &upstream.Upstream{}}
	if choose(&table.Route{Turns: &table.Counter{}, Targets: []table.Target{none, none}}) != nil {
		t.Error("an upstream without a weight is chosen")
	}
}
