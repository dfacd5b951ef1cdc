package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// maxManifests bounds the YAML that is read, in bytes: base64 of the largest bundle and
// then some.
const maxManifests = 256 << 20

// document is a YAML file by its name.
type document struct {
	name string
	data []byte
}

// manifests reads the ConfigMaps of one bundle out of a YAML file or a folder of them.
func manifests(path string, o Options) (*bundle.Bundle, error) {
	files, err := yamlFiles(path)
	if err != nil {
		return nil, err
	}
	var docs []document
	left := int64(maxManifests)
	for _, file := range files {
		data, err := readUpTo(file, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(data))
		docs = append(docs, document{file, data})
	}
	return assemble(path, docs, o)
}

// assemble finds the parts of the bundle. Objects of other kinds, and ConfigMaps of
// other names, are passed over: a folder that Argo CD applies holds more.
func assemble(path string, docs []document, o Options) (*bundle.Bundle, error) {
	var parts []corev1.ConfigMap
	var others []string
	for _, doc := range docs {
		list, err := configMaps(doc)
		if err != nil {
			return nil, err
		}
		for _, cm := range list {
			if _, ok := layout.PartOf(cm.Name, o.Name); !ok {
				others = append(others, cm.Name)
				continue
			}
			if cm.Namespace != "" && cm.Namespace != o.Namespace {
				return nil, fmt.Errorf("%s: ConfigMap %s is for namespace %s, not %s: render it again, or give --namespace %s", doc.name, cm.Name, cm.Namespace, o.Namespace, cm.Namespace)
			}
			if slices.ContainsFunc(parts, func(p corev1.ConfigMap) bool { return p.Name == cm.Name }) {
				return nil, fmt.Errorf("%s: ConfigMap %s is there twice", doc.name, cm.Name)
			}
			parts = append(parts, cm)
		}
	}
	if len(parts) == 0 {
		hint := ""
		if len(others) > 0 {
			slices.Sort(others)
			hint = fmt.Sprintf(" (there is %s: is --name right?)", strings.Join(others[:min(3, len(others))], ", "))
		}
		return nil, fmt.Errorf("%s holds no ConfigMap %s-0%s: nothing is applied, and nothing is deleted", path, o.Name, hint)
	}
	b, err := layout.Read(parts, o.Name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

func yamlFiles(path string) (out []string, err error) {
	err = filepath.WalkDir(path, func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && p != path && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case e.Type().IsRegular() && isYAML(p):
			out = append(out, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return out, nil
}

func readUpTo(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: the manifests are over the limit of %d MiB", file, maxManifests>>20)
	}
	return data, nil
}

func configMaps(d document) (out []corev1.ConfigMap, err error) {
	docs := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(d.data)))
	for {
		doc, err := docs.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		// A document of another kind may be of any shape, or a template.
		if !bytes.Contains(doc, []byte("ConfigMap")) {
			continue
		}
		var head struct{ Kind, APIVersion string }
		if err := yaml.Unmarshal(doc, &head); err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		if head.Kind != "ConfigMap" || head.APIVersion != "v1" {
			continue
		}
		var cm corev1.ConfigMap
		if err := yaml.UnmarshalStrict(doc, &cm); err != nil {
			return nil, fmt.Errorf("%s: a ConfigMap is not in order: %w", d.name, err)
		}
		out = append(out, cm)
	}
}
