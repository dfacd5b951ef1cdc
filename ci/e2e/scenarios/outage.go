package scenarios

import (
	"context"
	"fmt"
	"time"
)

func kubelets() Scenario {
	return Scenario{
		Key: "kubelet", Name: "The kubelets are killed and start again under load: no request fails, and the next change is served",
		Needs: []string{"install"},
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			tally, err := b.underLoad(ctx, true, func() error {
				for _, k := range b.Kubelets {
					b.Kill("kubelet-" + k.Name)
				}
				for _, k := range b.Kubelets {
					if err := b.Start("kubelet-" + k.Name); err != nil {
						return err
					}
				}
				return b.next(ctx)
			})
			return Figure{Text: requests(tally)}, err
		},
	}
}

// outage is how long the API server is away.
const outage = 30 * time.Second

func apiServer() Scenario {
	return Scenario{
		Key: "apiserver", Name: fmt.Sprintf("The API server is down for %v under load: no request fails, and every replica serves on", outage),
		Needs: []string{"install"}, Limit: 3 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			var after time.Duration
			tally, err := b.underLoad(ctx, true, func() error {
				// Killed: told to end, it waits for watches to end by themselves.
				b.Kill("kube-apiserver")
				select {
				case <-ctx.Done():
				case <-time.After(outage):
				}
				began := time.Now()
				// It, and what has ended because nothing answered.
				if err := b.Revive(); err != nil {
					return err
				}
				if err := b.Ready(ctx); err != nil {
					return err
				}
				if err := b.Revive(); err != nil {
					return err
				}
				_, err := b.untilServed(ctx, b.digest)
				after = time.Since(began)
				return err
			})
			return Figure{Text: fmt.Sprintf("%s; %.1f s after its start all replicas were known to serve", requests(tally), after.Seconds())}, err
		},
	}
}

// next pushes a change and waits until every replica serves it.
func (b *Bench) next(ctx context.Context) error {
	if _, err := b.change(ctx); err != nil {
		return err
	}
	_, err := b.untilServed(ctx, b.digest)
	return err
}
