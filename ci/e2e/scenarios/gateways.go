package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/kube"
)

// Names that the scenarios share.
const (
	home       = "gateways" // namespace of the gateways that Argo CD looks after
	instance   = "lintel"
	bundleName = "lintel-bundle"
	selector   = "app.kubernetes.io/name=lintel,app.kubernetes.io/component=gateway,app.kubernetes.io/instance=" + instance
	replicas   = 3
)

// gateway is one replica as it says itself.
type gateway struct {
	Pod, Address, Node string
	Ready              bool
	Digest             string
	OnLastGood         bool
	Rejected           string
	Code               string // of the last error
}

// gateways are the pods that are not on their way out, with what each says of itself.
func (b *Bench) gateways(ctx context.Context) ([]gateway, error) {
	pods, err := b.List(ctx, kube.Core(b.namespace, "pods"), selector)
	if err != nil {
		return nil, err
	}
	var list []gateway
	for _, pod := range pods {
		if pod.Metadata.Deletion != nil {
			continue
		}
		g := gateway{Pod: pod.Metadata.Name, Ready: kube.Condition(pod, "Ready")}
		g.Address, _ = pod.Status["podIP"].(string)
		g.Node, _ = pod.Spec["nodeName"].(string)
		if g.Address != "" {
			// One that does not answer yet has no digest.
			_ = g.ask(ctx)
		}
		list = append(list, g)
	}
	return list, nil
}

func (g *gateway) ask(ctx context.Context) error {
	text, err := fetch(ctx, "http://"+g.Address+":8081/-/bundle")
	if err != nil {
		return err
	}
	var said struct {
		Digest     string `json:"digest"`
		OnLastGood bool   `json:"on_last_good"`
		Rejected   string `json:"rejected_digest"`
		LastError  *struct {
			Code string `json:"code"`
		} `json:"last_error"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return err
	}
	g.Digest, g.OnLastGood, g.Rejected = said.Digest, said.OnLastGood, said.Rejected
	if said.LastError != nil {
		g.Code = said.LastError.Code
	}
	return nil
}

func fetch(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != 200 {
		err = fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return text, err
}

// served is nil when all replicas are ready and serve the digest.
func (b *Bench) served(ctx context.Context, digest string) error {
	return b.servedBy(ctx, digest, replicas)
}

// servedBy is nil when there are n replicas, and all are ready and serve the digest.
func (b *Bench) servedBy(ctx context.Context, digest string, n int) error {
	list, err := b.gateways(ctx)
	if err != nil {
		return err
	}
	var behind []string
	for _, g := range list {
		if g.Digest != digest || !g.Ready {
			behind = append(behind, fmt.Sprintf("%s (ready %v, %s, %s)", g.Pod, g.Ready, short(g.Digest), g.Code))
		}
	}
	switch {
	case len(behind) > 0:
		return fmt.Errorf("not on %s: %s", short(digest), strings.Join(behind, ", "))
	case len(list) != n:
		return fmt.Errorf("%d gateways, want %d", len(list), n)
	}
	return nil
}

// untilServed waits until all replicas serve the digest, and says how long it was.
func (b *Bench) untilServed(ctx context.Context, digest string) (time.Duration, error) {
	began := time.Now()
	err := b.Until(ctx, 4*time.Minute, "every replica to serve the bundle", func() error { return b.served(ctx, digest) })
	return time.Since(began), err
}

// addresses are those of the gateways' listeners.
func (b *Bench) addresses(ctx context.Context) ([]string, error) {
	list, err := b.gateways(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, g := range list {
		out = append(out, g.Address+":8080")
	}
	slices.Sort(out)
	return out, nil
}

// service is the address of a service.
func (b *Bench) service(ctx context.Context, namespace, name string) (string, error) {
	o, err := b.Get(ctx, kube.Core(namespace, "services", name))
	if err != nil {
		return "", err
	}
	ip, _ := o.Spec["clusterIP"].(string)
	ports, _ := o.Spec["ports"].([]any)
	if len(ports) == 0 {
		return "", errors.New("the service has no port")
	}
	port, _ := ports[0].(map[string]any)
	return fmt.Sprintf("%s:%v", ip, port["port"]), nil
}

func short(digest string) string {
	if len(digest) > 19 {
		return digest[7:19]
	}
	if digest == "" {
		return "no bundle"
	}
	return digest
}
