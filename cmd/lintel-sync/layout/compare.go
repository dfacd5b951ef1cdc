package layout

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Change says in which way one ConfigMap is not as it should be.
type Change struct {
	Name string `json:"name"`
	// Kind is create, change or delete.
	Kind string `json:"kind"`
	// Details say what differs, one sentence each.
	Details []string `json:"details,omitempty"`
}

// The kinds of changes.
const (
	Create = "create"
	Update = "change"
	Delete = "delete"
)

// String is the change in one line.
func (c Change) String() string {
	s := c.Kind + " " + c.Name
	for i, d := range c.Details {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		s += sep + d
	}
	return s
}

// Compare tells what has to change in live, the ConfigMaps that are there, so that it
// is want. Files, labels and annotations of a bundle count; what others add to the
// metadata does not. Live holds only what may be changed and deleted.
func Compare(want, live []corev1.ConfigMap) []Change {
	have := map[string]*corev1.ConfigMap{}
	for i := range live {
		have[live[i].Name] = &live[i]
	}
	var out []Change
	for i := range want {
		old := have[want[i].Name]
		delete(have, want[i].Name)
		if old == nil {
			out = append(out, Change{Name: want[i].Name, Kind: Create})
			continue
		}
		if d := differences(&want[i], old); len(d) > 0 {
			out = append(out, Change{Name: want[i].Name, Kind: Update, Details: d})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		out = append(out, Change{Name: name, Kind: Delete})
	}
	return out
}

func differences(want, have *corev1.ConfigMap) (out []string) {
	for _, k := range slices.Sorted(maps.Keys(want.Labels)) {
		if have.Labels[k] != want.Labels[k] {
			out = append(out, fmt.Sprintf("label %s is %q, not %q", k, have.Labels[k], want.Labels[k]))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(want.Annotations)) {
		if have.Annotations[k] != want.Annotations[k] {
			out = append(out, fmt.Sprintf("annotation %s is %q, not %q", k, have.Annotations[k], want.Annotations[k]))
		}
	}
	if old, there := have.Annotations[Revision]; there && want.Annotations[Revision] == "" {
		out = append(out, fmt.Sprintf("annotation %s is %q and should not be there", Revision, old))
	}
	for _, k := range slices.Sorted(maps.Keys(want.BinaryData)) {
		switch data, there := have.BinaryData[k]; {
		case !there:
			out = append(out, k+" is missing")
		case !bytes.Equal(data, want.BinaryData[k]):
			out = append(out, k+" has other bytes")
		}
	}
	for _, k := range Foreign(want, have) {
		out = append(out, k+" does not belong there")
	}
	return out
}

// Foreign lists the paths of the keys in have that a bundle does not have there, such
// as "binaryData/x": applying does not take them away when others wrote them.
func Foreign(want, have *corev1.ConfigMap) (out []string) {
	for _, k := range slices.Sorted(maps.Keys(have.BinaryData)) {
		if _, wanted := want.BinaryData[k]; !wanted {
			out = append(out, "binaryData/"+k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(have.Data)) {
		out = append(out, "data/"+k)
	}
	return out
}
