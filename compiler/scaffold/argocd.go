package scaffold

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/lintel-gateway/lintel/charts"
	"github.com/lintel-gateway/lintel/ci/pipelines"
	"github.com/lintel-gateway/lintel/schemas/release"
)

// ArgoCD says how Argo CD brings the bundles of the repository to gateways; all may be
// absent.
type ArgoCD struct {
	// Repo is the URL of the repository; absent: an example's, to be changed.
	Repo string
	// ChartRepo is the URL of the repository with Lintel's chart; absent: an example's.
	ChartRepo string
	// Registry is what stands before the names of Lintel's images; absent:
	// "registry.example/lintel".
	Registry string
	// Namespace is the gateways'; absent: "gateways".
	Namespace string
	// Environment is the one that is served by the cluster of Argo CD; absent: "prod".
	Environment string
}

// What the examples of charts/argocd say in the place of the options.
const (
	exampleRepo        = "https://git.example/shop/routes.git"
	exampleChartRepo   = "https://git.example/platform/lintel.git"
	exampleRegistry    = "registry.example/lintel"
	exampleNamespace   = "gateways"
	exampleEnvironment = "production"
	imageRegistry      = "lintel.local/"
)

var (
	gitURL    = regexp.MustCompile(`^[A-Za-z0-9@:/._~+-]+$`)
	registry  = regexp.MustCompile(`^[a-z0-9]([a-z0-9.:_/-]*[a-z0-9])?$`)
	namespace = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// files are those for Argo CD by name, from the examples in charts/argocd, and the
// pipeline that renders bundles.
func (a *ArgoCD) files() (map[string]string, error) {
	a.Repo, a.ChartRepo = cmp.Or(a.Repo, exampleRepo), cmp.Or(a.ChartRepo, exampleChartRepo)
	a.Registry, a.Namespace = cmp.Or(a.Registry, exampleRegistry), cmp.Or(a.Namespace, exampleNamespace)
	a.Environment = cmp.Or(a.Environment, "prod")
	for _, url := range []string{a.Repo, a.ChartRepo} {
		if !gitURL.MatchString(url) {
			return nil, fmt.Errorf("%q is no URL of a Git repository such as %s", url, exampleRepo)
		}
	}
	if !registry.MatchString(a.Registry) {
		return nil, fmt.Errorf("%q is no registry such as %s", a.Registry, exampleRegistry)
	}
	if !namespace.MatchString(a.Namespace) {
		return nil, fmt.Errorf("%q is no namespace such as %s", a.Namespace, exampleNamespace)
	}
	out := pipelines.Deployment()
	for name, text := range out {
		out[name] = strings.ReplaceAll(text, "NAMESPACE:-"+exampleNamespace, "NAMESPACE:-"+a.Namespace)
	}
	for source, f := range map[string]struct {
		name string
		// has is what the example must say, so that it can be replaced.
		has []string
	}{
		"applications/project.yaml": {"argocd/project.yaml", []string{exampleRepo, exampleChartRepo, exampleNamespace}},
		"applications/gateway.yaml": {"argocd/gateway.yaml", []string{exampleChartRepo, exampleRegistry, exampleNamespace}},
		"applications/routes.yaml":  {"argocd/routes.yaml", []string{exampleRepo, "rendered/" + exampleEnvironment, exampleNamespace}},
		"health/argocd-cm.yaml":     {"argocd/argocd-cm.yaml", nil},
		"hooks/candidate.yaml":      {"hooks/candidate.yaml", []string{imageRegistry, "namespace: " + exampleNamespace, ":" + release.Version}},
	} {
		text, err := charts.ArgoCD.ReadFile("argocd/" + source)
		if err != nil {
			return nil, fmt.Errorf("make %s: %w", f.name, err)
		}
		for _, must := range f.has {
			if !strings.Contains(string(text), must) {
				return nil, fmt.Errorf("make %s: the example %s does not say %s", f.name, source, must)
			}
		}
		out[f.name] = a.replacer().Replace(string(text))
	}
	return out, nil
}

func (a *ArgoCD) replacer() *strings.Replacer {
	return strings.NewReplacer(
		exampleRepo, a.Repo, exampleChartRepo, a.ChartRepo, exampleRegistry, a.Registry, imageRegistry, a.Registry+"/",
		"namespace: "+exampleNamespace, "namespace: "+a.Namespace, "rendered/"+exampleEnvironment, "rendered/"+a.Environment,
		"charts/argocd/health/argocd-cm.yaml", "argocd/argocd-cm.yaml",
	)
}
