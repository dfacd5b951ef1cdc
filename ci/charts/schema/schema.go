// Package schema makes the JSON schemas that manifests are checked by offline: those of
// Kubernetes out of its OpenAPI file, those of custom resources out of their definitions.
package schema

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Source is where one file of schemas is made from: a file of a Go module.
type Source struct {
	// Module is the module with its version.
	Module string
	// File is the path inside it.
	File string
}

// Kubernetes is the OpenAPI file of the API server that manifests are for.
var kubernetes = Source{"k8s.io/kubernetes@v1.36.3", "api/openapi-spec/swagger.json"}

// customs are the definitions of custom resources by the file that is made of them.
func customs() map[string]Source {
	argo := "github.com/argoproj/argo-cd/v3@v3.5.7"
	return map[string]Source{
		"application-argoproj-v1alpha1.json":    {argo, "manifests/crds/application-crd.yaml"},
		"applicationset-argoproj-v1alpha1.json": {argo, "manifests/crds/applicationset-crd.yaml"},
		"appproject-argoproj-v1alpha1.json":     {argo, "manifests/crds/appproject-crd.yaml"},
		"scaledobject-keda-v1alpha1.json":       {"github.com/kedacore/keda/v2@v2.18.0", "config/crd/bases/keda.sh_scaledobjects.yaml"},
	}
}

// Module is the path of a source's file in the module cache; the module is fetched when
// it is not there.
func Module(s Source) (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", s.Module).Output()
	if err != nil {
		return "", fmt.Errorf("fetch %s: %w", s.Module, err)
	}
	var found struct{ Dir string }
	if err := json.Unmarshal(out, &found); err != nil {
		return "", fmt.Errorf("fetch %s: %w", s.Module, err)
	}
	return filepath.Join(found.Dir, filepath.FromSlash(s.File)), nil
}

// Cached is as Module, but an error that wraps fs.ErrNotExist when the module is not in
// the cache.
func Cached(s Source) (string, error) {
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		return "", fmt.Errorf("find the module cache: %w", err)
	}
	path := filepath.Join(strings.TrimSpace(string(out)), filepath.FromSlash(s.Module), filepath.FromSlash(s.File))
	_, err = os.Stat(path)
	return path, err
}

// All makes every schema that is generated, by the file's name. find says where a source is.
func All(find func(Source) (string, error)) (map[string][]byte, error) {
	path, err := find(kubernetes)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out, err := core(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for name, source := range customs() {
		path, err := find(source)
		if err != nil {
			return nil, err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if out[name], err = custom(text); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return out, nil
}

// write is a schema as it is committed: without white space, keys in order.
func write(schema any) ([]byte, error) {
	text, err := json.Marshal(schema)
	return append(text, '\n'), err
}
