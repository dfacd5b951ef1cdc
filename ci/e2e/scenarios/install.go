package scenarios

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/document"
	"github.com/lintel-gateway/lintel/schemas/release"
)

// upstream is the application behind the gateways: an echo under the names that the
// routes of the repository use.
const upstream = `apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {selector: {app: echo}, ports: [{port: 8080, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: orders-a, namespace: shop}
spec: {selector: {app: echo}, ports: [{port: 8080, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: orders-b, namespace: shop}
spec: {selector: {app: echo}, ports: [{port: 8080, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: site, namespace: shop}
spec: {selector: {app: echo}, ports: [{port: 8080, targetPort: 8080}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: echo, namespace: shop}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: echo}}}
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
      terminationGracePeriodSeconds: 10
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: echo
          image: lintel.local/lintel:%s
          imagePullPolicy: Never
          args: [echo, --listen, "0.0.0.0:8080"]
          lifecycle: {preStop: {sleep: {seconds: 3}}}
          readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`

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

// notCompiling is that module with a mistake in its line 3.
const notCompiling = "package routes\n\nroutes: step: #Route & {metod: [\"GET\"]}\n"

// page is the document that tells people how to install, below the repository's root, and
// the name of its part.
const (
	page = "README.md"
	part = "cluster"
)

func install() Scenario {
	return Scenario{
		Key: "install", Name: "The commands of the documentation make a repository of routes, gateways and an Application: three gateways serve the bundle",
		Limit: 3 * time.Minute,
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			b.namespace = home
			if err := b.apply(ctx, fmt.Sprintf(upstream, b.version())); err != nil {
				return Figure{}, err
			}
			repository, err := newRepository(ctx, b, "routes")
			if err != nil {
				return Figure{}, err
			}
			b.repository = repository
			text, err := os.ReadFile(filepath.Join(b.Root, page))
			if err != nil {
				return Figure{}, err
			}
			commands, err := document.Commands(string(text), part)
			if err != nil {
				return Figure{}, err
			}
			began := time.Now()
			if err := b.follow(ctx, commands); err != nil {
				return Figure{}, err
			}
			took := time.Since(began)
			if err := b.repository.adopt(ctx); err != nil {
				return Figure{}, err
			}
			if b.address, err = b.service(ctx, b.namespace, instance); err != nil {
				return Figure{}, err
			}
			// From here on a route counts the changes.
			return Figure{Text: fmt.Sprintf("%.1f s from nothing to three that serve", took.Seconds())}, b.next(ctx)
		},
	}
}

// follow runs the commands of a document as its reader does: in a folder with the
// values of the cluster, with the programs that it names.
func (b *Bench) follow(ctx context.Context, commands string) error {
	dir := filepath.Dir(b.repository.work)
	values, err := os.ReadFile(b.values())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "values.yaml"), values, 0o644); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "sh", "-eu", "-c", commands)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+b.Programs+":"+b.Bin+":"+os.Getenv("PATH"), "HOME="+dir, "KUBECONFIG="+b.Kubeconfig,
		"LINTEL="+b.Root, "ROUTES="+b.repository.URL(), "REGISTRY=lintel.local",
		"GIT_AUTHOR_NAME=Team Shop", "GIT_AUTHOR_EMAIL=team@shop.example", "GIT_COMMITTER_NAME=Team Shop", "GIT_COMMITTER_EMAIL=team@shop.example")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the commands of %s: %w:\n%s", page, err, out)
	}
	return nil
}

// values is the file of the chart's values.
func (b *Bench) values() string {
	return filepath.Join(b.Root, "ci", "e2e", "scenarios", "values.yaml")
}

// chart installs the chart, or brings it up to date, with further settings of Helm.
func (b *Bench) chart(ctx context.Context, further ...string) error {
	return b.helm(ctx, append([]string{
		"upgrade", "--install", instance, filepath.Join(b.Root, "charts", "lintel"), "--namespace", b.namespace,
		"--values", b.values(),
	}, further...)...)
}

// version is the release that images are tagged with.
func (b *Bench) version() string { return release.Version }
