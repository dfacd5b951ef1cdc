package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// served applies a bundle and lets the gateway serve it, so that it is kept.
func (r *clusterRig) served(g *fakeGateway, b *bundle.Bundle) {
	r.t.Helper()
	r.want(0, nil, "apply", "--force", writeBundle(r.t, b))
	g.serves(b.Digest())
	r.want(0, nil, "report", "--once", "--replica", "a="+g.url)
}

func TestRollback(t *testing.T) {
	r := withCluster(t)
	g := newFakeGateway(t)
	one, two := makeBundle(t, "commit-one", "one", 2_500_000), makeBundle(t, "commit-two", "two", 0)
	r.want(1, []string{"the history is empty"}, "rollback", "abcdef")
	r.served(g, one)
	r.served(g, two)
	r.want(1, []string{"is not in the history", "commit-one"}, "rollback", "commit-three")
	r.want(1, []string{"nothing is held"}, "rollback", "--release")
	r.want(100, []string{"rolled back from " + layout.Short(two.Digest())}, "rollback", "commit-one", "--wait", "300ms", "--replica", "a="+g.url)
	g.serves(one.Digest())
	r.want(0, []string{"1 of 1 replicas", "held by a rollback"}, "status", "--replica", "a="+g.url)
	if got := r.configMap("lintel-bundle-0").Annotations[layout.Digest]; got != one.Digest() {
		t.Errorf("the cluster holds %s", got)
	}
	r.want(0, []string{"rolled back"}, "rollback", two.Digest()[:20], "--wait", "0")
	r.want(0, []string{"released"}, "rollback", "--release")
	r.event("RolledBack", 2)

	// A kept bundle that somebody changed is not brought back.
	name := layout.History("lintel-bundle", one.Digest()) + "-0"
	if _, err := r.client.CoreV1().ConfigMaps(r.namespace).Patch(t.Context(), name, types.MergePatchType, []byte(`{"binaryData":{"manifest.json":"e30="}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	r.want(1, []string{"cannot be used"}, "rollback", "commit-one", "--wait", "0")
	if got := r.configMap("lintel-bundle-0").Annotations[layout.Digest]; got != two.Digest() {
		t.Errorf("the cluster holds %s", got)
	}
}

// TestRollbackUnderArgoCD plays Argo CD: its field manager, its tracking id and its
// Application, whose kind is made for the test.
func TestRollbackUnderArgoCD(t *testing.T) {
	r := withCluster(t)
	r.argo()
	g := newFakeGateway(t)
	one, two := makeBundle(t, "one", "one", 0), makeBundle(t, "two", "two", 0)
	for _, b := range []*bundle.Bundle{one, two} {
		r.argoApplies(b)
		g.serves(b.Digest())
		r.want(0, nil, "report", "--once", "--replica", "a="+g.url)
	}
	r.want(1, []string{"Application gateways", "report"}, "apply", writeBundle(t, one))
	r.want(1, []string{"Application gateways", "git revert", "--pause-argocd", "Nothing was changed"}, "rollback", "one", "--wait", "0")
	r.want(1, []string{"there is no Application nobody in namespace argocd"}, "rollback", "one", "--wait", "0", "--pause-argocd", "nobody")
	r.want(0, []string{"is off until", "rolled back"}, "rollback", "one", "--wait", "0", "--pause-argocd", "gateways."+r.namespace)
	cm := r.configMap("lintel-bundle-0")
	if cm.Annotations[layout.Digest] != one.Digest() || cm.Annotations["argocd.argoproj.io/tracking-id"] == "" {
		t.Errorf("annotations %v", cm.Annotations)
	}
	if app := r.application(); strings.Contains(app, `"automated":{`) {
		t.Errorf("the Application still syncs by itself: %s", app)
	}
	r.want(0, []string{"is on again", "released"}, "rollback", "--release")
	if app := r.application(); !strings.Contains(app, `"selfHeal":true`) {
		t.Errorf("the Application does not sync by itself: %s", app)
	}
	// Argo CD applies again, and no file of the other bundle is left.
	r.argoApplies(two)
	if got := r.configMap("lintel-bundle-0"); len(got.BinaryData) != len(two.Files()) {
		t.Errorf("%d files, want %d", len(got.BinaryData), len(two.Files()))
	}
}

func (r *clusterRig) argoApplies(b *bundle.Bundle) {
	r.t.Helper()
	for _, cm := range layout.ConfigMaps(&b.Encoded, layout.Place{Name: "lintel-bundle", Namespace: r.namespace, Role: layout.RoleBundle}) {
		cm.Annotations["argocd.argoproj.io/tracking-id"] = fmt.Sprintf("gateways:/ConfigMap:%s/%s", r.namespace, cm.Name)
		data, err := json.Marshal(cm)
		if err != nil {
			r.t.Fatal(err)
		}
		force := true
		if _, err := r.client.CoreV1().ConfigMaps(r.namespace).Patch(r.t.Context(), cm.Name, types.ApplyPatchType, data, metav1.PatchOptions{FieldManager: "argocd-controller", Force: &force}); err != nil {
			r.t.Fatal(err)
		}
	}
}

const applicationKind = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"applications.argoproj.io"},
"spec":{"group":"argoproj.io","scope":"Namespaced","names":{"plural":"applications","singular":"application","kind":"Application","listKind":"ApplicationList"},
"versions":[{"name":"v1alpha1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}`

func (r *clusterRig) argo() {
	r.t.Helper()
	rest := r.client.CoreV1().RESTClient()
	err := rest.Post().AbsPath("/apis/apiextensions.k8s.io/v1/customresourcedefinitions").Body([]byte(applicationKind)).Do(r.t.Context()).Error()
	if err != nil && !strings.Contains(err.Error(), "already exists") {
		r.t.Fatal(err)
	}
	app := fmt.Sprintf(`{"apiVersion":"argoproj.io/v1alpha1","kind":"Application","metadata":{"name":"gateways","namespace":%q},
"spec":{"syncPolicy":{"automated":{"prune":true,"selfHeal":true}}}}`, r.namespace)
	r.eventually("the Application", func() (bool, string) {
		err := rest.Post().AbsPath("/apis/argoproj.io/v1alpha1/namespaces/" + r.namespace + "/applications").Body([]byte(app)).Do(r.t.Context()).Error()
		return err == nil, fmt.Sprint(err)
	})
}

func (r *clusterRig) application() string {
	r.t.Helper()
	data, err := r.client.CoreV1().RESTClient().Get().AbsPath("/apis/argoproj.io/v1alpha1/namespaces/" + r.namespace + "/applications/gateways").DoRaw(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return string(data)
}

// git runs git in a folder.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "init.defaultBranch=main", "-C", dir}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", filepath.Join(args...), err, out)
	}
	return strings.TrimSpace(string(out))
}
