package scenarios

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// changes is how many are pushed to tell the usual time from the longest.
const changes = 5

func change() Scenario {
	const bound = 3 * time.Second
	return Scenario{
		Key: "change", Name: "A change of a route is pushed: every replica serves it", Needs: []string{"install"}, Asked: "≤ 3 s",
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			var took []time.Duration
			for range changes {
				pushed, err := b.change(ctx)
				if err != nil {
					return Figure{}, err
				}
				if _, err := b.untilServed(ctx, b.digest); err != nil {
					return Figure{}, err
				}
				took = append(took, time.Since(pushed))
			}
			return times(took, bound), b.synced(ctx, "Healthy")
		},
	}
}

// times is the figure of several: the middle one is what is judged.
func times(took []time.Duration, bound time.Duration) Figure {
	slices.Sort(took)
	middle, last := took[len(took)/2], took[len(took)-1]
	return Figure{
		Text:  fmt.Sprintf("%.1f s, at most %.1f s (%d times)", middle.Seconds(), last.Seconds(), len(took)),
		Value: middle, Bound: bound,
	}
}
