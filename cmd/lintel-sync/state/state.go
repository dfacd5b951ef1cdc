// Package state keeps what lintel-sync remembers in the cluster: the hold of a rollback,
// and the order of the bundles that were served.
package state

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/owned"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// Bundle names a bundle.
type Bundle struct {
	Digest   string `json:"digest"`
	Content  string `json:"content"`
	Revision string `json:"revision,omitempty"`
}

// Hold keeps a bundle in place until the source has something else than From.
type Hold struct {
	// Bundle is what stays.
	Bundle Bundle `json:"bundle"`
	// From is what it was rolled back from.
	From Bundle `json:"from"`
	// By is who rolled back.
	By string `json:"by,omitempty"`
	// Paused is the Application of Argo CD whose automated sync is switched off, as
	// NAME.NAMESPACE.
	Paused string `json:"paused,omitempty"`
}

// State is all that is remembered. The zero value is that of a new bundle.
type State struct {
	Hold *Hold `json:"hold,omitempty"`
	// History has the bundles that all replicas served, the latest first.
	History []Bundle `json:"history,omitempty"`
}

const key = "state.json"

func place(c *cluster.Cluster, name string) layout.Place {
	return layout.Place{Name: name, Namespace: c.Namespace, Role: layout.RoleState}
}

// Read reads the state of the bundle called name.
func Read(ctx context.Context, c *cluster.Cluster, name string) (State, error) {
	s, _, err := read(ctx, c, name)
	return s, err
}

func read(ctx context.Context, c *cluster.Cluster, name string) (s State, cm *corev1.ConfigMap, err error) {
	cm, err = c.Client.CoreV1().ConfigMaps(c.Namespace).Get(ctx, layout.State(name), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return State{}, nil, nil
	}
	if err != nil {
		return State{}, nil, fmt.Errorf("read ConfigMap %s: %w", layout.State(name), cluster.Explain(err))
	}
	if why := owned.Foreign(cm, place(c, name), false); why != "" {
		return State{}, nil, &owned.TakenError{Name: cm.Name, Namespace: cm.Namespace, Why: why}
	}
	if err := json.Unmarshal([]byte(cm.Data[key]), &s); err != nil {
		return State{}, nil, fmt.Errorf("ConfigMap %s does not hold what lintel-sync wrote: delete it, and history and hold are forgotten (%w)", cm.Name, err)
	}
	return s, cm, nil
}

// Change reads the state, lets change alter it, and writes it, again when somebody else
// wrote meanwhile. Change tells whether there is anything to write.
func Change(ctx context.Context, c *cluster.Cluster, name string, change func(*State) bool) error {
	maps := c.Client.CoreV1().ConfigMaps(c.Namespace)
	return retry.OnError(retry.DefaultBackoff, func(err error) bool { return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) }, func() error {
		s, cm, err := read(ctx, c, name)
		if err != nil {
			return err
		}
		if !change(&s) {
			return nil
		}
		data, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			return fmt.Errorf("write ConfigMap %s: %w", layout.State(name), err)
		}
		if cm != nil {
			cm.Data = map[string]string{key: string(data)}
			_, err = maps.Update(ctx, cm, metav1.UpdateOptions{FieldManager: owned.Manager})
		} else {
			_, err = maps.Create(ctx, &corev1.ConfigMap{
				ObjectMeta: metav1.ObjectMeta{
					Name: layout.State(name), Namespace: c.Namespace,
					Labels: map[string]string{layout.LabelManagedBy: layout.Lintel, layout.LabelBundle: bundle.LabelName(name), layout.LabelRole: string(layout.RoleState)},
				},
				Data: map[string]string{key: string(data)},
			}, metav1.CreateOptions{FieldManager: owned.Manager})
		}
		if err != nil && !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("write ConfigMap %s: %w", layout.State(name), cluster.Explain(err))
		}
		return err
	})
}
