package scenarios

import (
	"context"
	"time"
)

func poked() Scenario {
	const bound = 10 * time.Second
	return Scenario{
		Key: "poke", Name: "Kubelets look once a minute, as they do by default, and lintel-sync pokes the pods: every replica serves a change",
		Needs: []string{"install"}, Asked: "≤ 10 s", Limit: 4 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			if err := b.Resync(ctx, time.Minute); err != nil {
				return Figure{}, err
			}
			var took []time.Duration
			for range 3 {
				// Not while the kubelet looks at all there is, as it does at its start.
				select {
				case <-ctx.Done():
				case <-time.After(3 * time.Second):
				}
				pushed, err := b.change(ctx)
				if err != nil {
					return Figure{}, err
				}
				if _, err := b.untilServed(ctx, b.digest); err != nil {
					return Figure{}, err
				}
				took = append(took, time.Since(pushed))
			}
			return times(took, bound), b.Resync(ctx, time.Second)
		},
	}
}
