// Package cluster reaches the API server: where it is, as whom, what is allowed there,
// and what its refusals mean.
package cluster

import (
	"errors"
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/lintel-gateway/lintel/schemas/release"
)

// Options say which cluster is meant. The zero value is that of the kubeconfig, or
// the one in which the process runs.
type Options struct {
	// Kubeconfig is a file; "" takes KUBECONFIG, the pod's own account, or
	// ~/.kube/config.
	Kubeconfig string
	// Context is one of the kubeconfig's; "" is the current one.
	Context string
	// Namespace is where the ConfigMaps lie; "" is that of the context, or the pod's.
	Namespace string
	// Timeout bounds each request that is no watch; zero is 15 seconds.
	Timeout time.Duration
}

// Cluster is an API server and one namespace of it.
type Cluster struct {
	Config    *rest.Config
	Client    kubernetes.Interface
	Namespace string
	// Inside tells that this process is a pod of the cluster, which reaches other
	// pods by their addresses.
	Inside bool
}

const defaultTimeout = 15 * time.Second

// Open reads the configuration. It does not connect.
func Open(o Options) (*Cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.Kubeconfig
	over := &clientcmd.ConfigOverrides{CurrentContext: o.Context}
	over.Context.Namespace = o.Namespace
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, over)
	config, err := loader.ClientConfig()
	if err != nil {
		if clientcmd.IsEmptyConfig(err) || errors.Is(err, rest.ErrNotInCluster) {
			return nil, errors.New("no cluster is configured: give --kubeconfig FILE, set KUBECONFIG, or run in a pod with a service account")
		}
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	config.UserAgent = "lintel-sync/" + release.Version
	config.QPS, config.Burst = 50, 100
	config.Timeout = o.Timeout
	if config.Timeout == 0 {
		config.Timeout = defaultTimeout
	}
	// The server's warnings, such as those of versions that are going, are not ours.
	config.WarningHandler = rest.NoWarnings{}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", config.Host, err)
	}
	inside := os.Getenv("KUBERNETES_SERVICE_HOST") != "" && o.Kubeconfig == "" && os.Getenv("KUBECONFIG") == "" && o.Context == ""
	return &Cluster{Config: config, Client: client, Namespace: namespace, Inside: inside}, nil
}
