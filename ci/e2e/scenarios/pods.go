package scenarios

import (
	"context"
	"fmt"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/kube"
	"github.com/lintel-gateway/lintel/ci/e2e/load"
)

func boot() Scenario {
	return Scenario{
		Key: "boot", Name: "The boot config changes: pods roll one by one with open WebSockets, under load",
		Needs: []string{"install"}, Limit: 4 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			sockets := load.Open(ctx, 30, b.address, "api.shop.example", "/orders/7")
			defer sockets.Stop()
			if err := b.Until(ctx, 10*time.Second, "the WebSockets to be open", func() error {
				if n := sockets.Now(); n.Open < 30 {
					return fmt.Errorf("%+v", n)
				}
				return nil
			}); err != nil {
				return Figure{}, err
			}
			var least int
			var rolled time.Duration
			tally, err := b.underLoad(ctx, false, func() error {
				began := time.Now()
				if err := b.chart(ctx, "--set", "boot.limits.idleTimeout=70s"); err != nil {
					return err
				}
				stop := b.watchReady(ctx)
				_, err := b.Kubectl(ctx, "", "rollout", "status", "--namespace", b.namespace, "deployment/"+instance, "--timeout=180s")
				if err == nil {
					err = b.Until(ctx, time.Minute, "old pods to be gone", func() error { return b.exactly(ctx, replicas) })
				}
				least, rolled = stop(), time.Since(began)
				return err
			})
			if err != nil {
				return Figure{}, err
			}
			s := sockets.Stop()
			if err := s.Err(); err != nil {
				return Figure{}, err
			}
			if s.Ended == 0 {
				return Figure{}, fmt.Errorf("no WebSocket ended: no pod rolled")
			}
			if least < replicas-1 {
				return Figure{}, fmt.Errorf("only %d gateways were ready at a time", least)
			}
			return Figure{Text: fmt.Sprintf("%s, %d messages over WebSockets, %d drained and opened anew, at least %d of %d ready, %.0f s",
				requests(tally), s.Messages, s.Ended, least, replicas, rolled.Seconds())}, nil
		},
	}
}

// exactly is nil when there are n pods of gateways, those on their way out included.
func (b *Bench) exactly(ctx context.Context, n int) error {
	pods, err := b.List(ctx, kube.Core(b.namespace, "pods"), selector)
	if err == nil && len(pods) != n {
		err = fmt.Errorf("there are %d pods", len(pods))
	}
	return err
}

// watchReady counts the ready gateways until the function it returns is called, which
// says how few they were.
func (b *Bench) watchReady(ctx context.Context) (least func() int) {
	ctx, cancel := context.WithCancel(ctx)
	fewest := make(chan int)
	go func() {
		few := replicas
		for ctx.Err() == nil {
			pods, err := b.List(ctx, kube.Core(b.namespace, "pods"), selector)
			if err == nil {
				n := 0
				for _, p := range pods {
					if p.Metadata.Deletion == nil && kube.Condition(p, "Ready") {
						n++
					}
				}
				few = min(few, n)
			}
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
		fewest <- few
	}()
	return func() int { cancel(); return <-fewest }
}

func drain() Scenario {
	return Scenario{
		Key: "drain", Name: "A node is drained under load: its gateways move within the disruption budget",
		Needs: []string{"install"}, Limit: 4 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			node := b.Kubelets[1].Name
			defer b.Kubectl(context.WithoutCancel(ctx), "", "uncordon", node)
			var least int
			began := time.Now()
			tally, err := b.underLoad(ctx, false, func() error {
				stop := b.watchReady(ctx)
				_, err := b.Kubectl(ctx, "", "drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=150s")
				if err == nil {
					err = b.Until(ctx, time.Minute, "every replica to serve elsewhere", func() error { return b.elsewhere(ctx, node) })
				}
				least = stop()
				return err
			})
			if err != nil {
				return Figure{}, err
			}
			if least < replicas-1 {
				return Figure{}, fmt.Errorf("only %d gateways were ready at a time", least)
			}
			return Figure{Text: fmt.Sprintf("%s, at least %d of %d ready, %.0f s", requests(tally), least, replicas, time.Since(began).Seconds())}, nil
		},
	}
}

// elsewhere is nil when all replicas serve, and none on the node.
func (b *Bench) elsewhere(ctx context.Context, node string) error {
	list, err := b.gateways(ctx)
	if err != nil {
		return err
	}
	for _, g := range list {
		if g.Node == node {
			return fmt.Errorf("%s is on %s", g.Pod, node)
		}
	}
	return b.served(ctx, b.digest)
}

func newPod() Scenario {
	return Scenario{
		Key: "newpod", Name: "A pod starts while the mounted bundle is bad: it serves the last one that all served",
		Needs: []string{"install"},
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			digest, _, err := b.pushBroken(ctx)
			if err != nil {
				return Figure{}, err
			}
			if err := b.refused(ctx, digest, b.digest); err != nil {
				return Figure{}, err
			}
			list, err := b.gateways(ctx)
			if err != nil {
				return Figure{}, err
			}
			began := time.Now()
			if err := b.Delete(ctx, kube.Core(b.namespace, "pods", list[0].Pod)); err != nil {
				return Figure{}, err
			}
			var fresh gateway
			if err := b.Until(ctx, time.Minute, "the new pod to serve", func() error {
				if err := b.served(ctx, b.digest); err != nil {
					return err
				}
				fresh, err = b.other(ctx, list)
				return err
			}); err != nil {
				return Figure{}, err
			}
			if !fresh.OnLastGood || fresh.Rejected != digest {
				return Figure{}, fmt.Errorf("the new pod says %+v", fresh)
			}
			took := time.Since(began)
			_, err = revert().Run(ctx, b)
			return Figure{Text: fmt.Sprintf("ready after %.1f s", took.Seconds())}, err
		},
	}
}

// other is the gateway that is not in the list.
func (b *Bench) other(ctx context.Context, list []gateway) (gateway, error) {
	now, err := b.gateways(ctx)
	if err != nil {
		return gateway{}, err
	}
	known := map[string]bool{}
	for _, g := range list {
		known[g.Pod] = true
	}
	for _, g := range now {
		if !known[g.Pod] {
			return g, nil
		}
	}
	return gateway{}, fmt.Errorf("there is no new pod")
}
