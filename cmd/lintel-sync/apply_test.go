package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

func TestApplyAndDiff(t *testing.T) {
	r := withCluster(t)
	one := makeBundle(t, "r1", "one", 0)
	dir := writeBundle(t, one)
	r.want(100, []string{"create lintel-bundle-0"}, "diff", dir)
	r.want(0, []string{"create lintel-bundle-0", "applied " + one.Digest()}, "apply", dir)
	r.want(0, []string{"no difference"}, "diff", dir)
	r.want(0, []string{"nothing changed"}, "apply", dir)
	cm := r.configMap("lintel-bundle-0")
	if cm.Annotations[layout.Digest] != one.Digest() || cm.Labels[layout.LabelRole] != "bundle" || cm.Annotations[layout.Parts] != "1" {
		t.Errorf("metadata %v %v", cm.Labels, cm.Annotations)
	}

	// What somebody does by hand is told, and undone.
	patch := `{"binaryData":{"extra":"eA==","` + bundle.ManifestName + `":"e30="},"data":{"y":"z"},"metadata":{"annotations":{"lintel.dev/digest":"sha256:0"}}}`
	if _, err := r.client.CoreV1().ConfigMaps(r.namespace).Patch(t.Context(), cm.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl-edit"}); err != nil {
		t.Fatal(err)
	}
	r.want(100, []string{"binaryData/extra does not belong there", "data/y does not belong there", "manifest.json has other bytes", `is "sha256:0"`}, "diff", dir)
	r.want(0, []string{"change lintel-bundle-0"}, "apply", dir)
	r.want(0, []string{"no difference"}, "diff", dir)

	// The annotations of the report are nobody else's to take away.
	g := newFakeGateway(t)
	g.serves(one.Digest())
	r.want(0, []string{"1 of 1"}, "report", "--once", "--replica", "a="+g.url)
	two := writeBundle(t, makeBundle(t, "r2", "two", 0))
	r.want(0, nil, "apply", two)
	if cm := r.configMap("lintel-bundle-0"); cm.Annotations[layout.Served] != one.Digest()+" 1/1" || len(cm.BinaryData) != 3 {
		t.Errorf("after the second bundle: %v, %d files", cm.Annotations, len(cm.BinaryData))
	}
}

// TestPartsComeInOrder wants the manifest after the shards, and leftovers to go.
func TestPartsComeInOrder(t *testing.T) {
	r := withCluster(t)
	big := makeBundle(t, "big", "one", 2_500_000)
	r.want(0, []string{"create lintel-bundle-0", "create lintel-bundle-2"}, "apply", writeBundle(t, big))
	last := r.revision("lintel-bundle-0")
	for _, name := range []string{"lintel-bundle-1", "lintel-bundle-2"} {
		if got := r.revision(name); got >= last {
			t.Errorf("%s was written at %d, the manifest at %d: it must come last", name, got, last)
		}
	}
	if size := len(r.configMap("lintel-bundle-1").BinaryData); size == 0 {
		t.Error("the second part is empty")
	}
	// One of the same name's beginning, and one that only has the labels, stay.
	r.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "lintel-bundle-1-mine"}})
	r.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "other-1", Labels: map[string]string{layout.LabelManagedBy: "lintel", layout.LabelBundle: "lintel-bundle", layout.LabelRole: "bundle"}}})
	small := writeBundle(t, makeBundle(t, "small", "two", 0))
	r.want(100, []string{"delete lintel-bundle-1", "delete lintel-bundle-2"}, "diff", small)
	r.want(0, []string{"delete lintel-bundle-1"}, "apply", small)
	if got := strings.Join(r.names(), " "); got != "lintel-bundle-0 lintel-bundle-1-mine other-1" {
		t.Errorf("there is %s", got)
	}
}

// TestNotOurs wants a refusal, with nothing applied, where a name is somebody else's.
func TestNotOurs(t *testing.T) {
	two := makeBundle(t, "r", "x", 2_500_000)
	for name, c := range map[string]struct {
		labels, annotations map[string]string
		want                string
	}{
		"no label":   {nil, nil, "has no label app.kubernetes.io/managed-by"},
		"Helm":       {map[string]string{layout.LabelManagedBy: "Helm"}, nil, "Helm manages it"},
		"another":    {map[string]string{layout.LabelManagedBy: "lintel", layout.LabelBundle: "edge"}, nil, "belongs to the bundle edge"},
		"Argo CD":    {map[string]string{layout.LabelManagedBy: "lintel"}, map[string]string{"argocd.argoproj.io/tracking-id": "gateways:/ConfigMap:x/lintel-bundle-1"}, "Application gateways"},
		"other role": {map[string]string{layout.LabelManagedBy: "lintel", layout.LabelBundle: "lintel-bundle", layout.LabelRole: "history"}, nil, "role is history"},
	} {
		t.Run(name, func(t *testing.T) {
			r := withCluster(t)
			r.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "lintel-bundle-1", Labels: c.labels, Annotations: c.annotations}})
			r.want(1, []string{c.want, "Nothing was changed"}, "apply", writeBundle(t, two))
			if got := r.names(); !slices.Equal(got, []string{"lintel-bundle-1"}) {
				t.Errorf("there is %v", got)
			}
		})
	}
}

func TestAdopt(t *testing.T) {
	r := withCluster(t)
	b := makeBundle(t, "r", "x", 0)
	data := fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"lintel-bundle-0","labels":{"app.kubernetes.io/managed-by":"lintel"}},"binaryData":{"manifest.json":"e30="}}`)
	_, err := r.client.CoreV1().ConfigMaps(r.namespace).Patch(t.Context(), "lintel-bundle-0", types.ApplyPatchType, []byte(data), metav1.PatchOptions{FieldManager: "kubectl"})
	if err != nil {
		t.Fatal(err)
	}
	r.want(1, []string{"kubectl applies it", "--adopt"}, "apply", writeBundle(t, b))
	r.want(0, []string{"applied"}, "apply", "--adopt", writeBundle(t, b))
}

func TestWhatIsMissing(t *testing.T) {
	r := withCluster(t)
	dir := writeBundle(t, makeBundle(t, "r", "x", 0))

	// A namespace that is not there.
	real := r.namespace
	r.namespace = "nowhere"
	r.want(1, []string{"there is no namespace nowhere"}, "apply", dir)
	r.want(1, []string{"has no ConfigMap lintel-bundle-0"}, "status")
	r.namespace = real

	// An account without rights, and then with some of them.
	limited := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(limited, []byte(r.server.configFor("limited-token")), 0o600); err != nil {
		t.Fatal(err)
	}
	admin := r.kubeconfig
	r.kubeconfig = limited
	r.want(1, []string{"may not", "patch configmaps", "list configmaps", "create events", "namespace " + r.namespace}, "apply", dir)
	r.want(1, []string{"list pods", "get pods/proxy"}, "status")
	r.want(1, []string{"update leases.coordination.k8s.io"}, "run", "--source", t.TempDir())
	role := r.allow([]rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "list", "watch", "create", "update", "patch"}},
		{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"get", "create", "patch"}},
	})
	r.eventually("the role", func() (bool, string) {
		a := r.call("apply", dir)
		return a.code == 1 && strings.Contains(a.err, "may not delete configmaps, get leases.coordination.k8s.io in namespace"), a.err
	})
	if got := r.names(); len(got) != 0 {
		t.Errorf("without the right to delete, something was applied: %v", got)
	}
	// With all that the README lists, and no more, it works.
	role.Rules = append(role.Rules,
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"delete"}},
		rbacv1.PolicyRule{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"get", "create", "update"}})
	if _, err := r.client.RbacV1().Roles(r.namespace).Update(t.Context(), role, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	r.eventually("the whole role", func() (bool, string) {
		a := r.call("apply", dir)
		return a.code == 0, a.err
	})
	g := newFakeGateway(t)
	g.serves(r.configMap("lintel-bundle-0").Annotations[layout.Digest])
	r.want(0, nil, "report", "--once", "--replica", "a="+g.url)
	r.kubeconfig = admin

	// A server that is not there.
	away := filepath.Join(t.TempDir(), "kubeconfig")
	text := strings.Replace(r.server.configFor("x"), r.server.addr, "127.0.0.1:1", 1)
	if err := os.WriteFile(away, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r.kubeconfig = away
	r.want(1, []string{"the API server cannot be reached"}, "apply", dir)
	r.want(1, []string{"the API server cannot be reached"}, "status")
}

// allow lets the account with the limited token do what the rules say.
func (r *clusterRig) allow(rules []rbacv1.PolicyRule) *rbacv1.Role {
	r.t.Helper()
	role, err := r.client.RbacV1().Roles(r.namespace).Create(r.t.Context(), &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "some"}, Rules: rules}, metav1.CreateOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "some"}, RoleRef: rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: "some"},
		Subjects: []rbacv1.Subject{{Kind: "User", Name: "limited", APIGroup: "rbac.authorization.k8s.io"}},
	}
	if _, err := r.client.RbacV1().RoleBindings(r.namespace).Create(r.t.Context(), binding, metav1.CreateOptions{}); err != nil {
		r.t.Fatal(err)
	}
	return role
}

func (r *clusterRig) create(cm *corev1.ConfigMap) {
	r.t.Helper()
	if _, err := r.client.CoreV1().ConfigMaps(r.namespace).Create(r.t.Context(), cm, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		r.t.Fatal(err)
	}
}

// revision is when a ConfigMap was written, in the API server's count.
func (r *clusterRig) revision(name string) int {
	r.t.Helper()
	n, err := strconv.Atoi(r.configMap(name).ResourceVersion)
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}
