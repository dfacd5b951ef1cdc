package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
)

// writeFiles writes files below a folder.
func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// answers waits until a gateway answers a host with a text.
func (r *clusterRig) answers(addr, host, want string) {
	r.t.Helper()
	r.eventually(addr+" answers "+want, func() (bool, string) {
		req, err := http.NewRequest(http.MethodGet, "http://"+addr+"/", nil)
		if err != nil {
			return false, err.Error()
		}
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false, err.Error()
		}
		defer resp.Body.Close()
		body := make([]byte, 100)
		n, _ := resp.Body.Read(body)
		return string(body[:n]) == want, string(body[:n])
	})
}

// signingKeys writes a pair of keys and returns their files.
func signingKeys(t *testing.T) (private, public string) {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	private, public = filepath.Join(dir, "signing.pem"), filepath.Join(dir, "bundle.pub")
	privateDER, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		t.Fatal(err)
	}
	publicDER, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeAll(map[string][]byte{
		private: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER}),
		public:  pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER}),
	}); err != nil {
		t.Fatal(err)
	}
	return private, public
}

// twoGroups is a repository in which host and answer tell environment and group.
func twoGroups(answer string) map[string]string {
	return map[string]string{
		"routes/groups.cue":    "package routes\n\ngroups: vip: {description: \"key customers\", domains: [\"shop.example\"]}\n",
		"routes/_env/prod.cue": "package routes\n\ndomains: \"shop.example\": hosts: {\"shop.example\": \"shop.prod.example\"}\n",
		"routes/shop.example/main.cue": fmt.Sprintf(strings.Replace(routesFile, `path: prefix`, "groups: [\"vip\"]\n\tpath: prefix", 1), answer) +
			"routes: \"others\": #Route & {path: prefix: \"/\", filters: respond: {status: 200, body: \"everybody\", contentType: \"text/plain\"}}\n",
	}
}

// TestAgentCompilesAsAsked wants the environment, the group and the signature that the
// agent was started with in what gateways serve, and in nothing else.
func TestAgentCompilesAsAsked(t *testing.T) {
	r := withCluster(t)
	lintel, program := programs(t)
	t.Setenv("LINTEL", lintel)
	t.Setenv("LINTEL_CACHE", "off")
	private, public := signingKeys(t)
	_, another := signingKeys(t)
	src, mount := t.TempDir(), t.TempDir()
	writeFiles(t, src, twoGroups("first"))
	stop := make(chan struct{})
	defer close(stop)
	go r.kubelet(mount, stop)
	traffic, admin := r.gateway(program, mount, "--verify-key", public)
	_, stranger := r.gateway(program, mount, "--verify-key", another)
	urls := []string{"--replica", "a=http://" + admin, "--replica", "b=http://" + stranger}

	// Without the key the agent applies nothing, rather than what nobody would take.
	args := append([]string{"run", "--source", src, "--interval", "1s", "--env", "prod", "--group", "vip"}, urls...)
	unsigned := r.background(append(args, "--sign-key", filepath.Join(src, "none.pem"))...)
	r.says(unsigned, "the key to sign with is not there: mount the Secret")
	unsigned.stop()
	if got := r.names(); len(got) != 0 {
		t.Errorf("there is %v", got)
	}

	r.background(append(args, "--sign-key", private)...)
	r.answers(traffic, "shop.prod.example", "first")
	writeFiles(t, src, twoGroups("second"))
	r.answers(traffic, "shop.prod.example", "second")
	// The gateway with another key says why it does not take it, and so does Argo CD.
	r.eventually("degraded", func() (bool, string) { return r.is("Degraded") })
	if got := r.configMap("lintel-bundle-0").Annotations[layout.Reason]; !strings.Contains(got, "b: bundle-signature") {
		t.Errorf("the reason is %q", got)
	}
	r.want(100, []string{"1 of 2 replicas", "b        refusing"}, append([]string{"status"}, urls...)...)
}

// TestAgentReplays wants a commit whose cases fail to be told as a finding, and nothing
// of it in the cluster. What plays the cases here is a stand-in for lintel test, which
// writes down how it was called; the end-to-end test has k6 itself.
func TestAgentReplays(t *testing.T) {
	r := withCluster(t)
	lintel, _ := programs(t)
	dir, src := t.TempDir(), t.TempDir()
	calls := filepath.Join(dir, "calls")
	script := fmt.Sprintf("#!/bin/sh\nif [ \"$1\" != test ]; then exec %q \"$@\"; fi\necho \"$@\" >>%q\nif grep -q wrong routes/shop.example/main.cue; then echo 'all \"greets\" failed: want right, got wrong'; exit 100; fi\n", lintel, calls)
	standIn := filepath.Join(dir, "lintel")
	if err := os.WriteFile(standIn, []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	t.Setenv("LINTEL", standIn)
	t.Setenv("LINTEL_CACHE", "off")
	writeFiles(t, src, twoGroups("right"))
	g := newFakeGateway(t)
	run := r.background("run", "--source", src, "--interval", "1s", "--env", "prod", "--group", "vip", "--replay", "--replica", "a="+g.url)
	applied := func(but string) (digest string) {
		r.eventually("another bundle", func() (bool, string) {
			list := r.names()
			if len(list) == 0 {
				return false, "nothing is applied"
			}
			digest = r.configMap("lintel-bundle-0").Annotations[layout.Digest]
			return digest != but, digest
		})
		return digest
	}
	right := applied("")
	writeFiles(t, src, twoGroups("wrong"))
	if message := r.event("RoutesHaveFindings", 1); !strings.Contains(message, `"greets" failed: want right, got wrong`) {
		t.Errorf("the event does not say which case: %s", message)
	}
	if !strings.Contains(run.log.String(), "the routes are not in order; what is applied stays") {
		t.Errorf("the log does not say so:\n%s", run.log)
	}
	if got := r.configMap("lintel-bundle-0").Annotations[layout.Digest]; got != right {
		t.Errorf("what fails its cases was applied: %s, before %s", got, right)
	}
	writeFiles(t, src, twoGroups("right again"))
	applied(right)
	r.event("SourceBack", 1)
	text, err := os.ReadFile(calls)
	if want := "test routes --env prod --group vip\n"; err != nil || string(text) != strings.Repeat(want, 3) {
		t.Errorf("cases are to be played once for each change, as %q: %q, %v", want, text, err)
	}

	// A bundle has no cases: who asks for a proof does not get it without one.
	place(t, makeBundle(t, "one", "one", 0), filepath.Join(src, "bundle"))
	run.stop()
	before := r.revision("lintel-bundle-0")
	run = r.background("run", "--source", src, "--path", "bundle", "--replay", "--replica", "a="+g.url)
	r.says(run, "has no cases that --replay could play")
	if now := r.revision("lintel-bundle-0"); now != before {
		t.Error("it was applied without a proof")
	}
}
