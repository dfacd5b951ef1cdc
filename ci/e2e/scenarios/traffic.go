package scenarios

import (
	"context"
	"fmt"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/load"
)

// underLoad does the work while clients ask: two through the service, two of each of the
// gateways directly. No request may fail, and no gateway may go back to an older step.
func (b *Bench) underLoad(ctx context.Context, direct bool, work func() error) (load.Tally, error) {
	if err := b.settled(ctx); err != nil {
		return load.Tally{}, err
	}
	targets := []load.Target{
		{Address: b.address, Host: "shop.example", Path: "/step/of/many", Clients: 2},
		{Address: b.address, Host: "api.shop.example", Path: "/orders/7", Clients: 1},
	}
	if direct {
		addresses, err := b.addresses(ctx)
		if err != nil {
			return load.Tally{}, err
		}
		for _, a := range addresses {
			targets = append(targets, load.Target{Address: a, Host: "shop.example", Path: "/step/1", Clients: 2, Step: "x-step"})
		}
	}
	l := load.Start(ctx, 5*time.Millisecond, targets...)
	err := work()
	tally := l.Stop()
	if err == nil {
		err = tally.Err()
	}
	return tally, err
}

// settled waits until the services have their endpoints: after an outage of the API server
// Kubernetes takes them away for a while, whoever is behind them.
func (b *Bench) settled(ctx context.Context) error {
	return b.Until(ctx, time.Minute, "the services to have endpoints", func() error {
		l := load.Start(ctx, time.Millisecond, load.Target{Address: b.address, Host: "api.shop.example", Path: "/orders/7"})
		time.Sleep(50 * time.Millisecond)
		return l.Stop().Err()
	})
}

func requests(t load.Tally) string { return fmt.Sprintf("%d requests, none failed", t.Requests) }
