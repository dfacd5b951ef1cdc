// Package observe looks at the replicas of a bundle once, and acts on what it sees: it
// annotates the first ConfigMap, tells of it in events and metrics, pokes pods that are
// behind, and keeps what all of them serve.
package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/events"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/keep"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/metrics"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/owned"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/poke"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/replicas"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/standing"
)

// ErrAbsent says that there is no bundle in the cluster.
var ErrAbsent = errors.New("there is no bundle")

// Observer looks at one bundle. Its methods are for one goroutine.
type Observer struct {
	Cluster *cluster.Cluster
	Name    string
	Finder  *replicas.Finder
	Events  *events.Recorder
	Metrics *metrics.Metrics
	Log     *slog.Logger
	// Poke annotates pods that are behind, so that their kubelet looks at once.
	Poke bool

	pokes poke.Memory
	// kept is what was kept last, and when: it is looked at again now and then.
	kept   string
	keptAt time.Time
	// since is when the wanted bundle was first seen not to be served by all.
	since  time.Time
	wanted string
}

// keepAgain is how often what is kept is looked at again.
const keepAgain = 10 * time.Minute

// Wanted reads the metadata of the first ConfigMap: which bundle should be served.
func Wanted(ctx context.Context, c *cluster.Cluster, name string) (*metav1.PartialObjectMetadata, error) {
	client, err := metadata.NewForConfig(c.Config)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", c.Config.Host, err)
	}
	part := layout.Part(name, 0)
	m, err := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(c.Namespace).Get(ctx, part, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("%w: namespace %s has no ConfigMap %s; is it another --namespace or --name?", ErrAbsent, c.Namespace, part)
	}
	if err != nil {
		return nil, fmt.Errorf("read ConfigMap %s: %w", part, cluster.Explain(err))
	}
	if m.Annotations[layout.Digest] == "" {
		return nil, fmt.Errorf("ConfigMap %s has no annotation %s: lintel render writes it", part, layout.Digest)
	}
	return m, nil
}

// Look looks once and acts.
func (o *Observer) Look(ctx context.Context) (standing.Standing, error) {
	m, err := Wanted(ctx, o.Cluster, o.Name)
	if err != nil {
		return standing.Standing{}, err
	}
	o.Events.UID = m.UID
	list, err := o.Finder.Find(ctx)
	if err != nil {
		return standing.Standing{}, err
	}
	v := standing.Judge(m.Annotations[layout.Digest], m.Annotations[layout.Revision], list)
	o.Metrics.Standing(v)
	if err := o.annotate(ctx, m, v); err != nil {
		return v, err
	}
	o.time(v)
	if o.Poke && !v.Settled() {
		if err := o.pokes.Pods(ctx, o.Cluster, v, time.Now()); err != nil {
			return v, err
		}
	}
	return v, o.keep(ctx, v)
}

// annotate writes the standing where the one before says something else.
func (o *Observer) annotate(ctx context.Context, m *metav1.PartialObjectMetadata, v standing.Standing) error {
	old := map[string]string{}
	for _, k := range []string{layout.Served, layout.Rejected, layout.Reason} {
		if value, there := m.Annotations[k]; there {
			old[k] = value
		}
	}
	now := v.Annotations()
	if maps.Equal(old, now) {
		return nil
	}
	err := owned.Annotate(ctx, o.Cluster, &corev1.ConfigMap{ObjectMeta: m.ObjectMeta}, now)
	if err != nil {
		return err
	}
	o.Log.Info("replicas", "digest", v.Wanted, "serving", v.Serving, "all", v.All, "rejected", v.Rejected, "reason", v.Reason)
	if v.Rejected && (old[layout.Rejected] != v.Wanted || old[layout.Reason] != now[layout.Reason]) {
		o.tell(ctx, events.Rejected, layout.Short(v.Wanted)+" is refused: "+v.Reason)
	}
	if v.Settled() && old[layout.Served] != now[layout.Served] {
		o.tell(ctx, events.Served, fmt.Sprintf("%s is served by %d of %d replicas", layout.Short(v.Wanted), v.Serving, v.All))
	}
	return nil
}

// tell emits an event. That it cannot is logged, and nothing more: events are a
// courtesy.
func (o *Observer) tell(ctx context.Context, r events.Reason, message string) {
	if err := o.Events.Emit(ctx, r, message); err != nil {
		o.Log.Warn("event is not written", "error", err)
	}
}

// time measures how long a bundle takes to reach everybody.
func (o *Observer) time(v standing.Standing) {
	switch first := o.wanted == ""; {
	case v.Wanted != o.wanted:
		o.wanted, o.since = v.Wanted, time.Now()
		// What was there at the start came at an unknown time.
		if first {
			o.since = time.Time{}
		}
	case v.Settled() && !o.since.IsZero():
		o.Metrics.Propagation.Observe(time.Since(o.since).Seconds())
		o.since = time.Time{}
	}
}

func (o *Observer) keep(ctx context.Context, v standing.Standing) error {
	if !v.Settled() || o.kept == v.Wanted && time.Since(o.keptAt) < keepAgain {
		return nil
	}
	if err := keep.Bundle(ctx, o.Cluster, o.Name, v.Wanted); err != nil {
		return fmt.Errorf("keep the last good bundle: %w", err)
	}
	if o.kept != v.Wanted {
		o.Log.Info("kept as last good", "digest", v.Wanted)
	}
	o.kept, o.keptAt = v.Wanted, time.Now()
	return nil
}
