package lease

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
)

// lock tells what becomes of what the library writes, and says nothing of: whether the
// server is away or there is no such namespace, it asks again and again, and when it
// could not renew the lease it tries to give it back before it says so.
type lock struct {
	resourcelock.Interface
	// renewed is told of each success, refused of what does not end by itself.
	renewed func()
	refused func(error)
}

// Get implements resourcelock.Interface.
func (l lock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	r, raw, err := l.Interface.Get(ctx)
	l.note(err)
	return r, raw, err
}

// Create implements resourcelock.Interface.
func (l lock) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return l.wrote(l.Interface.Create(ctx, r))
}

// Update implements resourcelock.Interface.
func (l lock) Update(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return l.wrote(l.Interface.Update(ctx, r))
}

func (l lock) wrote(err error) error {
	if err == nil {
		l.renewed()
	}
	l.note(err)
	return err
}

func (l lock) note(err error) {
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) || cluster.NoNamespace(err) {
		l.refused(err)
	}
}

// refusal is what is said of it.
func (o Options) refusal(err error) error {
	return fmt.Errorf("take the lease %s in namespace %s: %w", layout.Lease(o.Name), o.Cluster.Namespace, cluster.Explain(err))
}
