package bundle

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// configMapBytes bounds the data of one ConfigMap. The API server takes 1 MiB of
// values; the rest is left for names, labels and what clients add.
const configMapBytes = 900 << 10

// The labels and annotations of the ConfigMaps of a bundle.
const (
	// LabelManagedBy is "lintel" on all that Lintel owns; nothing else is ever deleted.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// LabelBundle says which bundle an object belongs to (LabelName of its name).
	LabelBundle = "lintel.dev/bundle"
	// LabelRole says what it is for: RoleBundle, RoleCandidate and others of the agent's.
	LabelRole = "lintel.dev/role"

	// AnnotationDigest, AnnotationContent and AnnotationRevision are those of the
	// manifest; AnnotationParts is in how many ConfigMaps the bundle is.
	AnnotationDigest   = "lintel.dev/digest"
	AnnotationContent  = "lintel.dev/content"
	AnnotationRevision = "lintel.dev/revision"
	AnnotationParts    = "lintel.dev/parts"
)

// What ConfigMaps are for.
const (
	// RoleBundle is the bundle that gateways mount.
	RoleBundle = "bundle"
	// RoleCandidate is the one that a hook plays the cases on before the real one changes.
	RoleCandidate = "candidate"
)

// maxLabel is the longest value of a label in Kubernetes.
const maxLabel = 63

// LabelName is a name as the value of a label: itself, or its beginning and a digest
// when it is too long for one.
func LabelName(name string) string {
	if len(name) <= maxLabel {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%s-%x", strings.TrimRight(name[:maxLabel-13], "-."), sum[:6])
}

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
			out = append(out, b.configMap(name, len(out), namespace))
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
	for i := range out {
		out[i].Annotations[AnnotationParts] = strconv.Itoa(len(out))
	}
	return out
}

func (b *Encoded) configMap(name string, part int, namespace string) ConfigMap {
	cm := ConfigMap{
		Name: fmt.Sprintf("%s-%d", name, part), Namespace: namespace,
		Labels:      map[string]string{LabelManagedBy: "lintel", LabelBundle: LabelName(name), LabelRole: RoleBundle},
		Annotations: map[string]string{AnnotationDigest: b.digest, AnnotationContent: b.manifest.Content},
		BinaryData:  map[string][]byte{},
	}
	if b.manifest.Revision != "" {
		cm.Annotations[AnnotationRevision] = b.manifest.Revision
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
