// Package poke makes kubelets look at the volumes of pods at once: a changed annotation
// on a pod does that, where otherwise a minute may pass.
package poke

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/owned"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/standing"
)

const (
	// again is after how long a pod that is still behind is poked once more: the first
	// poke may have come before the kubelet knew of the ConfigMap.
	again = 3 * time.Second
	// most is how often a pod is poked for one bundle.
	most = 5
)

// Memory knows which pods were poked for what. The zero value knows nothing.
type Memory struct {
	digest string
	pods   map[string]*count
}

type count struct {
	n    int
	last time.Time
}

// Pods pokes the pods that the wanted bundle has not reached.
func (m *Memory) Pods(ctx context.Context, c *cluster.Cluster, v standing.Standing, now time.Time) error {
	if m.digest != v.Wanted {
		m.digest, m.pods = v.Wanted, map[string]*count{}
	}
	var failed error
	for _, r := range v.Replicas {
		if !r.Pod || r.State != standing.Behind && r.State != standing.Waiting && !(r.State == standing.Refusing && r.Status.RejectedDigest != v.Wanted) {
			continue
		}
		seen := m.pods[r.Name]
		if seen == nil {
			seen = &count{}
			m.pods[r.Name] = seen
		}
		if seen.n >= most || seen.n > 0 && now.Sub(seen.last) < again {
			continue
		}
		seen.n, seen.last = seen.n+1, now
		failed = errors.Join(failed, pod(ctx, c, r.Name, value(v.Wanted, r.Poked)))
	}
	return failed
}

// value is the next value for a pod: the first 12 digits of the digest, and when the pod
// has that already, a number behind it.
func value(digest, before string) string {
	short := layout.Short(digest)
	if before == short {
		return short + ".2"
	}
	if n, ok := numbered(before, short); ok {
		return short + "." + strconv.Itoa(n+1)
	}
	return short
}

func numbered(value, short string) (int, bool) {
	if len(value) <= len(short)+1 || value[:len(short)+1] != short+"." {
		return 0, false
	}
	n, err := strconv.Atoi(value[len(short)+1:])
	return n, err == nil
}

func pod(ctx context.Context, c *cluster.Cluster, name, value string) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{layout.Poke: value}}})
	if err != nil {
		return fmt.Errorf("poke pod %s: %w", name, err)
	}
	_, err = c.Client.CoreV1().Pods(c.Namespace).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: owned.Manager})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("poke pod %s: %w", name, cluster.Explain(err))
	}
	return nil
}
