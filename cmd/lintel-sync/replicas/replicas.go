// Package replicas finds the gateways of a bundle and asks each what it serves.
package replicas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
)

// Status is what a gateway says of itself at /-/bundle.
type Status struct {
	Digest         string     `json:"digest"`
	Content        string     `json:"content"`
	Revision       string     `json:"revision"`
	Routes         int        `json:"routes"`
	LoadedAt       *time.Time `json:"loaded_at"`
	OnLastGood     bool       `json:"on_last_good"`
	LastError      *LastError `json:"last_error"`
	RejectedDigest string     `json:"rejected_digest"`
	Snapshots      []Snapshot `json:"snapshots"`
}

// LastError is why the mounted bundle is not served.
type LastError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Snapshot is a bundle that a gateway holds, and how many requests and upgraded
// connections use it.
type Snapshot struct {
	Digest   string `json:"digest"`
	Revision string `json:"revision"`
	Users    int64  `json:"users"`
	Current  bool   `json:"current"`
}

// Replica is one gateway.
type Replica struct {
	// Name is that of the pod, or the one that was given with the URL.
	Name string
	// Status is what it answered; nil when it did not, and Problem says why.
	Status  *Status
	Problem string
	// Poked is the pod's annotation of the last poke.
	Poked string
	// Pod tells that it is a pod, which can be poked.
	Pod bool
}

// Finder says where gateways are. Selector or URLs must be given.
type Finder struct {
	Cluster *cluster.Cluster
	// Selector finds the pods of the namespace.
	Selector string
	// Port is the admin port of pods that name no port "admin".
	Port int
	// Proxy asks pods through the API server, as one does from outside the cluster.
	Proxy bool
	// URLs are gateways outside of the cluster by name, such as http://10.0.0.7:8081;
	// with any, pods are not looked for.
	URLs map[string]string
}

const (
	askTimeout = 3 * time.Second
	atOnce     = 16
	// maxAnswer bounds what a gateway may answer, in bytes.
	maxAnswer = 1 << 20
)

// Find asks every gateway and returns them by name. A gateway that does not answer is
// in the list, too; pods that are going or gone are not.
func (f *Finder) Find(ctx context.Context) ([]Replica, error) {
	ask := map[string]func(context.Context) ([]byte, error){}
	var out []Replica
	for name, url := range f.URLs {
		out = append(out, Replica{Name: name})
		ask[name] = func(ctx context.Context) ([]byte, error) { return get(ctx, url) }
	}
	if len(f.URLs) == 0 {
		pods, err := f.Cluster.Client.CoreV1().Pods(f.Cluster.Namespace).List(ctx, metav1.ListOptions{LabelSelector: f.Selector, ResourceVersion: "0"})
		if err != nil {
			return nil, fmt.Errorf("list the pods %s: %w", f.Selector, cluster.Explain(err))
		}
		for i := range pods.Items {
			pod := &pods.Items[i]
			if pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
				continue
			}
			out = append(out, Replica{Name: pod.Name, Pod: true, Poked: pod.Annotations[layout.Poke]})
			ask[pod.Name] = f.pod(pod)
		}
	}
	slices.SortFunc(out, func(a, b Replica) int { return strings.Compare(a.Name, b.Name) })
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range out {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			one, cancel := context.WithTimeout(ctx, askTimeout)
			defer cancel()
			out[i].Status, out[i].Problem = decode(ask[out[i].Name](one))
		})
	}
	wg.Wait()
	return out, ctx.Err()
}

func (f *Finder) pod(pod *corev1.Pod) func(context.Context) ([]byte, error) {
	port := strconv.Itoa(f.Port)
	for _, c := range pod.Spec.Containers {
		for _, p := range c.Ports {
			if p.Name == "admin" {
				port = strconv.Itoa(int(p.ContainerPort))
			}
		}
	}
	switch {
	case pod.Status.Phase != corev1.PodRunning:
		why := "the pod is " + strings.ToLower(string(pod.Status.Phase))
		for _, c := range pod.Status.Conditions {
			if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Message != "" {
				why += ": " + c.Message
			}
		}
		return func(context.Context) ([]byte, error) { return nil, errors.New(why) }
	case f.Proxy:
		return func(ctx context.Context) ([]byte, error) {
			data, err := f.Cluster.Client.CoreV1().Pods(pod.Namespace).ProxyGet("http", pod.Name, port, "/-/bundle", nil).DoRaw(ctx)
			return data, cluster.Explain(err)
		}
	}
	url := "http://" + net.JoinHostPort(pod.Status.PodIP, port)
	return func(ctx context.Context) ([]byte, error) { return get(ctx, url) }
}

func get(ctx context.Context, base string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/-/bundle", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", req.URL, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
}

func decode(data []byte, err error) (*Status, string) {
	if err != nil {
		return nil, err.Error()
	}
	var s Status
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, "it does not answer as a gateway: " + err.Error()
	}
	return &s, ""
}

// ParseURLs reads NAME=URL pairs.
func ParseURLs(pairs []string) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range pairs {
		name, url, ok := strings.Cut(p, "=")
		if !ok || name == "" || !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
			return nil, fmt.Errorf("--replica %q is not NAME=URL, such as gw-1=http://10.0.0.7:8081", p)
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("--replica %s is there twice (of %s)", name, strings.Join(slices.Sorted(maps.Keys(out)), ", "))
		}
		out[name] = url
	}
	return out, nil
}
