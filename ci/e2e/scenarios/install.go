package scenarios

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/schemas/release"
)

// upstream is the application behind the gateways: an echo under the names that the
// routes of the repository use.
const upstream = `apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: Namespace
metadata: {name: ` + home + `, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {selector: {app: echo}, ports: [{port: 8080, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: site, namespace: shop}
spec: {selector: {app: echo}, ports: [{port: 8080, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: echo, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: echo}}
  template:
    metadata: {labels: {app: echo}}
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: echo
          image: lintel.local/lintel:%s
          imagePullPolicy: Never
          args: [echo, --listen, "0.0.0.0:8080"]
          readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`

// delivery is what charts/argocd has for the bundle, with the repository of the test in
// the place of the one that is written there.
func (b *Bench) delivery() (string, error) {
	var all strings.Builder
	for _, name := range []string{"applications/project.yaml", "applications/routes.yaml"} {
		text, err := os.ReadFile(filepath.Join(b.Root, "charts", "argocd", name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&all, "---\n%s", strings.ReplaceAll(string(text), "https://git.example/shop/routes.git", b.repository.URL()))
	}
	return all.String(), nil
}

// stepModule is a module of the domain whose answers carry a number.
func stepModule(step int) string {
	return fmt.Sprintf(`package routes

routes: "step": #Route & {
	hosts: ["shop.example"]
	path: prefix: "/step"
	upstream: "site"
	filters: headers: response: set: "x-step": "%d"
	tests: "counts": {
		request: {host: "shop.example", path: "/step"}
		expect: {status: 200, headers: "x-step": "%[1]d"}
	}
}
`, step)
}

func install() Scenario {
	return Scenario{
		Key: "install", Name: "The chart is installed and a first bundle comes by Argo CD: three gateways serve it",
		Limit: 3 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			b.namespace = home
			if err := b.apply(ctx, fmt.Sprintf(upstream, b.version())); err != nil {
				return Figure{}, err
			}
			repository, err := newRepository(ctx, b)
			if err != nil {
				return Figure{}, err
			}
			b.repository = repository
			if err := b.repository.write(map[string]string{"routes/shop.example/step.cue": stepModule(0)}); err != nil {
				return Figure{}, err
			}
			if b.digest, err = b.repository.render(ctx, "step-0"); err != nil {
				return Figure{}, err
			}
			if err := b.repository.push(ctx, "the first bundle"); err != nil {
				return Figure{}, err
			}
			health := filepath.Join(b.Root, "charts", "argocd", "health", "argocd-cm.yaml")
			if _, err := b.Kubectl(ctx, "", "--namespace", "argocd", "patch", "configmap", "argocd-cm", "--patch-file", health); err != nil {
				return Figure{}, err
			}
			began := time.Now()
			objects, err := b.delivery()
			if err != nil {
				return Figure{}, err
			}
			if err := b.apply(ctx, objects); err != nil {
				return Figure{}, err
			}
			if err := b.chart(ctx); err != nil {
				return Figure{}, err
			}
			if _, err := b.untilServed(ctx, b.digest); err != nil {
				return Figure{}, err
			}
			figure := Figure{Text: fmt.Sprintf("%.1f s from nothing to three that serve", time.Since(began).Seconds())}
			b.address, err = b.service(ctx, b.namespace, instance)
			return figure, err
		},
	}
}

// chart installs the chart, or brings it up to date, with further settings of Helm.
func (b *Bench) chart(ctx context.Context, further ...string) error {
	return b.helm(ctx, append([]string{
		"upgrade", "--install", instance, filepath.Join(b.Root, "charts", "lintel"), "--namespace", b.namespace,
		"--values", filepath.Join(b.Root, "ci", "e2e", "scenarios", "values.yaml"),
	}, further...)...)
}

// version is the release that images are tagged with.
func (b *Bench) version() string { return release.Version }
