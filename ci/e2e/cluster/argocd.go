package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/kube"
)

// ArgoNamespace is where Argo CD keeps its own objects.
const ArgoNamespace = "argocd"

// defaultProject is the one that Argo CD makes at its first start.
const defaultProject = `apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default}
spec: {sourceRepos: ["*"], destinations: [{namespace: "*", server: "*"}], clusterResourceWhitelist: [{group: "*", kind: "*"}]}
`

// argocd starts Argo CD: redis, the repo-server, the application controller and the
// controller of ApplicationSets. Its programs run beside the cluster and speak to it as
// they do from a pod.
func (c *Cluster) argocd(ctx context.Context) error {
	if err := c.Apply(ctx, "/api/v1/namespaces/"+ArgoNamespace, manager, []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: "+ArgoNamespace+"}\n")); err != nil {
		return err
	}
	for _, kind := range []string{"application", "appproject", "applicationset"} {
		text, err := os.ReadFile(filepath.Join(c.ArgoCD, "crds", kind+"-crd.yaml"))
		if err != nil {
			return err
		}
		if err := c.Apply(ctx, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"+kind+"s.argoproj.io", manager, text); err != nil {
			return err
		}
	}
	if err := c.argoSettings(ctx); err != nil {
		return err
	}
	// A definition takes a moment until objects of its kind are known.
	if err := c.Until(ctx, 30*time.Second, "the resources of Argo CD", func() error {
		for _, kind := range []string{"applications", "appprojects", "applicationsets"} {
			if _, err := c.List(ctx, "/apis/argoproj.io/v1alpha1/"+kind, ""); err != nil {
				return err
			}
		}
		return c.Apply(ctx, kube.Group("argoproj.io/v1alpha1", ArgoNamespace, "appprojects", "default"), manager, []byte(defaultProject))
	}); err != nil {
		return err
	}
	return c.argoPrograms()
}

// manager is the field manager of what the test itself writes.
const manager = "e2e"

// argoSettings are what Argo CD wants to find at its start. There is no password: it
// listens on loopback, in the sandbox.
func (c *Cluster) argoSettings(ctx context.Context) error {
	put := func(kind, resource, name, rest string) error {
		text := fmt.Sprintf("apiVersion: v1\nkind: %s\nmetadata: {name: %s, labels: {app.kubernetes.io/part-of: argocd}}\n%s\n", kind, name, rest)
		return c.Apply(ctx, kube.Core(ArgoNamespace, resource, name), manager, []byte(text))
	}
	settings := "data: {timeout.reconciliation: 10s, timeout.reconciliation.jitter: 0s, application.resourceTrackingMethod: annotation}"
	err := put("ConfigMap", "configmaps", "argocd-cm", settings)
	for _, name := range []string{"cmd-params", "rbac", "gpg-keys", "ssh-known-hosts", "tls-certs"} {
		err = errors.Join(err, put("ConfigMap", "configmaps", "argocd-"+name+"-cm", ""))
	}
	secret := fmt.Sprintf("stringData: {server.secretkey: %q, admin.passwordMtime: \"2026-01-01T00:00:00Z\"}", rand.Text())
	return errors.Join(err, put("Secret", "secrets", "argocd-secret", secret))
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
		"ARGOCD_GPG_ENABLED=false", "ARGOCD_PLUGINSOCKFILEPATH="+c.plugins(),
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
