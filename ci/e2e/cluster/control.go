package cluster

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/kube"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/port"
)

// services is the network of services; its first address is the API server's own.
const services = "10.96.0.0/16"

// pki is what the parts of the cluster prove themselves with.
type pki struct {
	dir   string
	ca    []byte
	token string
}

func (p pki) file(name string) string { return filepath.Join(p.dir, name) }

func (c *Cluster) makePKI() error {
	p := pki{dir: filepath.Join(c.Dir, "pki"), token: rand.Text()}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	root, err := authority.New("e2e")
	if err != nil {
		return err
	}
	server, err := root.Issue(authority.Request{
		Names: []string{"kubernetes.default.svc", "kubernetes", "localhost"},
		IPs:   []net.IP{net.ParseIP(c.address), net.ParseIP("127.0.0.1"), net.ParseIP("10.96.0.1")},
	})
	if err != nil {
		return err
	}
	accounts, err := root.Issue(authority.Request{Names: []string{"service-accounts"}})
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{
		"ca.crt": root.PEM, "server.crt": server.Cert, "server.key": server.Key,
		"accounts.crt": accounts.Cert, "accounts.key": accounts.Key,
		"tokens.csv": []byte(p.token + ",admin,admin,system:masters\n"),
	} {
		if err := os.WriteFile(p.file(name), text, 0o600); err != nil {
			return err
		}
	}
	p.ca = root.PEM
	c.pki = p
	return nil
}

// control starts etcd and the API server, and waits until it is ready.
func (c *Cluster) control(ctx context.Context) error {
	if err := c.makePKI(); err != nil {
		return err
	}
	ports, err := free(3)
	if err != nil {
		return err
	}
	store, peers := "http://127.0.0.1:"+ports[0], "http://127.0.0.1:"+ports[1]
	server := "https://" + net.JoinHostPort(c.address, ports[2])
	if err := c.run("etcd", nil, filepath.Join(c.Bin, "etcd"), "--name=e2e", "--data-dir="+filepath.Join(c.Dir, "etcd"),
		"--listen-client-urls="+store, "--advertise-client-urls="+store,
		"--listen-peer-urls="+peers, "--initial-advertise-peer-urls="+peers, "--initial-cluster=e2e="+peers,
		"--unsafe-no-fsync", "--log-level=warn"); err != nil {
		return err
	}
	if err := c.run("kube-apiserver", nil, filepath.Join(c.Bin, "kube-apiserver"), "--etcd-servers="+store,
		"--bind-address="+c.address, "--advertise-address="+c.address, "--secure-port="+ports[2],
		"--cert-dir="+c.pki.dir, "--tls-cert-file="+c.pki.file("server.crt"), "--tls-private-key-file="+c.pki.file("server.key"),
		"--service-cluster-ip-range="+services, "--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+c.pki.file("accounts.crt"), "--service-account-signing-key-file="+c.pki.file("accounts.key"),
		"--token-auth-file="+c.pki.file("tokens.csv"), "--authorization-mode=Node,RBAC", "--allow-privileged=true",
		"--kubelet-preferred-address-types=InternalIP", "--profiling=false"); err != nil {
		return err
	}
	if err := c.kubeconfig(c.Kubeconfig, server, "default"); err != nil {
		return err
	}
	c.Client = kube.New(server, c.pki.token, c.pki.ca)
	if err := c.Ready(ctx); err != nil {
		return err
	}
	c.report("API server ready")
	return nil
}

// Ready waits until the API server says that it is ready.
func (c *Cluster) Ready(ctx context.Context) error {
	return c.Until(ctx, time.Minute, "the API server", func() error {
		_, err := c.Do(ctx, "GET", "/readyz", "", nil)
		return err
	})
}

func (c *Cluster) controllers() error {
	for name, extra := range map[string][]string{
		"kube-controller-manager": {
			"--service-account-private-key-file=" + c.pki.file("accounts.key"), "--root-ca-file=" + c.pki.file("ca.crt"),
			"--use-service-account-credentials=false",
		},
		"kube-scheduler": nil,
	} {
		ports, err := free(1)
		if err != nil {
			return err
		}
		args := append([]string{
			filepath.Join(c.Bin, name), "--kubeconfig=" + c.Kubeconfig, "--leader-elect=false", "--profiling=false",
			"--bind-address=127.0.0.1", "--secure-port=" + ports[0], "--cert-dir=" + filepath.Join(c.Dir, name),
		}, extra...)
		if err := c.run(name, nil, args...); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) kubeconfig(path, server, namespace string) error {
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: e2e, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: admin, user: {token: %q}}]
contexts: [{name: e2e, context: {cluster: e2e, user: admin, namespace: %s}}]
current-context: e2e
`, server, c.pki.file("ca.crt"), c.pki.token, namespace)
	return os.WriteFile(path, []byte(text), 0o600)
}

// free finds ports that nobody listens on.
func free(n int) ([]string, error) {
	var ports []string
	for len(ports) < n {
		a, err := port.Free()
		if err != nil {
			return nil, err
		}
		if one := a[strings.LastIndexByte(a, ':')+1:]; !slices.Contains(ports, one) {
			ports = append(ports, one)
		}
	}
	return ports, nil
}
