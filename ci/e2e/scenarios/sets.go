package scenarios

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/cluster"
	"github.com/lintel-gateway/lintel/ci/e2e/kube"
)

const (
	// inSets is the namespace of the gateways that come from ApplicationSets.
	inSets = "gateways-sets"
	// setCluster is the name that Argo CD knows the cluster by.
	setCluster = "here"
	// setReplicas is how many gateways the chart makes there.
	setReplicas = 2
)

// environmentLabel makes a cluster one of those that get gateways.
const environmentLabel = "lintel.dev/environment"

// clusterSecret tells Argo CD of a cluster: the one it runs in, under a name.
const clusterSecret = `apiVersion: v1
kind: Secret
metadata:
  name: cluster-` + setCluster + `
  namespace: ` + cluster.ArgoNamespace + `
  labels: {argocd.argoproj.io/secret-type: cluster, ` + environmentLabel + `: prod}
  annotations: {lintel.dev/release: v%s}
stringData: {name: ` + setCluster + `, server: "https://kubernetes.default.svc", config: "{}"}
`

// The Applications that the sets make for the cluster.
var (
	setGateways = "lintel-gateway-" + setCluster
	setRoutes   = "lintel-routes-" + setCluster
)

func sets() Scenario {
	return Scenario{
		Key: "sets", Name: "A cluster gets a label: the ApplicationSets bring it the chart and its bundle, and Argo CD heals a gateway's Deployment; it loses the label: gateways and bundle stay",
		Needs: []string{"install"},
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			s := *b
			s.namespace = inSets
			secret := kube.Core(cluster.ArgoNamespace, "secrets", "cluster-"+setCluster)
			defer s.clean(context.WithoutCancel(ctx), ofArgo("applicationsets", "lintel-gateways"), ofArgo("applicationsets", "lintel-routes"), secret,
				ofArgo("applications", setGateways), ofArgo("applications", setRoutes),
				ofArgo("appprojects", "lintel-routes-sets"), ofArgo("appprojects", "lintel-platform-sets"), "/api/v1/namespaces/"+inSets)
			objects, err := s.setObjects(ctx)
			if err != nil {
				return Figure{}, err
			}
			began := time.Now()
			if err := s.apply(ctx, objects); err != nil {
				return Figure{}, err
			}
			if err := s.Until(ctx, time.Minute, "both Applications to be synced and Healthy", func() error { return errors.Join(s.setsHealthy(ctx), s.setServes(ctx)) }); err != nil {
				return Figure{}, err
			}
			took := time.Since(began)
			healed, err := s.scaled(ctx)
			if err != nil {
				return Figure{}, err
			}
			if s.address, err = s.service(ctx, s.namespace, instance); err != nil {
				return Figure{}, err
			}
			if err := s.Merge(ctx, secret, map[string]any{"metadata": map[string]any{"labels": map[string]any{environmentLabel: nil}}}); err != nil {
				return Figure{}, err
			}
			if err := s.Until(ctx, time.Minute, "the Applications to go", func() error { return s.setsGone(ctx) }); err != nil {
				return Figure{}, err
			}
			if err := s.setServes(ctx); err != nil {
				return Figure{}, err
			}
			return Figure{Text: fmt.Sprintf("%d gateways served %.1f s after the label; healed after %.1f s", setReplicas, took.Seconds(), healed.Seconds())}, s.settled(ctx)
		},
	}
}

// setObjects makes the two repositories, of routes and of the chart, and gives the sets of
// charts/argocd for them with a cluster.
func (b *Bench) setObjects(ctx context.Context) (string, error) {
	var err error
	if b.repository, err = initRepository(ctx, b, "routes-sets"); err != nil {
		return "", err
	}
	if b.digest, err = b.repository.render(ctx, "first"); err != nil {
		return "", err
	}
	if err := b.repository.push(ctx, "routes of shop.example"); err != nil {
		return "", err
	}
	platform, err := b.platform(ctx)
	if err != nil {
		return "", err
	}
	projects, err := b.projects("-sets", b.namespace, b.repository.URL(), platform.URL())
	if err != nil {
		return "", err
	}
	gateways, err := b.shipped("applicationset/gateways.yaml", examplePlatform, platform.URL(), exampleNamespace, "namespace: "+b.namespace,
		"project: lintel-platform", "project: lintel-platform-sets")
	if err != nil {
		return "", err
	}
	routes, err := b.shipped("applicationset/routes.yaml", exampleRoutes, b.repository.URL(), exampleNamespace, "namespace: "+b.namespace,
		"project: lintel-routes", "project: lintel-routes-sets")
	return strings.Join([]string{projects, gateways, routes, fmt.Sprintf(clusterSecret, b.version())}, "---\n"), err
}

// platform makes a repository with the chart and the values of each environment, and gives
// it the release as a tag.
func (b *Bench) platform(ctx context.Context) (*repository, error) {
	r, err := newRepository(ctx, b, "platform")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(filepath.Join(r.work, "charts", "lintel"), os.DirFS(filepath.Join(b.Root, "charts", "lintel"))); err != nil {
		return nil, err
	}
	values, err := os.ReadFile(b.values())
	if err != nil {
		return nil, err
	}
	fewer := strings.Replace(string(values), fmt.Sprintf("replicas: %d", replicas), fmt.Sprintf("replicas: %d", setReplicas), 1)
	if err := r.write(map[string]string{"environments/prod.yaml": fewer}); err != nil {
		return nil, err
	}
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	if err := r.push(ctx, "the chart"); err != nil {
		return nil, err
	}
	tag := "v" + b.version()
	if _, err := r.git(ctx, "tag", tag); err != nil {
		return nil, err
	}
	_, err = r.git(ctx, "push", "-q", "origin", tag)
	return r, err
}

// setsHealthy is nil when the Applications of the cluster are.
func (b *Bench) setsHealthy(ctx context.Context) error {
	for _, name := range []string{setGateways, setRoutes} {
		s, err := b.stateOf(ctx, ofArgo("applications", name))
		if err != nil {
			return err
		}
		if s.Sync != "Synced" || s.Health != "Healthy" {
			return fmt.Errorf("%s is %+v", name, s)
		}
	}
	return nil
}

// setsGone is nil when the cluster has no Application any more.
func (b *Bench) setsGone(ctx context.Context) error {
	for _, name := range []string{setGateways, setRoutes} {
		_, err := b.Get(ctx, ofArgo("applications", name))
		var none *kube.Status
		if !errors.As(err, &none) || none.Code != http.StatusNotFound {
			return errors.Join(fmt.Errorf("%s is still there", name), err)
		}
	}
	return nil
}

// setServes is nil when all gateways serve the bundle, and it is in the cluster to stay.
func (b *Bench) setServes(ctx context.Context) error {
	o, err := b.Get(ctx, b.bundlePath(0))
	if err != nil {
		return err
	}
	if got := o.Metadata.Annotations["lintel.dev/digest"]; got != b.digest || o.Metadata.Deletion != nil {
		return fmt.Errorf("the ConfigMap has %s, want %s; deleted: %v", short(got), short(b.digest), o.Metadata.Deletion)
	}
	return b.servedBy(ctx, b.digest, setReplicas)
}

// scaled takes a gateway away by hand, and waits until Argo CD has brought it back.
func (b *Bench) scaled(ctx context.Context) (time.Duration, error) {
	deployment := kube.Group("apps/v1", b.namespace, "deployments", instance)
	if err := b.Merge(ctx, deployment, map[string]any{"spec": map[string]any{"replicas": setReplicas - 1}}); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := b.Until(ctx, time.Minute, "Argo CD to heal the Deployment", func() error {
		o, err := b.Get(ctx, deployment)
		if err == nil && o.Spec["replicas"] != float64(setReplicas) {
			err = fmt.Errorf("it has %v replicas", o.Spec["replicas"])
		}
		return err
	}); err != nil {
		return 0, err
	}
	healed := time.Since(began)
	return healed, b.Until(ctx, time.Minute, "all gateways to serve again", func() error { return b.servedBy(ctx, b.digest, setReplicas) })
}
