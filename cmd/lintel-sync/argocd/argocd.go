// Package argocd knows by what Argo CD marks its objects, and switches the automated
// sync of an Application off and on.
package argocd

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
)

const (
	trackingID = "argocd.argoproj.io/tracking-id"
	instance   = "argocd.argoproj.io/instance"
	// paused keeps the policy that Pause switched off, on the Application.
	paused = "lintel.dev/paused-automated-sync"
)

// OwnerOf tells which Application an object belongs to, "APP" or "NAMESPACE_APP" as
// Argo CD writes it.
func OwnerOf(cm *corev1.ConfigMap) (string, bool) {
	if id := cm.Annotations[trackingID]; id != "" {
		app, _, _ := strings.Cut(id, ":")
		return app, true
	}
	app, ok := cm.Labels[instance]
	return app, ok
}

// App names an Application.
type App struct{ Name, Namespace string }

// ParseApp reads APP or APP.NAMESPACE; the namespace is argocd when none is given.
func ParseApp(s string) App {
	name, ns, ok := strings.Cut(s, ".")
	if !ok {
		ns = "argocd"
	}
	return App{name, ns}
}

// String is the form that ParseApp reads.
func (a App) String() string { return a.Name + "." + a.Namespace }

func (a App) open(c *cluster.Cluster) (dynamic.ResourceInterface, error) {
	client, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", c.Config.Host, err)
	}
	return client.Resource(schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}).Namespace(a.Namespace), nil
}

// Pause switches the automated sync off, and keeps what it was on the Application.
// Pausing twice changes nothing.
func (a App) Pause(ctx context.Context, c *cluster.Cluster) error {
	apps, app, err := a.get(ctx, c)
	if err != nil {
		return err
	}
	policy, on, err := unstructured.NestedMap(app.Object, "spec", "syncPolicy", "automated")
	if err != nil || !on {
		return err
	}
	kept, err := json.Marshal(policy)
	if err != nil {
		return fmt.Errorf("pause Application %s: %w", a, err)
	}
	return a.patch(ctx, apps, "pause", map[string]any{paused: string(kept)}, nil)
}

// Resume brings back what Pause switched off, and tells whether there was anything.
func (a App) Resume(ctx context.Context, c *cluster.Cluster) (bool, error) {
	apps, app, err := a.get(ctx, c)
	if err != nil {
		return false, err
	}
	kept := app.GetAnnotations()[paused]
	if kept == "" {
		return false, nil
	}
	var policy map[string]any
	if err := json.Unmarshal([]byte(kept), &policy); err != nil {
		return false, fmt.Errorf("resume Application %s: the annotation %s is no JSON: %w", a, paused, err)
	}
	return true, a.patch(ctx, apps, "resume", map[string]any{paused: nil}, policy)
}

func (a App) get(ctx context.Context, c *cluster.Cluster) (dynamic.ResourceInterface, *unstructured.Unstructured, error) {
	apps, err := a.open(c)
	if err != nil {
		return nil, nil, err
	}
	app, err := apps.Get(ctx, a.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil, fmt.Errorf("there is no Application %s in namespace %s: give --pause-argocd APP.NAMESPACE", a.Name, a.Namespace)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read Application %s: %w", a, cluster.Explain(err))
	}
	return apps, app, nil
}

func (a App) patch(ctx context.Context, apps dynamic.ResourceInterface, what string, annotations map[string]any, automated map[string]any) error {
	// A nil map is null in JSON, which a merge patch takes as "remove".
	data, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"annotations": annotations},
		"spec":     map[string]any{"syncPolicy": map[string]any{"automated": automated}},
	})
	if err != nil {
		return fmt.Errorf("%s Application %s: %w", what, a, err)
	}
	if _, err := apps.Patch(ctx, a.Name, types.MergePatchType, data, metav1.PatchOptions{FieldManager: "lintel-sync"}); err != nil {
		return fmt.Errorf("%s Application %s: %w", what, a, cluster.Explain(err))
	}
	return nil
}
