package main

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
)

// pod makes a pod as the API server has it, whose admin port is the gateway's.
func (r *clusterRig) pod(name string, g *fakeGateway, phase corev1.PodPhase) {
	r.t.Helper()
	u, err := url.Parse(g.url)
	if err != nil {
		r.t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		r.t.Fatal(err)
	}
	labels := map[string]string{"app.kubernetes.io/name": "lintel", "app.kubernetes.io/component": "gateway"}
	pod, err := r.client.CoreV1().Pods(r.namespace).Create(r.t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "gateway", Image: "x", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}, {Name: "admin", ContainerPort: int32(port)}},
		}}},
	}, metav1.CreateOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	pod.Status = corev1.PodStatus{Phase: phase, PodIP: "127.0.0.1", PodIPs: []corev1.PodIP{{IP: "127.0.0.1"}}}
	if _, err := r.client.CoreV1().Pods(r.namespace).UpdateStatus(r.t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *clusterRig) poked(name string) string {
	r.t.Helper()
	pod, err := r.client.CoreV1().Pods(r.namespace).Get(r.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return pod.Annotations[layout.Poke]
}

// TestPods finds gateways by their labels, asks them at their addresses, and pokes those
// that are behind, and no other.
func TestPods(t *testing.T) {
	r := withCluster(t)
	one := makeBundle(t, "one", "one", 0)
	r.want(0, nil, "apply", writeBundle(t, one))
	a, b := newFakeGateway(t), newFakeGateway(t)
	r.pod("gw-a", a, corev1.PodRunning)
	r.pod("gw-b", b, corev1.PodRunning)
	r.pod("gw-done", a, corev1.PodSucceeded)
	a.serves(one.Digest())
	b.serves("sha256:" + strings.Repeat("0", 64))
	via := []string{"--via", "pod"}
	got := r.want(100, []string{"1 of 2 replicas", "gw-b: the kubelet has not brought"}, append([]string{"status"}, via...)...)
	if strings.Contains(got.out, "gw-done") {
		t.Errorf("a pod that has ended counts:\n%s", got.out)
	}
	if r.poked("gw-b") != "" {
		t.Error("status pokes without being told to")
	}
	r.want(100, nil, append([]string{"report", "--once", "--poke"}, via...)...)
	if r.poked("gw-a") != "" || r.poked("gw-b") != layout.Short(one.Digest()) {
		t.Errorf("pokes: %q and %q", r.poked("gw-a"), r.poked("gw-b"))
	}
	// One that was poked in vain is poked again, with another value.
	poke := r.background(append([]string{"poke", "--timeout", "60s"}, via...)...)
	r.eventually("another poke", func() (bool, string) {
		return r.poked("gw-b") == layout.Short(one.Digest())+".2", r.poked("gw-b")
	})
	b.serves(one.Digest())
	if code := poke.wait(); code != 0 {
		t.Errorf("poke exits with %d", code)
	}

	// A pod that does not run yet is a replica that does not serve.
	r.pod("gw-c", a, corev1.PodPending)
	r.want(100, []string{"2 of 3 replicas", "gw-c: the pod is pending"}, append([]string{"status"}, via...)...)
	r.want(100, []string{"2 of 3"}, append([]string{"report", "--once"}, via...)...)
	r.health("Progressing")
	r.want(1, []string{"no gateway was found"}, append([]string{"status", "--selector", "app=other"}, via...)...)
}
