package bundle

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

// configMapBytes bounds the data of one ConfigMap. The API server takes 1 MiB of
// values; the rest is left for names, labels and what clients add.
const configMapBytes = 900 << 10

// The labels and annotations of the ConfigMaps of a bundle.
const (
	labelManagedBy     = "app.kubernetes.io/managed-by"
	annotationDigest   = "lintel.dev/digest"
	annotationContent  = "lintel.dev/content"
	annotationRevision = "lintel.dev/revision"
)

// ConfigMap is a Kubernetes ConfigMap with a part of a bundle.
type ConfigMap struct {
	Name string
	// Namespace may be empty: the one that the client is set to.
	Namespace   string
	Labels      map[string]string
	Annotations map[string]string
	BinaryData  map[string][]byte
}

// ConfigMaps lays a bundle out in ConfigMaps called <name>-0, <name>-1 and so on,
// each with less than 900 KiB of data. Manifest and signature are in the first.
// All are meant to be mounted together as one projected volume.
func ConfigMaps(b *Encoded, name, namespace string) []ConfigMap {
	var out []ConfigMap
	size := 0
	put := func(file string) {
		data := b.files[file]
		if n := len(file) + len(data); len(out) == 0 || size+n > configMapBytes {
			out = append(out, b.configMap(fmt.Sprintf("%s-%d", name, len(out)), namespace))
			size = 0
		}
		out[len(out)-1].BinaryData[file] = data
		size += len(file) + len(data)
	}
	put(ManifestName)
	if b.files[SignatureName] != nil {
		put(SignatureName)
	}
	for _, ref := range slices.Concat(b.manifest.Shards, b.manifest.Sources) {
		put(ref.Name())
	}
	return out
}

func (b *Encoded) configMap(name, namespace string) ConfigMap {
	cm := ConfigMap{
		Name: name, Namespace: namespace,
		Labels:      map[string]string{labelManagedBy: "lintel"},
		Annotations: map[string]string{annotationDigest: b.digest, annotationContent: b.manifest.Content},
		BinaryData:  map[string][]byte{},
	}
	if b.manifest.Revision != "" {
		cm.Annotations[annotationRevision] = b.manifest.Revision
	}
	return cm
}

// WriteYAML writes ConfigMaps as YAML documents; same input, same bytes.
func WriteYAML(w io.Writer, list []ConfigMap) error {
	buf := bufio.NewWriter(w)
	for i := range list {
		cm := &list[i]
		if i > 0 {
			fmt.Fprintln(buf, "---")
		}
		fmt.Fprintf(buf, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n", quote(cm.Name))
		if cm.Namespace != "" {
			fmt.Fprintf(buf, "  namespace: %s\n", quote(cm.Namespace))
		}
		writeMap(buf, "  ", "labels", cm.Labels)
		writeMap(buf, "  ", "annotations", cm.Annotations)
		data := map[string]string{}
		for name, b := range cm.BinaryData {
			data[name] = base64.StdEncoding.EncodeToString(b)
		}
		writeMap(buf, "", "binaryData", data)
	}
	if err := buf.Flush(); err != nil {
		return fmt.Errorf("write ConfigMaps: %w", err)
	}
	return nil
}

func writeMap(w io.Writer, indent, key string, m map[string]string) {
	if len(m) == 0 {
		return
	}
	fmt.Fprintf(w, "%s%s:\n", indent, key)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(w, "%s  %s: %s\n", indent, quote(k), quote(m[k]))
	}
}

// quote writes a string as JSON, which YAML reads as its double-quoted form
// (YAML 1.2, section 1.3).
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string: cannot fail
	}
	return string(b)
}
