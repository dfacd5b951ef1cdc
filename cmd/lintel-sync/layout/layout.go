package layout

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// Place says where the ConfigMaps of a bundle lie.
type Place struct {
	// Name is the bundle's name, which the label carries.
	Name string
	// Namespace must be given.
	Namespace string
	Role      Role
	// Prefix is what the names of the ConfigMaps begin with; "" is Name.
	Prefix string
}

func (p Place) prefix() string {
	if p.Prefix == "" {
		return p.Name
	}
	return p.Prefix
}

// Selector is the label selector of everything that lies at the place, and at others
// of the same role.
func (p Place) Selector() string {
	return LabelManagedBy + "=" + Lintel + "," + LabelBundle + "=" + bundle.LabelName(p.Name) + "," + LabelRole + "=" + string(p.Role)
}

// Owns tells whether a ConfigMap is one of the place: by its labels and by its name.
func (p Place) Owns(cm *corev1.ConfigMap) bool {
	_, ok := PartOf(cm.Name, p.prefix())
	l := cm.Labels
	return ok && cm.Namespace == p.Namespace && l[LabelManagedBy] == Lintel && l[LabelBundle] == bundle.LabelName(p.Name) && l[LabelRole] == string(p.Role)
}

// ConfigMaps lays the bundle out at the place; the first holds the manifest.
func ConfigMaps(b *bundle.Encoded, p Place) []corev1.ConfigMap {
	list := bundle.ConfigMaps(b, p.prefix(), p.Namespace)
	out := make([]corev1.ConfigMap, len(list))
	for i, cm := range list {
		out[i] = corev1.ConfigMap{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
			ObjectMeta: metav1.ObjectMeta{
				Name: cm.Name, Namespace: p.Namespace,
				Labels: map[string]string{LabelManagedBy: Lintel, LabelBundle: bundle.LabelName(p.Name), LabelRole: string(p.Role)},
				Annotations: map[string]string{
					Digest: b.Digest(), Content: b.Manifest().Content, Parts: strconv.Itoa(len(list)),
				},
			},
			BinaryData: cm.BinaryData,
		}
		if r := b.Manifest().Revision; r != "" {
			out[i].Annotations[Revision] = r
		}
	}
	return out
}

// Read puts the bundle of the parts together and verifies all of it. ConfigMaps that
// are no parts of the prefix are passed over.
func Read(list []corev1.ConfigMap, prefix string) (*bundle.Bundle, error) {
	files, err := Files(list, prefix)
	if err != nil {
		return nil, err
	}
	return decode(files, prefix)
}

func decode(files map[string][]byte, prefix string) (*bundle.Bundle, error) {
	b, err := bundle.Decode(files, bundle.Limits{})
	if err != nil {
		return nil, fmt.Errorf("the ConfigMaps %s-0 and on hold no whole bundle: %w", prefix, err)
	}
	return b, nil
}

// Mounted is Read as a gateway does it: shards that the manifest does not name are passed
// over, since they are of the bundle before or after.
func Mounted(list []corev1.ConfigMap, prefix string) (*bundle.Bundle, error) {
	files, err := Files(list, prefix)
	if err != nil {
		return nil, err
	}
	if m, err := bundle.DecodeManifest(files[bundle.ManifestName], bundle.Limits{}); err == nil {
		wanted := map[string]bool{bundle.ManifestName: true, bundle.SignatureName: true}
		for _, ref := range slices.Concat(m.Shards, m.Sources) {
			wanted[ref.Name()] = true
		}
		maps.DeleteFunc(files, func(name string, _ []byte) bool { return !wanted[name] && strings.HasSuffix(name, ".json.zst") })
	}
	return decode(files, prefix)
}

// Files gathers the files of the parts of the prefix.
func Files(list []corev1.ConfigMap, prefix string) (map[string][]byte, error) {
	files, from := map[string][]byte{}, map[string]string{}
	for i := range list {
		if _, ok := PartOf(list[i].Name, prefix); !ok {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(list[i].Data)) {
			return nil, fmt.Errorf("ConfigMap %s has data.%s: the files of a bundle are in binaryData; render it again", list[i].Name, name)
		}
		for name, data := range list[i].BinaryData {
			if other, twice := from[name]; twice && !bytes.Equal(files[name], data) {
				return nil, fmt.Errorf("the ConfigMaps %s and %s both hold %s, and differ in it: render the bundle again", other, list[i].Name, name)
			}
			files[name], from[name] = data, list[i].Name
		}
	}
	return files, nil
}
