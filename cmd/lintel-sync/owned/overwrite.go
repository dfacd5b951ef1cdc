package owned

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
)

// Overwrite puts the bundle into ConfigMaps that another program applies, in that
// program's name: labels and annotations stay, and when it applies again, it takes away
// what it does not have. Parts that are too many stay, too: gateways pass over shards
// that the manifest does not name. The first part comes last.
func Overwrite(ctx context.Context, c *cluster.Cluster, want []corev1.ConfigMap) error {
	api := c.Client.CoreV1().ConfigMaps(want[0].Namespace)
	first, err := api.Get(ctx, want[0].Name, metav1.GetOptions{})
	if err != nil {
		return cluster.Explain(err)
	}
	for i := len(want) - 1; i >= 0; i-- {
		live, err := api.Get(ctx, want[i].Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			// A part that was not there is the other program's as well.
			live = first.DeepCopy()
			live.ManagedFields = first.ManagedFields
			for k, v := range live.Annotations {
				live.Annotations[k] = renamed(v, want[0].Name, want[i].Name)
			}
		} else if err != nil {
			return cluster.Explain(err)
		}
		cm := want[i].DeepCopy()
		cm.Labels, cm.Annotations = merged(live.Labels, cm.Labels), merged(live.Annotations, cm.Annotations)
		for _, k := range []string{layout.Served, layout.Rejected, layout.Reason, corev1.LastAppliedConfigAnnotation} {
			delete(cm.Annotations, k)
		}
		if err := patch(ctx, c, cm, applierOf(live)); err != nil {
			return err
		}
	}
	return nil
}

// applierOf is the program that applies the files of the ConfigMap.
func applierOf(cm *corev1.ConfigMap) string {
	at := slices.IndexFunc(cm.ManagedFields, func(f metav1.ManagedFieldsEntry) bool {
		return f.Operation == metav1.ManagedFieldsOperationApply && f.FieldsV1 != nil && hasFiles(f.FieldsV1.Raw)
	})
	if at < 0 {
		return Manager
	}
	return cm.ManagedFields[at].Manager
}

// hasFiles tells whether a set of fields (the format fieldsV1) has files of a bundle.
func hasFiles(fields []byte) bool {
	var top map[string]json.RawMessage
	if json.Unmarshal(fields, &top) != nil {
		return false
	}
	_, there := top["f:binaryData"]
	return there
}

func merged(under, over map[string]string) map[string]string {
	out := maps.Clone(under)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, over)
	return out
}

// renamed is a tracking id of Argo CD, such as "app:/ConfigMap:ns/name-0", for another
// ConfigMap.
func renamed(value, old, now string) string {
	if head, ok := strings.CutSuffix(value, "/"+old); ok {
		return fmt.Sprintf("%s/%s", head, now)
	}
	return value
}
