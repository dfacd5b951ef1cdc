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

// ErrHeld says that another agent holds the lease, ErrLost that this one held it until
// the API server did not answer, or another agent took it.
var (
	ErrHeld = errors.New("another agent is at work")
	ErrLost = errors.New("the lease was lost")
)

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

// Run calls lead while this process holds the lease, and returns when lead does. The
// context that lead has ends with ctx, and when the lease is lost, which is an error.
func Run(ctx context.Context, o Options, lead func(context.Context) error) error {
	// The lease is given back after lead has returned, not when ctx ends.
	elect, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	began, ended := make(chan struct{}), make(chan struct{})
	var err error
	defer context.AfterFunc(ctx, func() {
		select {
		case <-began:
		default:
			stop(ctx.Err())
		}
	})()
	old := time.NewTimer(Renew)
	defer old.Stop()
	elector, failed := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: lock{&resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: layout.Lease(o.Name), Namespace: o.Cluster.Namespace},
			Client:     o.Cluster.Client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: o.ID},
		}, func() { old.Reset(Renew) }, func(refused error) {
			select {
			case <-began:
				// Who leads goes on for as long as the lease lasts.
			default:
				stop(o.refusal(refused))
			}
		}},
		LeaseDuration: Duration, RenewDeadline: Renew, RetryPeriod: Retry,
		ReleaseOnCancel: true, Name: layout.Lease(o.Name),
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(leading context.Context) {
				close(began)
				defer close(ended)
				leading, cancel := context.WithCancel(leading)
				defer cancel()
				defer context.AfterFunc(ctx, cancel)()
				go func() {
					select {
					case <-old.C:
						cancel()
					case <-leading.Done():
					}
				}()
				err = lead(leading)
				if leading.Err() != nil && ctx.Err() == nil {
					err = fmt.Errorf("%w: %s could not be renewed for %s", ErrLost, layout.Lease(o.Name), Renew)
				}
				stop(nil)
			},
			OnStoppedLeading: func() {},
			OnNewLeader: func(id string) {
				if id == o.ID {
					return
				}
				if o.Waiting != nil {
					o.Waiting(id)
				}
				if !o.Wait {
					go o.giveUp(elect, stop)
				}
			},
		},
	})
	if failed != nil {
		return fmt.Errorf("lease %s: %w", layout.Lease(o.Name), failed)
	}
	elector.Run(elect)
	select {
	case <-began:
		<-ended
		return err
	default:
		if cause := context.Cause(elect); cause != nil && !errors.Is(cause, context.Canceled) {
			return cause
		}
		return ctx.Err()
	}
}

// giveUp ends the wait when the holder is seen to renew: it is alive.
func (o Options) giveUp(ctx context.Context, stop context.CancelCauseFunc) {
	var first *metav1.MicroTime
	for {
		l, err := o.Cluster.Client.CoordinationV1().Leases(o.Cluster.Namespace).Get(ctx, layout.Lease(o.Name), metav1.GetOptions{})
		if err == nil && l.Spec.RenewTime != nil && l.Spec.HolderIdentity != nil {
			if first == nil {
				first = l.Spec.RenewTime
			} else if id := *l.Spec.HolderIdentity; !first.Equal(l.Spec.RenewTime) && id != o.ID && id != "" {
				stop(fmt.Errorf("%w: %s holds the lease %s in namespace %s; stop it, or stand by with --leader-elect", ErrHeld, id, layout.Lease(o.Name), o.Cluster.Namespace))
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(Retry):
		}
	}
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
