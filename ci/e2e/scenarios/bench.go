package scenarios

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/cluster"
	"github.com/lintel-gateway/lintel/ci/e2e/kube"
)

// Bench is what scenarios work with: the cluster, and what those before have left in it.
type Bench struct {
	*cluster.Cluster
	Programs string        // folder of lintel and the others
	Root     string        // the repository of Lintel
	Boot     time.Duration // how long the cluster took

	namespace  string // of the gateways
	repository *repository
	digest     string // of the bundle that main has
	step       int    // of the last change
	address    string // of the gateways' service
}

// helm runs Helm.
func (b *Bench) helm(ctx context.Context, args ...string) error {
	_, err := b.Command(ctx, "", append([]string{filepath.Join(b.Bin, "helm")}, args...)...)
	return err
}

// apply applies manifests as their author does.
func (b *Bench) apply(ctx context.Context, manifests string, flags ...string) error {
	_, err := b.Kubectl(ctx, manifests, append([]string{"apply", "--server-side", "--force-conflicts", "-f", "-"}, flags...)...)
	return err
}

// bundlePath leads to the first ConfigMap of the bundle.
func (b *Bench) bundlePath(part int) string {
	return kube.Core(b.namespace, "configmaps", fmt.Sprintf("%s-%d", bundleName, part))
}

// change commits a bundle with another step, as the pipeline does after a merge, and tells
// Argo CD to look. It returns the moment of the push.
func (b *Bench) change(ctx context.Context) (time.Time, error) {
	if err := b.untold(ctx); err != nil {
		return time.Time{}, err
	}
	now := time.Now()
	return now, b.refresh(ctx)
}

// untold is change, and Argo CD is left to find it.
func (b *Bench) untold(ctx context.Context) error {
	b.step++
	if err := b.repository.write(map[string]string{"routes/shop.example/step.cue": stepModule(b.step)}); err != nil {
		return err
	}
	digest, err := b.repository.render(ctx, fmt.Sprintf("step-%d", b.step))
	if err != nil {
		return err
	}
	b.digest = digest
	return b.repository.push(ctx, fmt.Sprintf("step %d", b.step))
}

// push commits and pushes all that changed, and tells Argo CD to look.
func (b *Bench) push(ctx context.Context, subject string) (time.Time, error) {
	if err := b.repository.push(ctx, subject); err != nil {
		return time.Time{}, err
	}
	now := time.Now()
	return now, b.refresh(ctx)
}

// refresh is what a webhook of the Git server does.
func (b *Bench) refresh(ctx context.Context) error { return b.refreshOf(ctx, application()) }

func (b *Bench) refreshOf(ctx context.Context, application string) error {
	return b.Annotate(ctx, application, map[string]any{"argocd.argoproj.io/refresh": "normal"})
}

// application is the path of the Application that holds the bundle.
func application() string { return ofArgo("applications", "lintel-routes") }

// ofArgo is the path of an object of Argo CD's own.
func ofArgo(kind, name string) string {
	return kube.Group("argoproj.io/v1alpha1", cluster.ArgoNamespace, kind, name)
}

// state is what Argo CD says of the Application.
type state struct {
	Sync, Health, Phase, Revision, Message string
}

func (b *Bench) argo(ctx context.Context) (state, error) { return b.stateOf(ctx, application()) }

func (b *Bench) stateOf(ctx context.Context, application string) (state, error) {
	o, err := b.Get(ctx, application)
	if err != nil {
		return state{}, err
	}
	return state{
		Sync: text(o.Status, "sync", "status"), Health: text(o.Status, "health", "status"),
		Phase: text(o.Status, "operationState", "phase"), Revision: text(o.Status, "sync", "revision"),
		Message: text(o.Status, "operationState", "message"),
	}, nil
}

// synced waits until Argo CD has applied what main has, and says how well it is.
func (b *Bench) synced(ctx context.Context, health string) error {
	head, err := b.repository.head(ctx)
	if err != nil {
		return err
	}
	return b.Until(ctx, time.Minute, "Argo CD to be synced and "+health, func() error {
		s, err := b.argo(ctx)
		if err == nil && (s.Sync != "Synced" || s.Health != health || s.Revision != head) {
			err = fmt.Errorf("it is %+v", s)
		}
		return err
	})
}

// text finds a text in nested objects.
func text(v any, path ...string) string {
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[key]
	}
	s, _ := v.(string)
	return s
}
