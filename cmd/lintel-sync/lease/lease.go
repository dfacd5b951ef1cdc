// Package lease lets one agent at a time look after a bundle.
package lease

import (
	"context"
	"errors"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
)

// An agent renews its lease every Retry and gives up leading when it could not for
// Renew; another one takes over when it saw no renewal for Duration. Each measures by
// its own clock from when it saw a change, so that clocks may differ.
const (
	Duration = 15 * time.Second
	Renew    = 10 * time.Second
	Retry    = 2 * time.Second
)

// ErrHeld says that another agent holds the lease.
var ErrHeld = errors.New("another agent is at work")

// Options say who wants the lease.
type Options struct {
	Cluster *cluster.Cluster
	// Name is the bundle's, ID that of this agent.
	Name, ID string
	// Wait lets this agent stand by until the other one is gone; otherwise that is
	// ErrHeld.
	Wait bool
	// Waiting is told who holds the lease; it may be nil.
	Waiting func(holder string)
}

// Run calls lead while this process holds the lease. It returns when lead does, or with
// an error when the lease was lost: the context that lead has is ended then.
func Run(ctx context.Context, o Options, lead func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var err error
	leading, done := false, make(chan struct{})
	lock := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Name: layout.Lease(o.Name), Namespace: o.Cluster.Namespace},
		Client:     o.Cluster.Client.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: o.ID},
	}
	elector, failed := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: lock, LeaseDuration: Duration, RenewDeadline: Renew, RetryPeriod: Retry,
		ReleaseOnCancel: true, Name: layout.Lease(o.Name),
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				defer close(done)
				err = lead(ctx)
				cancel()
			},
			OnStoppedLeading: func() {},
			OnNewLeader: func(id string) {
				if id == o.ID {
					return
				}
				if o.Waiting != nil {
					o.Waiting(id)
				}
			},
		},
	})
	if failed != nil {
		return fmt.Errorf("lease %s: %w", layout.Lease(o.Name), failed)
	}
	_ = leading
	elector.Run(ctx)
	<-done
	return err
}

// Holder names the agent that renewed its lease of late, by the API server's clock and
// not by this machine's, or "".
func Holder(ctx context.Context, c *cluster.Cluster, name string) (string, error) {
	l, err := c.Client.CoordinationV1().Leases(c.Namespace).Get(ctx, layout.Lease(name), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read lease %s: %w", layout.Lease(name), cluster.Explain(err))
	}
	skew, err := c.Skew(ctx)
	if err != nil {
		return "", err
	}
	return holder(l, time.Now().Add(skew)), nil
}

func holder(l *coordinationv1.Lease, now time.Time) string {
	s := l.Spec
	if s.HolderIdentity == nil || s.RenewTime == nil || s.LeaseDurationSeconds == nil {
		return ""
	}
	// The agent wrote the time by its own clock: some seconds more do no harm.
	if now.Sub(s.RenewTime.Time) > 2*time.Duration(*s.LeaseDurationSeconds)*time.Second {
		return ""
	}
	return *s.HolderIdentity
}
