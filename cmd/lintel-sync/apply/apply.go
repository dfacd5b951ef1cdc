// Package apply makes the ConfigMaps of a bundle in the cluster what they should be. It
// is the one package that knows gitops-engine, which watches them, applies and prunes.
package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/cache"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/engine"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync/common"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/utils/kube"
	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/owned"
)

// timeout bounds one step of applying.
const timeout = time.Minute

// Applier writes the ConfigMaps of one place.
type Applier struct {
	cluster *cluster.Cluster
	place   layout.Place
	adopt   bool
	engine  engine.GitOpsEngine
	stop    engine.StopFunc
	changed chan struct{}
}

// Open reads the ConfigMaps of the namespace and begins to watch them. Adopt allows to
// take over what another program applied with Lintel's labels.
func Open(c *cluster.Cluster, p layout.Place, adopt bool) (*Applier, error) {
	a := &Applier{cluster: c, place: p, adopt: adopt, changed: make(chan struct{}, 1)}
	// gitops-engine keeps watches on this configuration: they must not time out.
	config := *c.Config
	config.Timeout = 0
	live := cache.NewClusterCache(&config,
		cache.SetNamespaces([]string{p.Namespace}),
		cache.SetSettings(cache.Settings{ResourcesFilter: onlyConfigMaps{}}),
		cache.SetClusterSyncRetryTimeout(time.Second),
		cache.SetLogr(logr.Discard()),
		cache.SetPopulateResourceInfoHandler(func(un *unstructured.Unstructured, _ bool) (any, bool) {
			mine := a.owns(un)
			return mine, mine
		}))
	live.OnResourceUpdated(func(now, before *cache.Resource, _ map[kube.ResourceKey]*cache.Resource) {
		if isMine(now) || isMine(before) {
			select {
			case a.changed <- struct{}{}:
			default: // one look is due already
			}
		}
	})
	a.engine = engine.NewEngine(&config, live, engine.WithLogr(logr.Discard()))
	stop, err := a.engine.Run()
	if err != nil {
		return nil, fmt.Errorf("read the ConfigMaps of namespace %s: %w", p.Namespace, cluster.Explain(err))
	}
	a.stop = stop
	return a, nil
}

// Close ends the watch.
func (a *Applier) Close() { a.stop() }

// Changed says that a ConfigMap of the place was changed by anybody, this process too.
func (a *Applier) Changed() <-chan struct{} { return a.changed }

func (a *Applier) owns(un *unstructured.Unstructured) bool {
	return a.place.Owns(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: un.GetName(), Namespace: un.GetNamespace(), Labels: un.GetLabels()}})
}

func isMine(r *cache.Resource) bool {
	if r == nil {
		return false
	}
	mine, ok := r.Info.(bool)
	return ok && mine
}

// onlyConfigMaps keeps the watch to what the Role allows.
type onlyConfigMaps struct{}

// IsExcludedResource implements gitops-engine's filter.
func (onlyConfigMaps) IsExcludedResource(group, kind, _ string) bool {
	return group != "" || kind != "ConfigMap"
}

// Apply makes the place hold want, which is not empty, and tells what it changed.
// Parts 1 and on come first, then part 0 with the manifest, then what is not wanted any
// more goes: at each moment the files are those of the bundle before, those of this one,
// or not all there, which gateways wait for.
func (a *Applier) Apply(ctx context.Context, want []corev1.ConfigMap, revision string) ([]layout.Change, error) {
	if len(want) == 0 {
		return nil, errors.New("there is nothing to apply: an empty bundle would delete what is served")
	}
	live, err := owned.Live(ctx, a.cluster, a.place, want, a.adopt)
	if err != nil {
		return nil, err
	}
	changes := layout.Compare(want, live)
	var first, manifest []*unstructured.Unstructured
	var gone []string
	for _, c := range changes {
		if c.Kind == layout.Delete {
			gone = append(gone, c.Name)
			continue
		}
		at := slices.IndexFunc(want, func(cm corev1.ConfigMap) bool { return cm.Name == c.Name })
		un, err := toUnstructured(&want[at])
		if err != nil {
			return nil, err
		}
		if at == 0 {
			manifest = append(manifest, un)
		} else {
			first = append(first, un)
		}
	}
	none := func(*cache.Resource) bool { return false }
	for _, step := range [][]*unstructured.Unstructured{first, manifest} {
		if len(step) == 0 {
			continue
		}
		if err := a.sync(ctx, step, none, revision); err != nil {
			return nil, err
		}
	}
	if err := owned.Strip(ctx, a.cluster, want, live); err != nil {
		return nil, err
	}
	if len(gone) > 0 {
		err = a.sync(ctx, nil, func(r *cache.Resource) bool { return isMine(r) && slices.Contains(gone, r.Ref.Name) }, revision)
	}
	return changes, err
}

// sync is one step: all of it is applied side by side, and what prune tells of deleted.
func (a *Applier) sync(ctx context.Context, target []*unstructured.Unstructured, prune func(*cache.Resource) bool, revision string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// Nothing hangs below a ConfigMap that would have to go first.
	background := metav1.DeletePropagationBackground
	results, err := a.engine.Sync(ctx, target, prune, revision, a.place.Namespace,
		sync.WithServerSideApply(true), sync.WithServerSideApplyManager(owned.Manager),
		sync.WithManifestValidation(false), sync.WithPrune(true), sync.WithPrunePropagationPolicy(&background), sync.WithLogr(logr.Discard()))
	var failed []string
	for _, r := range results {
		if r.Status == common.ResultCodeSyncFailed || r.Status == common.ResultCodePruneSkipped {
			failed = append(failed, r.ResourceKey.Name+": "+r.Message)
		}
	}
	switch {
	case strings.Contains(strings.Join(failed, ""), fmt.Sprintf("namespaces %q not found", a.place.Namespace)):
		return fmt.Errorf("there is no namespace %s: create it, or name another one with --namespace", a.place.Namespace)
	case len(failed) > 0:
		return fmt.Errorf("apply to namespace %s: %s", a.place.Namespace, strings.Join(failed, "; "))
	case err != nil:
		return fmt.Errorf("apply to namespace %s: %w", a.place.Namespace, cluster.Explain(err))
	}
	return nil
}

func toUnstructured(cm *corev1.ConfigMap) (*unstructured.Unstructured, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(cm)
	if err != nil {
		return nil, fmt.Errorf("write ConfigMap %s: %w", cm.Name, err)
	}
	un := &unstructured.Unstructured{Object: fields}
	unstructured.RemoveNestedField(un.Object, "metadata", "creationTimestamp")
	return un, nil
}
