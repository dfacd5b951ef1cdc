package cluster

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ArgoNamespace is where Argo CD keeps its own objects.
const ArgoNamespace = "argocd"

// settings of Argo CD beside those that it finds at its start. There is no password: it
// listens on loopback, in the sandbox.
const settings = `apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm, labels: {app.kubernetes.io/part-of: argocd}}
data: {timeout.reconciliation: 10s, timeout.reconciliation.jitter: 0s, application.resourceTrackingMethod: annotation}
---
apiVersion: v1
kind: Secret
metadata: {name: argocd-secret, labels: {app.kubernetes.io/part-of: argocd}}
stringData: {server.secretkey: %q, admin.passwordMtime: "2026-01-01T00:00:00Z"}
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default}
spec: {sourceRepos: ["*"], destinations: [{namespace: "*", server: "*"}], clusterResourceWhitelist: [{group: "*", kind: "*"}]}
`

// argocd starts Argo CD: redis, the repo-server, the application controller and the
// controller of ApplicationSets. Its programs run beside the cluster and speak to it as
// they do from a pod.
func (c *Cluster) argocd(ctx context.Context) error {
	if _, err := c.Kubectl(ctx, "", "create", "namespace", ArgoNamespace); err != nil {
		return err
	}
	// A definition takes a moment until objects of its kind are known.
	if _, err := c.Kubectl(ctx, "", "apply", "--server-side", "-f", filepath.Join(c.ArgoCD, "crds")); err != nil {
		return err
	}
	objects := fmt.Sprintf(settings, rand.Text())
	for _, name := range []string{"cmd-params", "rbac", "gpg-keys", "ssh-known-hosts", "tls-certs"} {
		objects += fmt.Sprintf("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-%s-cm, labels: {app.kubernetes.io/part-of: argocd}}\n", name)
	}
	if err := c.Until(ctx, 30*time.Second, "the objects of Argo CD", func() error {
		if _, err := c.Get(ctx, "/apis/argoproj.io/v1alpha1/applications"); err != nil {
			return err
		}
		_, err := c.Kubectl(ctx, objects, "apply", "--server-side", "--namespace", ArgoNamespace, "-f", "-")
		return err
	}); err != nil {
		return err
	}
	return c.argoPrograms()
}

func (c *Cluster) argoPrograms() error {
	dir := filepath.Join(c.Dir, "argocd")
	for _, d := range []string{"tls", "ssh", "gpg/source", "gpg/keys", "plugins", "redis", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	server, err := c.Server()
	if err != nil {
		return err
	}
	config := filepath.Join(dir, "kubeconfig")
	if err := c.kubeconfig(config, server, ArgoNamespace); err != nil {
		return err
	}
	ports, err := free(6)
	if err != nil {
		return err
	}
	redis, repo := "127.0.0.1:"+ports[0], "127.0.0.1:"+ports[1]
	env := append(c.environment(),
		"KUBECONFIG="+config, "HOME="+dir, "TMPDIR="+filepath.Join(dir, "tmp"), "ARGOCD_FAKE_IN_CLUSTER=true",
		"ARGOCD_TLS_DATA_PATH="+filepath.Join(dir, "tls"), "ARGOCD_SSH_DATA_PATH="+filepath.Join(dir, "ssh"),
		"ARGOCD_GNUPGHOME="+filepath.Join(dir, "gpg/keys"), "ARGOCD_GPG_DATA_PATH="+filepath.Join(dir, "gpg/source"),
		"ARGOCD_GPG_ENABLED=false", "ARGOCD_PLUGINSOCKFILEPATH="+filepath.Join(dir, "plugins"),
		"ARGOCD_RECONCILIATION_TIMEOUT=10s", "ARGOCD_RECONCILIATION_JITTER=0s",
		// The repositories of the test belong to whoever runs it.
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*")
	// The repo-server looks for its scripts, and for helm and kustomize, on the PATH.
	for i, v := range env {
		if rest, ok := strings.CutPrefix(v, "PATH="); ok {
			env[i] = "PATH=" + filepath.Join(c.ArgoCD, "hack") + ":" + c.Bin + ":" + rest
		}
	}
	if err := c.run("redis", env, filepath.Join(c.Debian, "usr/bin/redis-server"), "--bind", "127.0.0.1", "--port", ports[0],
		"--save", "", "--appendonly", "no", "--dir", filepath.Join(dir, "redis")); err != nil {
		return err
	}
	program := filepath.Join(c.Bin, "argocd")
	parts := []struct {
		name string
		args []string
	}{
		{"argocd-repo-server", []string{
			"--address=127.0.0.1", "--port=" + ports[1], "--metrics-address=127.0.0.1", "--metrics-port=" + ports[2],
			"--redis=" + redis, "--revision-cache-expiration=5s",
		}},
		{"argocd-application-controller", []string{"--redis=" + redis, "--repo-server=" + repo, "--metrics-port=" + ports[3], "--app-resync=10", "--persist-resource-health"}},
		{"argocd-applicationset-controller", []string{
			"--argocd-repo-server=" + repo, "--metrics-addr=127.0.0.1:" + ports[4], "--probe-addr=127.0.0.1:" + ports[5], "--webhook-addr=127.0.0.1:0",
		}},
	}
	for _, part := range parts {
		if err := c.run(part.name, append(env, "ARGOCD_BINARY_NAME="+part.name), append([]string{program}, part.args...)...); err != nil {
			return err
		}
	}
	return nil
}

// Server is the address of the API server, as an URL.
func (c *Cluster) Server() (string, error) {
	text, err := os.ReadFile(c.Kubeconfig)
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(text), `server: "`)
	server, _, ok := strings.Cut(rest, `"`)
	if !ok {
		return "", fmt.Errorf("%s names no server", c.Kubeconfig)
	}
	return server, nil
}
