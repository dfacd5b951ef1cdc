// Package owned reads the ConfigMaps of a place, and refuses what is somebody else's:
// nothing is changed or deleted that Lintel does not own.
package owned

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/argocd"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// The field managers under which lintel-sync writes.
const (
	Manager       = "lintel-sync"
	ReportManager = "lintel-sync-report"
)

// TakenError says that a ConfigMap of a wanted name is somebody else's.
type TakenError struct{ Name, Namespace, Why string }

// Error says what to do, too.
func (e *TakenError) Error() string {
	return fmt.Sprintf("ConfigMap %s in namespace %s is not ours: %s. Nothing was changed", e.Name, e.Namespace, e.Why)
}

// Live reads the ConfigMaps of the place, sorted by name. It is an error when one of
// them, or one with a name that is wanted, is somebody else's; adopt allows those that
// have Lintel's labels, but were applied by another program.
func Live(ctx context.Context, c *cluster.Cluster, p layout.Place, want []corev1.ConfigMap, adopt bool) ([]corev1.ConfigMap, error) {
	maps := c.Client.CoreV1().ConfigMaps(p.Namespace)
	list, err := maps.List(ctx, metav1.ListOptions{LabelSelector: p.Selector()})
	if err != nil {
		return nil, cluster.Explain(err)
	}
	live := slices.DeleteFunc(list.Items, func(cm corev1.ConfigMap) bool { return !p.Owns(&cm) })
	for i := range want {
		name := want[i].Name
		if slices.ContainsFunc(live, func(cm corev1.ConfigMap) bool { return cm.Name == name }) {
			continue
		}
		cm, err := maps.Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, cluster.Explain(err)
		}
		live = append(live, *cm)
	}
	for i := range live {
		if why := Foreign(&live[i], p, adopt); why != "" {
			return nil, &TakenError{Name: live[i].Name, Namespace: p.Namespace, Why: why}
		}
	}
	slices.SortFunc(live, func(a, b corev1.ConfigMap) int { return strings.Compare(a.Name, b.Name) })
	return live, nil
}

// Foreign says why a ConfigMap is somebody else's, or "".
func Foreign(cm *corev1.ConfigMap, p layout.Place, adopt bool) string {
	if app, ok := argocd.OwnerOf(cm); ok {
		return fmt.Sprintf("Argo CD owns it (Application %s). Let Argo CD apply, and run lintel-sync report beside it; or take it out of the Application first", app)
	}
	if by := cm.Labels[layout.LabelManagedBy]; by != layout.Lintel {
		if by == "" {
			return fmt.Sprintf("it has no label %s. Choose another --name, or delete it yourself", layout.LabelManagedBy)
		}
		return fmt.Sprintf("%s manages it. Choose another --name, or remove it there", by)
	}
	if name := cm.Labels[layout.LabelBundle]; name != "" && name != bundle.LabelName(p.Name) {
		return fmt.Sprintf("it belongs to the bundle %s. Choose another --name", name)
	}
	if role := cm.Labels[layout.LabelRole]; role != "" && role != string(p.Role) {
		return fmt.Sprintf("its role is %s, not %s. Choose another --name", role, p.Role)
	}
	if o := metav1.GetControllerOf(cm); o != nil {
		return fmt.Sprintf("%s %s controls it. Choose another --name", o.Kind, o.Name)
	}
	for _, f := range cm.ManagedFields {
		if f.Operation != metav1.ManagedFieldsOperationApply || f.Manager == Manager || f.Manager == ReportManager || adopt {
			continue
		}
		if f.FieldsV1 != nil && hasFiles(f.FieldsV1.Raw) {
			return fmt.Sprintf("%s applies it. Stop that, then take it over with --adopt", f.Manager)
		}
	}
	return ""
}

// Write applies one ConfigMap under lintel-sync's name.
func Write(ctx context.Context, c *cluster.Cluster, cm *corev1.ConfigMap) error {
	return patch(ctx, c, cm, Manager)
}

// Annotate sets exactly these annotations of the report on a ConfigMap that exists, and
// takes away those that it set before.
func Annotate(ctx context.Context, c *cluster.Cluster, on *corev1.ConfigMap, annotations map[string]string) error {
	return patch(ctx, c, &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		// With the UID the server refuses to create what was deleted meanwhile.
		ObjectMeta: metav1.ObjectMeta{Name: on.Name, Namespace: on.Namespace, UID: on.UID, Annotations: annotations},
	}, ReportManager)
}

func patch(ctx context.Context, c *cluster.Cluster, cm *corev1.ConfigMap, manager string) error {
	data, err := json.Marshal(cm)
	if err != nil {
		return fmt.Errorf("write ConfigMap %s: %w", cm.Name, err)
	}
	force := true
	_, err = c.Client.CoreV1().ConfigMaps(cm.Namespace).Patch(ctx, cm.Name, types.ApplyPatchType, data, metav1.PatchOptions{FieldManager: manager, Force: &force})
	if err != nil {
		return fmt.Errorf("write ConfigMap %s: %w", cm.Name, cluster.Explain(err))
	}
	return nil
}

// Strip removes the keys of live that want does not have: files that others put there,
// which applying leaves alone, and which would make gateways refuse the bundle.
func Strip(ctx context.Context, c *cluster.Cluster, want, live []corev1.ConfigMap) error {
	for i := range want {
		at := slices.IndexFunc(live, func(cm corev1.ConfigMap) bool { return cm.Name == want[i].Name })
		if at < 0 {
			continue
		}
		type op struct {
			Op   string `json:"op"`
			Path string `json:"path"`
		}
		var ops []op
		for _, path := range layout.Foreign(&want[i], &live[at]) {
			group, key, _ := strings.Cut(path, "/")
			ops = append(ops, op{"remove", "/" + group + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)})
		}
		if len(ops) == 0 {
			continue
		}
		data, err := json.Marshal(ops)
		if err != nil {
			return fmt.Errorf("clean ConfigMap %s: %w", want[i].Name, err)
		}
		_, err = c.Client.CoreV1().ConfigMaps(want[i].Namespace).Patch(ctx, want[i].Name, types.JSONPatchType, data, metav1.PatchOptions{FieldManager: Manager})
		// It may be gone between the look and now, and a key with it.
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsInvalid(err) {
			return fmt.Errorf("clean ConfigMap %s: %w", want[i].Name, cluster.Explain(err))
		}
	}
	return nil
}

// Delete removes a ConfigMap, if it is still the one that was looked at.
func Delete(ctx context.Context, c *cluster.Cluster, cm *corev1.ConfigMap) error {
	err := c.Client.CoreV1().ConfigMaps(cm.Namespace).Delete(ctx, cm.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &cm.UID}})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("delete ConfigMap %s: %w", cm.Name, cluster.Explain(err))
	}
	return nil
}
