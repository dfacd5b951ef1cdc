// Package events tells what happened as events of Kubernetes on the first ConfigMap of
// a bundle.
package events

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
)

// Reason is one word for what happened.
type Reason string

// What happens to a bundle.
const (
	Applied      Reason = "BundleApplied"
	Served       Reason = "BundleServed"
	Rejected     Reason = "BundleRejected"
	SourceFailed Reason = "SourceFailed"
	SourceBack   Reason = "SourceBack"
	Findings     Reason = "RoutesHaveFindings"
	ApplyFailed  Reason = "ApplyFailed"
	Healed       Reason = "DriftHealed"
	Rewritten    Reason = "HistoryRewritten"
	RolledBack   Reason = "RolledBack"
	Released     Reason = "HoldReleased"
)

// warns tells which are warnings.
func warns(r Reason) bool {
	switch r {
	case Rejected, SourceFailed, Findings, ApplyFailed, Rewritten:
		return true
	}
	return false
}

// Recorder writes events about one bundle.
type Recorder struct {
	Cluster *cluster.Cluster
	// Name is the bundle's.
	Name string
	// UID is that of the first ConfigMap, once it is known.
	UID types.UID
}

// maxMessage is what the API server takes of a message, in bytes.
const maxMessage = 1024

// Emit writes an event. The same one again, from any process, counts up the one that is
// there.
func (r *Recorder) Emit(ctx context.Context, reason Reason, message string) error {
	if len(message) > maxMessage {
		message = message[:maxMessage-3] + "..."
	}
	kind := corev1.EventTypeNormal
	if warns(reason) {
		kind = corev1.EventTypeWarning
	}
	now := metav1.NewTime(time.Now())
	on := layout.Part(r.Name, 0)
	sum := sha256.Sum256([]byte(string(reason) + "\n" + message))
	e := &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: on + "." + hex.EncodeToString(sum[:8]), Namespace: r.Cluster.Namespace},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Name: on, Namespace: r.Cluster.Namespace, UID: r.UID},
		Reason:         string(reason), Message: message, Type: kind,
		Source:         corev1.EventSource{Component: "lintel-sync"},
		FirstTimestamp: now, LastTimestamp: now, Count: 1,
	}
	api := r.Cluster.Client.CoreV1().Events(r.Cluster.Namespace)
	_, err := api.Create(ctx, e, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		var patch []byte
		if patch, err = r.again(ctx, e.Name, now); err == nil {
			_, err = api.Patch(ctx, e.Name, types.MergePatchType, patch, metav1.PatchOptions{})
		}
	}
	if err != nil {
		return fmt.Errorf("write event %s: %w", reason, cluster.Explain(err))
	}
	return nil
}

func (r *Recorder) again(ctx context.Context, name string, now metav1.Time) ([]byte, error) {
	old, err := r.Cluster.Client.CoreV1().Events(r.Cluster.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"count": old.Count + 1, "lastTimestamp": now})
}
