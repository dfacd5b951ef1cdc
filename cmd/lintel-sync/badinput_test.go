package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/source"
)

// contents are all ConfigMaps of the namespace: their files, whose they are and which
// bundle. What an agent notes of replicas is left out.
func (r *clusterRig) contents() map[string]string {
	r.t.Helper()
	list, err := r.client.CoreV1().ConfigMaps(r.namespace).List(r.t.Context(), metav1.ListOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	out := map[string]string{}
	for _, cm := range list.Items {
		data, err := json.Marshal([]any{cm.Data, cm.BinaryData, cm.Labels, cm.Annotations[layout.Digest], cm.UID})
		if err != nil {
			r.t.Fatal(err)
		}
		out[cm.Name] = string(data)
	}
	return out
}

// TestBadInput walks what may be wrong around a bundle that is served. Whatever it is, a
// message says so and what to do, nothing is half applied, and nothing is deleted: by
// the agent, which goes on or ends, and by the verb for people. A history that is
// force-pushed and a repository that goes are with TestAgentOnGit, since the agent
// follows the one and waits for the other.
func TestBadInput(t *testing.T) {
	one, two := makeBundle(t, "one", "one", 0), makeBundle(t, "two", "two", 2_500_000)
	as := func(r *clusterRig, config string) string {
		file := filepath.Join(t.TempDir(), "kubeconfig")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			r.t.Fatal(err)
		}
		return file
	}
	limited := func(r *clusterRig) { r.kubeconfig = as(r, r.server.configFor("limited-token")) }
	elsewhere := func(r *clusterRig) { r.namespace = "nowhere" }
	// somebody has a ConfigMap that the second bundle wants.
	somebody := func(labels map[string]string) func(*clusterRig) {
		return func(r *clusterRig) {
			r.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "lintel-bundle-2", Labels: labels}, Data: map[string]string{"mine": "x"}})
		}
	}
	apply, run := []string{"apply", writeBundle(t, two)}, []string{"run", "--source", filepath.Dir(writeBundle(t, two)), "--path", "bundle"}
	from := func(args ...string) []string { return append([]string{"run", "--path", "routes"}, args...) }
	empty, huge := t.TempDir(), hugeRepository(t)
	for _, c := range []struct {
		name string
		// wrong makes it so, and may change how the verb reaches the cluster; nil when the
		// arguments do.
		wrong func(*clusterRig)
		args  []string
		// ends is the exit status; -1 for an agent that goes on.
		ends int
		want string
	}{
		{"wrong namespace: apply", elsewhere, apply, 1, "there is no namespace nowhere: create it, or name another one with --namespace"},
		{"wrong namespace: run", elsewhere, run, 1, "take the lease lintel-bundle-sync in namespace nowhere: there is no such namespace: create it, or name another one with --namespace"},
		{"missing RBAC: apply", limited, apply, 1, "add the rules to its Role"},
		{"missing RBAC: run", limited, run, 1, "this account may not create configmaps"},
		{"unknown account", func(r *clusterRig) { r.kubeconfig = as(r, r.server.configFor("nobody")) }, apply, 1, "renew the token or the kubeconfig"},
		{"name collision: apply", somebody(nil), apply, 1, "ConfigMap lintel-bundle-2 in namespace"},
		{"name collision: run", somebody(nil), run, -1, "has no label app.kubernetes.io/managed-by. Choose another --name"},
		{"name of another bundle", somebody(map[string]string{layout.LabelManagedBy: "lintel", layout.LabelBundle: "edge"}), run, -1, "belongs to the bundle edge"},
		{"owned by Helm", somebody(map[string]string{layout.LabelManagedBy: "Helm"}), run, -1, "Helm manages it. Choose another --name, or remove it there"},
		{"Git unreachable", nil, from("--source", "http://robot:hidden@127.0.0.1:1/r.git"), -1, "cannot be read"},
		{"no such branch", nil, from("--source", "file://"+huge, "--branch", "none"), -1, "there is no branch none"},
		{"huge repository", nil, from("--source", "file://"+huge), -1, fmt.Sprintf("holds more than %d files", source.MaxFiles)},
		{"secret for Git missing", nil, from("--source", "file://"+huge, "--git-credentials", empty), -1, "is the Secret there, and mounted?"},
		{"key to sign with missing", nil, from("--source", empty, "--path", ".", "--sign-key", filepath.Join(empty, "signing.pem")), -1, "the key to sign with is not there: mount the Secret"},
		{"empty source", nil, from("--source", empty, "--path", "."), -1, "what is applied stays"},
		{"two agents", func(r *clusterRig) { r.agent(one) }, run, 1, "another agent is at work: first holds the lease"},
		{"apply beside an agent", func(r *clusterRig) { r.agent(one) }, apply, 1, "the agent first looks after lintel-bundle"},
		{"clocks differ", func(r *clusterRig) { r.kubeconfig = as(r, r.laterConfig(time.Hour)) }, []string{"run", "--source", filepath.Dir(writeBundle(t, one)), "--path", "bundle"}, -1, "the clocks of this machine and of the API server differ"},
		{"clocks differ, two agents", func(r *clusterRig) { r.agent(one); r.kubeconfig = as(r, r.laterConfig(time.Hour)) }, run, 1, "another agent is at work: first holds the lease"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := withCluster(t)
			g := newFakeGateway(t)
			r.want(0, nil, "apply", writeBundle(t, one))
			r.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "lintel-bundle-1-mine"}, Data: map[string]string{"mine": "x"}})
			asked := *r
			if c.wrong != nil {
				c.wrong(&asked)
			}
			before := r.contents()
			args := append([]string{}, c.args...)
			if args[0] == "run" {
				args = append(args, "--interval", "300ms", "--id", "second", "--replica", "a="+g.url)
			}
			j := asked.background(args...)
			if c.ends >= 0 {
				if code := j.wait(); code != c.ends {
					t.Errorf("exit %d, want %d", code, c.ends)
				}
			}
			r.says(j, c.want)
			if c.ends < 0 {
				r.says(j, "the agent is at work")
				if code := j.stop(); code != 0 {
					t.Errorf("exit %d", code)
				}
			}
			if strings.Contains(j.log.String(), "hidden") {
				t.Errorf("a secret is told:\n%s", j.log)
			}
			if diff := cmp.Diff(before, r.contents()); diff != "" {
				t.Errorf("something was changed (-before +after):\n%s", diff)
			}
		})
	}
}

// TestRightsAreTaken wants an agent whose account may not write any more to say so, and
// to go on when it may again.
func TestRightsAreTaken(t *testing.T) {
	r := withCluster(t)
	rules := func(verbs ...string) []rbacv1.PolicyRule {
		return []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: verbs},
			{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"get", "create", "patch"}},
			{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"get", "create", "update"}},
		}
	}
	all := rules("get", "list", "watch", "create", "update", "patch", "delete")
	role := r.allow(all)
	limited := *r
	limited.kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(limited.kubeconfig, []byte(r.server.configFor("limited-token")), 0o600); err != nil {
		t.Fatal(err)
	}
	r.eventually("the role", func() (bool, string) {
		a := limited.call("diff", writeBundle(t, makeBundle(t, "none", "none", 0)))
		return a.code == 100, a.err
	})
	src := t.TempDir()
	one, two := makeBundle(t, "one", "one", 0), makeBundle(t, "two", "two", 2_500_000)
	place(t, one, filepath.Join(src, "bundle"))
	run := limited.background("run", "--source", src, "--path", "bundle", "--interval", "1s", "--replica", "a="+newFakeGateway(t).url)
	r.holds(one.Digest())
	change := func(rules []rbacv1.PolicyRule) {
		t.Helper()
		role.Rules = rules
		var err error
		if role, err = r.client.RbacV1().Roles(r.namespace).Update(t.Context(), role, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	change(rules("get", "list", "watch"))
	before := r.contents()
	place(t, two, filepath.Join(src, "bundle"))
	r.says(run, "cannot apply")
	if message := r.event("ApplyFailed", 1); !strings.Contains(message, "forbidden") {
		t.Errorf("the event does not say why: %s", message)
	}
	if diff := cmp.Diff(before, r.contents()); diff != "" {
		t.Errorf("something was changed (-before +after):\n%s", diff)
	}
	change(all)
	r.holds(two.Digest())
}

// agent starts one that is at work.
func (r *clusterRig) agent(b interface{ WriteDir(string) error }) {
	r.t.Helper()
	src := r.t.TempDir()
	if err := b.WriteDir(filepath.Join(src, "bundle")); err != nil {
		r.t.Fatal(err)
	}
	j := r.background("run", "--source", src, "--path", "bundle", "--id", "first", "--replica", "a="+newFakeGateway(r.t).url)
	r.says(j, "the agent is at work")
}

// laterConfig leads to the API server as one whose clock is ahead.
func (r *clusterRig) laterConfig(ahead time.Duration) string {
	r.t.Helper()
	to := &url.URL{Scheme: "https", Host: r.server.addr}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(p *httputil.ProxyRequest) { p.SetURL(to) },
		FlushInterval: -1,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, //nolint:gosec // a test's own server
		ModifyResponse: func(resp *http.Response) error {
			resp.Header.Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
			return nil
		},
	}
	s := httptest.NewTLSServer(proxy)
	r.t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return strings.Replace(r.server.configFor("admin-token"), "https://"+r.server.addr, s.URL, 1)
}

// hugeRepository has more files in routes than an agent reads.
func hugeRepository(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	git(t, dir, "init", "-q")
	var b strings.Builder
	b.WriteString("blob\nmark :1\ndata 1\na\ncommit refs/heads/main\ncommitter t <t@t.example> 0 +0000\ndata 1\na\n")
	for i := range source.MaxFiles + 1 {
		fmt.Fprintf(&b, "M 100644 :1 routes/d%d/f%d.cue\n", i%100, i)
	}
	cmd := exec.Command("git", "-C", dir, "fast-import", "--quiet")
	cmd.Stdin = strings.NewReader(b.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, out)
	}
	return dir
}
