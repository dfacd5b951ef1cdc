// Package cluster boots a real Kubernetes from its programs: etcd and an API server alone,
// or with controllers, two nodes, a network and Argo CD as well.
package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/kube"
	"github.com/lintel-gateway/lintel/ci/e2e/names"
)

// Options say what a cluster is made of and where.
type Options struct {
	Dir      string   // an empty folder for all that it writes
	Bin      string   // the programs (package binaries)
	Debian   string   // root of the unpacked packages; not for the API server alone
	ArgoCD   string   // what Argo CD's program does not carry
	Images   []string // docker archives that the nodes get
	Kubelets []Kubelet
	Group    string // cgroup of the containers
	Report   func(what string, since time.Duration)
}

// Cluster is one that runs.
type Cluster struct {
	*kube.Client
	Options
	Kubeconfig string
	Logs       string

	address string
	pki     pki

	mu        sync.Mutex
	processes []*process
	began     time.Time
	imported  chan error // one for each node
}

// API boots etcd and an API server on loopback; needs no root.
func API(ctx context.Context, o Options) (*Cluster, error) {
	c, err := prepare(o, "127.0.0.1")
	if err != nil {
		return nil, err
	}
	return c, c.orClose(c.control(ctx))
}

// Whole boots everything; it must be called in a sandbox.
func Whole(ctx context.Context, o Options) (*Cluster, error) {
	c, err := prepare(o, o.Kubelets[0].Address)
	if err != nil {
		return nil, err
	}
	return c, c.orClose(c.whole(ctx))
}

func (c *Cluster) whole(ctx context.Context) error {
	runtimes := make(chan error, len(c.Kubelets))
	for i := range c.Kubelets {
		go func() { runtimes <- c.runtime(ctx, i) }()
	}
	if err := c.control(ctx); err != nil {
		return err
	}
	// It outlives this call, and ends with the program.
	dns := func() error { return names.Serve(context.WithoutCancel(ctx), c.address+":53", c.Client) }
	for _, step := range []func() error{c.controllers, c.proxy, dns} {
		if err := step(); err != nil {
			return err
		}
	}
	argo := make(chan error, 1)
	go func() { argo <- c.argocd(ctx) }()
	for range c.Kubelets {
		if err := <-runtimes; err != nil {
			return err
		}
	}
	for i := range c.Kubelets {
		if err := c.kubelet(i); err != nil {
			return err
		}
	}
	for i := range c.Kubelets {
		if err := c.Until(ctx, 2*time.Minute, "a ready node", func() error { return c.ready(ctx, i) }); err != nil {
			return err
		}
	}
	c.report("nodes ready")
	if err := <-argo; err != nil {
		return err
	}
	c.report("Argo CD started")
	return nil
}

func prepare(o Options, address string) (*Cluster, error) {
	c := &Cluster{
		Options: o, Kubeconfig: filepath.Join(o.Dir, "kubeconfig"), Logs: filepath.Join(o.Dir, "logs"),
		address: address, began: time.Now(), imported: make(chan error, len(o.Kubelets)),
	}
	if c.Report == nil {
		c.Report = func(string, time.Duration) {}
	}
	if err := os.MkdirAll(c.Logs, 0o755); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Cluster) orClose(err error) error {
	if err != nil {
		c.Close()
	}
	return err
}

func (c *Cluster) report(what string) { c.Report(what, time.Since(c.began)) }

// Until asks again and again, every 20 ms, until there is no error; then it fails with the
// last one. It gives up at once when a program of the cluster has ended.
func (c *Cluster) Until(ctx context.Context, limit time.Duration, what string, ask func() error) error {
	end := time.Now().Add(limit)
	for {
		err := ask()
		if err == nil {
			return nil
		}
		if ended := c.Ended(); ended != nil {
			return fmt.Errorf("waiting for %s: %w", what, ended)
		}
		if time.Now().After(end) {
			return fmt.Errorf("waiting %v for %s: %w", limit, what, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kubectl runs kubectl with the input and returns what it prints.
func (c *Cluster) Kubectl(ctx context.Context, input string, args ...string) (string, error) {
	return c.Command(ctx, input, append([]string{filepath.Join(c.Bin, "kubectl")}, args...)...)
}

// Command runs a program that speaks to the cluster through its kubeconfig.
func (c *Cluster) Command(ctx context.Context, input string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig, "HOME="+c.Dir)
	cmd.Stdin = strings.NewReader(input)
	var out, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return out.String(), nil
}
