package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// place writes a bundle as a directory that is there already, file by file, as an
// editor would.
func place(t *testing.T, b *bundle.Bundle, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := b.WriteDir(dir); err != nil {
		t.Fatal(err)
	}
}

// holds waits until the cluster holds the bundle.
func (r *clusterRig) holds(digest string) {
	r.t.Helper()
	r.eventually("the cluster holds "+layout.Short(digest), func() (bool, string) {
		cm, err := r.client.CoreV1().ConfigMaps(r.namespace).Get(r.t.Context(), "lintel-bundle-0", metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		manifest := cm.BinaryData[bundle.ManifestName]
		return cm.Annotations[layout.Digest] == digest && bundle.DigestOf(manifest) == digest && len(cm.Data) == 0, cm.Annotations[layout.Digest]
	})
}

func TestAgentOnADirectory(t *testing.T) {
	r := withCluster(t)
	src := t.TempDir()
	dir := filepath.Join(src, "bundle")
	one, two := makeBundle(t, "one", "one", 0), makeBundle(t, "two", "two", 0)
	place(t, one, dir)
	g := newFakeGateway(t)
	listen := "127.0.0.1:" + freePort()
	run := r.background("run", "--source", src, "--path", "bundle", "--interval", "1s", "--replica", "a="+g.url, "--metrics-listen", listen)
	r.holds(one.Digest())
	g.serves(one.Digest())
	r.eventually("healthy", func() (bool, string) { return r.is("Healthy") })

	// A change by hand is undone, and told.
	edit := `{"binaryData":{"extra":"eA==","manifest.json":"e30="},"data":{"y":"z"}}`
	if _, err := r.client.CoreV1().ConfigMaps(r.namespace).Patch(t.Context(), "lintel-bundle-0", types.MergePatchType, []byte(edit), metav1.PatchOptions{FieldManager: "kubectl-edit"}); err != nil {
		t.Fatal(err)
	}
	r.holds(one.Digest())
	// So is a deletion.
	if err := r.client.CoreV1().ConfigMaps(r.namespace).Delete(t.Context(), "lintel-bundle-0", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	r.holds(one.Digest())
	r.eventually("both are told", func() (bool, string) {
		return strings.Count(run.log.String(), "undid what somebody changed") >= 2, run.log.String()
	})

	// One-shot apply would be undone: it is refused.
	r.want(1, []string{"the agent", "would undo this", "--force"}, "apply", writeBundle(t, two))

	// What the source has no more, or in part, changes nothing.
	if err := os.Remove(filepath.Join(dir, bundle.ManifestName)); err != nil {
		t.Fatal(err)
	}
	r.says(run, "the source cannot be used")
	r.holds(one.Digest())
	place(t, two, dir)
	r.holds(two.Digest())
	g.serves(two.Digest())
	r.eventually("healthy", func() (bool, string) { return r.is("Healthy") })
	r.eventually("two is kept", func() (bool, string) {
		a := r.call("rollback", "--list")
		return strings.Contains(a.out, two.Digest()), a.out
	})

	// A rollback stays, though the source has something else, until that changes.
	r.want(0, []string{"rolled back"}, "rollback", "one", "--wait", "0")
	r.holds(one.Digest())
	place(t, makeBundle(t, "two-again", "two", 0), dir)
	r.says(run, "a rollback is held")
	if _, err := r.client.CoreV1().ConfigMaps(r.namespace).Patch(t.Context(), "lintel-bundle-0", types.MergePatchType, []byte(`{"data":{"y":"z"}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	r.holds(one.Digest())
	three := makeBundle(t, "three", "three", 0)
	place(t, three, dir)
	r.holds(three.Digest())
	r.want(1, []string{"nothing is held"}, "rollback", "--release")

	// Replicas are asked after a bundle is applied, so their metrics come a moment later.
	for _, want := range []string{"lintel_sync_leader 1", "lintel_sync_source_up 1", `lintel_sync_runs_total{outcome="applied"}`, "lintel_sync_drift_healed_total", `lintel_sync_replicas{state="behind"} 1`} {
		r.eventually("the metrics say "+want, func() (bool, string) {
			text := scrape(t, "http://"+listen+"/metrics")
			return strings.Contains(text, want), text
		})
	}
	if scrape(t, "http://"+listen+"/readyz") != "ok\n" {
		t.Error("it is not ready")
	}
	if code := run.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
}

// TestTwoAgents wants the second one to end with a word, or to stand by and take over.
func TestTwoAgents(t *testing.T) {
	r := withCluster(t)
	src := t.TempDir()
	place(t, makeBundle(t, "one", "one", 0), filepath.Join(src, "bundle"))
	g := newFakeGateway(t)
	args := []string{"run", "--source", src, "--path", "bundle", "--replica", "a=" + g.url, "--id"}
	first := r.background(append(args, "first")...)
	r.says(first, "the agent is at work")
	r.want(1, []string{"another agent is at work: first holds the lease lintel-bundle-sync", "--leader-elect"}, append(args, "second")...)
	third := r.background(append(append([]string{}, args...), "third", "--leader-elect")...)
	r.says(third, "another agent holds the lease")
	if code := first.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	r.says(third, "the agent is at work")
}

// TestAgentRefuses wants the agent to leave alone what is somebody else's, and to say so.
func TestAgentRefuses(t *testing.T) {
	r := withCluster(t)
	src := t.TempDir()
	place(t, makeBundle(t, "one", "one", 0), filepath.Join(src, "bundle"))
	r.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "lintel-bundle-0"}, Data: map[string]string{"mine": "x"}})
	g := newFakeGateway(t)
	run := r.background("run", "--source", src, "--path", "bundle", "--replica", "a="+g.url)
	r.says(run, "is not ours")
	r.eventually("an event", func() (bool, string) {
		list, err := r.client.CoreV1().Events(r.namespace).List(t.Context(), metav1.ListOptions{})
		return err == nil && len(list.Items) == 1 && list.Items[0].Reason == "ApplyFailed", fmt.Sprint(list, err)
	})
	if cm := r.configMap("lintel-bundle-0"); cm.Data["mine"] != "x" || len(cm.BinaryData) != 0 {
		t.Errorf("it was changed: %v", cm)
	}
}

// commit writes rendered ConfigMaps of a bundle and commits them.
func commit(t *testing.T, repo string, b *bundle.Bundle) string {
	t.Helper()
	var text bytes.Buffer
	if err := bundle.WriteYAML(&text, bundle.ConfigMaps(&b.Encoded, "lintel-bundle", "")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(repo, "rendered"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(repo, "rendered", "bundle.yaml"), text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, repo, "add", "-A")
	git(t, repo, "commit", "-qm", b.Manifest().Revision)
	return git(t, repo, "rev-parse", "HEAD")
}

func TestAgentOnGit(t *testing.T) {
	r := withCluster(t)
	repo := filepath.Join(t.TempDir(), "repo")
	if err := os.MkdirAll(repo, 0o755); err != nil {
		t.Fatal(err)
	}
	git(t, repo, "init", "-q")
	one, two, three := makeBundle(t, "one", "one", 0), makeBundle(t, "two", "two", 0), makeBundle(t, "three", "three", 2_500_000)
	first := commit(t, repo, one)
	g := newFakeGateway(t)
	run := r.background("run", "--source", "file://"+repo, "--path", "rendered", "--interval", "300ms", "--replica", "a="+g.url)
	r.holds(one.Digest())
	commit(t, repo, two)
	r.holds(two.Digest())

	// Somebody force-pushes another history.
	git(t, repo, "reset", "-q", "--hard", first)
	git(t, repo, "commit", "-q", "--amend", "-m", "another one")
	commit(t, repo, three)
	r.holds(three.Digest())
	r.says(run, "the history was rewritten")
	r.event("HistoryRewritten", 1)

	// The repository goes, and comes back with a commit that holds nothing of ours.
	if err := os.Rename(repo, repo+".away"); err != nil {
		t.Fatal(err)
	}
	r.says(run, "the source cannot be used")
	r.holds(three.Digest())
	git(t, repo+".away", "rm", "-q", "rendered/bundle.yaml")
	git(t, repo+".away", "commit", "-q", "--allow-empty", "-m", "nothing")
	if err := os.Rename(repo+".away", repo); err != nil {
		t.Fatal(err)
	}
	r.says(run, "there is no rendered at commit")
	r.holds(three.Digest())
	if len(r.names()) != 3 {
		t.Errorf("something was deleted: %v", r.names())
	}
	commit(t, repo, one)
	r.holds(one.Digest())
}
