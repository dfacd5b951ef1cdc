package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/keep"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/standing"
)

func TestReport(t *testing.T) {
	r := withCluster(t)
	r.want(1, []string{"has no ConfigMap lintel-bundle-0", "--namespace"}, "report", "--once", "--replica", "a=http://127.0.0.1:1")
	one := makeBundle(t, "r1", "one", 2_500_000)
	r.want(0, nil, "apply", writeBundle(t, one))
	a, b := newFakeGateway(t), newFakeGateway(t)
	replicas := []string{"--replica", "a=" + a.url, "--replica", "b=" + b.url}
	a.serves(one.Digest())
	r.want(100, []string{"1 of 2 replicas"}, append([]string{"report", "--once"}, replicas...)...)
	r.health("Progressing")
	if len(r.names()) != 3 {
		t.Errorf("something was kept that not all serve: %v", r.names())
	}
	b.serves(one.Digest())
	r.want(0, []string{"2 of 2 replicas"}, append([]string{"report", "--once"}, replicas...)...)
	r.health("Healthy")
	if got := r.configMap("lintel-bundle-0").Annotations[layout.Served]; got != one.Digest()+" 2/2" {
		t.Errorf("served %q", got)
	}
	for _, prefix := range []string{layout.LastGood("lintel-bundle"), layout.History("lintel-bundle", one.Digest())} {
		var parts []corev1.ConfigMap
		for i := range 3 {
			parts = append(parts, *r.configMap(layout.Part(prefix, i)))
		}
		kept, err := layout.Read(parts, prefix)
		if err != nil || kept.Digest() != one.Digest() {
			t.Errorf("%s holds %v: %v", prefix, kept, err)
		}
	}

	// The same again writes nothing.
	before := r.revision("lintel-bundle-0")
	r.want(0, nil, append([]string{"report", "--once"}, replicas...)...)
	if now := r.revision("lintel-bundle-0"); now != before {
		t.Errorf("an unchanged state was written again: %d, then %d", before, now)
	}

	two := makeBundle(t, "r2", "two", 0)
	r.want(0, nil, "apply", writeBundle(t, two))
	r.health("Progressing")
	b.refuses(one.Digest(), two.Digest())
	r.want(100, []string{"b: bundle-refused: filter jwt is not known"}, append([]string{"report", "--once"}, replicas...)...)
	r.health("Degraded")
	cm := r.configMap("lintel-bundle-0")
	if cm.Annotations[layout.Rejected] != two.Digest() || cm.Annotations[layout.Reason] != "b: bundle-refused: filter jwt is not known" {
		t.Errorf("annotations %v", cm.Annotations)
	}
	// The last good bundle is still the first one: that is what new pods fall back to.
	if got := r.configMap("lintel-bundle-lastgood-0").Annotations[layout.Digest]; got != one.Digest() {
		t.Errorf("last good is %s", got)
	}
	r.want(100, nil, append([]string{"report", "--once"}, replicas...)...)
	r.event("BundleRejected", 1)

	a.serves(two.Digest())
	b.serves(two.Digest())
	r.want(0, nil, append([]string{"report", "--once"}, replicas...)...)
	r.health("Healthy")
	if cm := r.configMap("lintel-bundle-0"); cm.Annotations[layout.Rejected] != "" || cm.Annotations[layout.Reason] != "" {
		t.Errorf("a refusal that is over still stands: %v", cm.Annotations)
	}
	if got := strings.Join(r.names(), " "); strings.Contains(got, "lastgood-1") {
		t.Errorf("parts of the last good bundle before are left: %s", got)
	}
	r.want(0, []string{one.Digest() + "  r1", two.Digest() + "  r2"}, "rollback", "--list")
}

// TestHistoryIsBounded serves more bundles than are kept.
func TestHistoryIsBounded(t *testing.T) {
	r := withCluster(t)
	g := newFakeGateway(t)
	var digests []string
	for i := range keep.Most + 2 {
		b := makeBundle(t, strings.Repeat("r", i+1), "x", 0)
		r.want(0, nil, "apply", writeBundle(t, b))
		g.serves(b.Digest())
		r.want(0, nil, "report", "--once", "--replica", "a="+g.url)
		digests = append(digests, b.Digest())
	}
	kept := map[string]bool{}
	for _, name := range r.names() {
		kept[name] = true
	}
	for i, d := range digests {
		if want := i >= 2; kept[layout.History("lintel-bundle", d)+"-0"] != want {
			t.Errorf("bundle %d of %d kept: %v, want %v", i, len(digests), !want, want)
		}
	}
}

func TestStatus(t *testing.T) {
	r := withCluster(t)
	one := makeBundle(t, "r1", "one", 0)
	r.want(0, nil, "apply", writeBundle(t, one))
	r.want(1, []string{"no gateway was found", "--selector"}, "status")
	a, b := newFakeGateway(t), newFakeGateway(t)
	a.serves(one.Digest())
	replicas := []string{"--replica", "a=" + a.url, "--replica", "b=" + b.url}
	r.want(100, []string{"1 of 2 replicas", "a        serving", "b        silent", "404"}, append([]string{"status"}, replicas...)...)
	b.set(`{"digest":"sha256:1234567890abcdef","revision":"r0","snapshots":[{"digest":"sha256:1234567890abcdef","users":1,"current":true},{"digest":"sha256:0","users":3,"current":false}]}`)
	got := r.want(100, []string{"b        behind", "the kubelet has not brought", "connections still on old bundles: 3"}, append([]string{"status"}, replicas...)...)
	if !strings.Contains(got.out, "2026-01-02T03:04:05Z") {
		t.Errorf("since when is missing:\n%s", got.out)
	}
	r.want(0, nil, append([]string{"status", "--digest", one.Digest()[7:20]}, replicas[:2]...)...)
	r.want(100, nil, append([]string{"status", "--digest", "abcdef123456"}, replicas[:2]...)...)
	r.want(100, []string{"1 of 2"}, append([]string{"status", "--watch", "--timeout", "400ms"}, replicas...)...)

	watch := r.background(append([]string{"status", "--watch", "--timeout", "60s"}, replicas...)...)
	r.says(watch, "b is behind")
	b.serves(one.Digest())
	var v struct {
		Serving, All int
		Replicas     []struct{ Name, State, Digest string }
	}
	out := r.want(0, nil, append([]string{"status", "--format", "json"}, replicas...)...)
	if err := json.Unmarshal([]byte(out.out), &v); err != nil || v.Serving != 2 || v.All != 2 || v.Replicas[1].State != string(standing.Serving) {
		t.Errorf("%v: %s", err, out.out)
	}
	if code := watch.wait(); code != 0 {
		t.Errorf("the watch ended with %d", code)
	}
}

// TestReportLoop wants a refusal in the annotations within seconds.
func TestReportLoop(t *testing.T) {
	r := withCluster(t)
	one := makeBundle(t, "r1", "one", 0)
	g := newFakeGateway(t)
	report := r.background("report", "--interval", "200ms", "--replica", "a="+g.url)
	r.says(report, "has no ConfigMap")
	r.want(0, nil, "apply", writeBundle(t, one))
	g.serves(one.Digest())
	r.eventually("healthy", func() (bool, string) { return r.is("Healthy") })
	two := makeBundle(t, "r2", "two", 0)
	r.want(0, nil, "apply", writeBundle(t, two))
	g.refuses(one.Digest(), two.Digest())
	r.eventually("degraded", func() (bool, string) { return r.is("Degraded") })
	if code := report.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
}

func (r *clusterRig) is(status string) (bool, string) {
	r.t.Helper()
	cm := r.configMap("lintel-bundle-0")
	a := cm.Annotations
	// What charts/argocd's health check makes of them.
	got := "Progressing"
	switch digest := a[layout.Digest]; {
	case digest == "":
	case a[layout.Rejected] == digest:
		got = "Degraded"
	default:
		var n, m int
		served, share, _ := strings.Cut(a[layout.Served], " ")
		if _, err := fmt.Sscanf(share, "%d/%d", &n, &m); err == nil && served == digest && n == m && m > 0 {
			got = "Healthy"
		}
	}
	return got == status, fmt.Sprintf("%s: %s %s", got, a[layout.Served], a[layout.Reason])
}

func (r *clusterRig) health(want string) {
	r.t.Helper()
	if ok, got := r.is(want); !ok {
		r.t.Errorf("health is %s, want %s", got, want)
	}
}

// event waits for so many events of a reason, the same one counted once, and returns
// the message of one.
func (r *clusterRig) event(reason string, want int) (message string) {
	r.t.Helper()
	r.eventually(reason, func() (bool, string) {
		list, err := r.client.CoreV1().Events(r.namespace).List(r.t.Context(), metav1.ListOptions{})
		if err != nil {
			return false, err.Error()
		}
		n := 0
		for _, e := range list.Items {
			if e.Reason == reason {
				n, message = n+1, e.Message
			}
		}
		return n == want, fmt.Sprintf("%d events, want %d", n, want)
	})
	return message
}
