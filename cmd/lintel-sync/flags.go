package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/user"
	"regexp"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/events"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/load"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/metrics"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/observe"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/replicas"
)

const defaultSelector = "app.kubernetes.io/name=lintel,app.kubernetes.io/component=gateway"

// What Kubernetes takes as the names of ConfigMaps and namespaces (RFC 1123).
var (
	dnsName  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)
	dnsLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// maxName leaves room for "-history-", 12 digits and the part below the 253 characters
// of Kubernetes.
const maxName = 225

// list is a flag that may be given several times.
type list []string

// String implements flag.Value.
func (l *list) String() string { return strings.Join(*l, ",") }

// Set implements flag.Value.
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// target says which bundle of which cluster is meant.
type target struct {
	options cluster.Options
	name    string
}

func (t *target) declare(fs *flag.FlagSet) {
	fs.StringVar(&t.options.Kubeconfig, "kubeconfig", "", "read the cluster from `FILE` (default KUBECONFIG, the pod's account, or ~/.kube/config)")
	fs.StringVar(&t.options.Context, "context", "", "take the context `NAME` of the kubeconfig")
	fs.StringVar(&t.options.Namespace, "namespace", "", "`NAMESPACE` of ConfigMaps and gateways (default that of the kubeconfig, or the pod's)")
	fs.StringVar(&t.name, "name", "lintel-bundle", "`NAME` of the bundle: its ConfigMaps are NAME-0, NAME-1, ...")
}

func (t *target) open() (*cluster.Cluster, error) {
	if len(t.name) > maxName || !dnsName.MatchString(t.name) {
		return nil, usageError{fmt.Sprintf("--name must be at most %d lower-case letters, digits, \"-\" and \".\"", maxName)}
	}
	if ns := t.options.Namespace; ns != "" && !dnsLabel.MatchString(ns) {
		return nil, usageError{"--namespace must be at most 63 lower-case letters, digits and \"-\""}
	}
	return cluster.Open(t.options)
}

func (t *target) place(c *cluster.Cluster) layout.Place {
	return layout.Place{Name: t.name, Namespace: c.Namespace, Role: layout.RoleBundle}
}

// gateways says where the replicas are.
type gateways struct {
	selector, via string
	port          int
	urls          list
}

func (g *gateways) declare(fs *flag.FlagSet) {
	fs.StringVar(&g.selector, "selector", defaultSelector, "find the gateways' pods by the `LABELS`")
	fs.IntVar(&g.port, "admin-port", 8081, "admin `PORT` of pods that name no port \"admin\"")
	fs.StringVar(&g.via, "via", "", "ask gateways at their `WAY`: pod (their addresses) or proxy (through the API server) (default pod in a cluster, else proxy)")
	fs.Var(&g.urls, "replica", "ask the gateway `NAME=URL` in place of pods, such as gw-1=http://10.0.0.7:8081; may be given several times")
}

func (g *gateways) valid() error {
	if g.via != "" && g.via != "pod" && g.via != "proxy" {
		return usageError{fmt.Sprintf("--via %q is neither pod nor proxy", g.via)}
	}
	if g.port < 1 || g.port > 65535 {
		return usageError{fmt.Sprintf("--admin-port %d is no port", g.port)}
	}
	if _, err := replicas.ParseURLs(g.urls); err != nil {
		return usageError{err.Error()}
	}
	return nil
}

func (g *gateways) finder(c *cluster.Cluster) (*replicas.Finder, error) {
	urls, err := replicas.ParseURLs(g.urls)
	if err != nil {
		return nil, usageError{err.Error()}
	}
	return &replicas.Finder{
		Cluster: c, Selector: g.selector, Port: g.port, URLs: urls,
		Proxy: g.via == "proxy" || g.via == "" && !c.Inside,
	}, nil
}

// needs are the permissions to ask the gateways.
func (g *gateways) needs(f *replicas.Finder, poke bool) (out []cluster.Need) {
	if len(f.URLs) > 0 {
		return nil
	}
	out = cluster.Needs("", "pods", "list")
	if f.Proxy {
		out = append(out, cluster.Needs("", "pods/proxy", "get")...)
	}
	if poke {
		out = append(out, cluster.Needs("", "pods", "patch")...)
	}
	return out
}

// compiling says how route files are compiled.
type compiling struct{ env, group, revision, signKey string }

func (o *compiling) declare(fs *flag.FlagSet) {
	fs.StringVar(&o.env, "env", "", "compile for the environment `NAME`")
	fs.StringVar(&o.group, "group", "", "compile the bundle of the gateway group `NAME`")
	fs.StringVar(&o.signKey, "sign-key", "", "let lintel sign with the private key in the file `PEM`")
}

func (o *compiling) options(name, namespace string) load.Options {
	return load.Options{Name: name, Namespace: namespace, Env: o.env, Group: o.group, Revision: o.revision, SignKey: o.signKey}
}

// formatFlag declares --format.
func formatFlag(fs *flag.FlagSet) *string {
	return fs.String("format", "text", "`FORMAT`: text or json")
}

func validFormat(f string) error {
	if f != "text" && f != "json" {
		return usageError{fmt.Sprintf("--format %q is neither text nor json", f)}
	}
	return nil
}

// observer makes what looks at the replicas.
func observer(s streams, c *cluster.Cluster, name string, f *replicas.Finder, m *metrics.Metrics, poke bool) *observe.Observer {
	return &observe.Observer{
		Cluster: c, Name: name, Finder: f, Metrics: m, Log: s.log, Poke: poke,
		Events: &events.Recorder{Cluster: c, Name: name},
	}
}

// writing are the permissions to change the ConfigMaps of a bundle.
func writing() []cluster.Need {
	return append(cluster.Needs("", "configmaps", "get", "list", "watch", "create", "update", "patch", "delete"), telling()...)
}

// telling are the permissions to write events.
func telling() []cluster.Need { return cluster.Needs("", "events", "create", "get", "patch") }

// whoami names who runs this, for people: the pod, or the account on the machine.
func whoami() string {
	if pod := os.Getenv("POD_NAME"); pod != "" {
		return pod
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	if u, err := user.Current(); err == nil && os.Getenv("KUBERNETES_SERVICE_HOST") == "" {
		return u.Username + "@" + host
	}
	return host
}

// pause waits, or returns false when ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
