package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// What the files of charts/argocd say of a place, for their reader to change.
const (
	exampleRoutes    = "https://git.example/shop/routes.git"
	examplePlatform  = "https://git.example/platform/lintel.git"
	exampleNamespace = "namespace: " + home
)

// shipped is a file of charts/argocd with what is particular to a place: of each pair the
// first is what it says, the second what it shall say.
func (b *Bench) shipped(name string, pairs ...string) (string, error) {
	text, err := os.ReadFile(filepath.Join(b.Root, "charts", "argocd", name))
	if err != nil {
		return "", err
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(string(text), pairs[i]) {
			return "", fmt.Errorf("charts/argocd/%s does not say %q", name, pairs[i])
		}
	}
	return strings.NewReplacer(pairs...).Replace(string(text)), nil
}

// projects are those of charts/argocd under names that end in suffix, for the repositories
// of a test and one namespace.
func (b *Bench) projects(suffix, namespace, routes, platform string) (string, error) {
	return b.shipped("applications/project.yaml", exampleRoutes, routes, examplePlatform, platform, exampleNamespace, "namespace: "+namespace,
		"name: lintel-routes", "name: lintel-routes"+suffix, "name: lintel-platform", "name: lintel-platform"+suffix)
}
