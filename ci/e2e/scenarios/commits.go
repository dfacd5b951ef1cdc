package scenarios

import (
	"context"
	"fmt"
	"time"
)

// commits is how many changes land under load.
const commits = 50

func many() Scenario {
	return Scenario{
		Key: "commits", Name: fmt.Sprintf("%d commits land while every replica is under load: no request fails, and none goes back", commits),
		Needs: []string{"install"}, Limit: 5 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			began := time.Now()
			tally, err := b.underLoad(ctx, true, func() error {
				for range commits {
					if _, err := b.change(ctx); err != nil {
						return err
					}
					// Time for Argo CD, so that most are applied.
					select {
					case <-ctx.Done():
						return ctx.Err()
					case <-time.After(150 * time.Millisecond):
					}
				}
				_, err := b.untilServed(ctx, b.digest)
				return err
			})
			if err != nil {
				return Figure{}, err
			}
			if tally.Steps[b.step] == 0 {
				return Figure{}, fmt.Errorf("no client saw the last step")
			}
			return Figure{Text: fmt.Sprintf("%s, %d bundles served in %.0f s, slowest answer %d ms",
				requests(tally), len(tally.Steps)-1, time.Since(began).Seconds(), tally.Slowest.Milliseconds())}, nil
		},
	}
}
