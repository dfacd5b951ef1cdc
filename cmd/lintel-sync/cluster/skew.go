package cluster

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"k8s.io/client-go/rest"
)

// Skew is how far the API server's clock is ahead of this machine's, to a second or
// two: it is read off the header Date of an answer. Nothing here relies on clocks
// being equal, but times in events and leases are read by people.
func (c *Cluster) Skew(ctx context.Context) (time.Duration, error) {
	client, err := rest.HTTPClientFor(c.Config)
	if err != nil {
		return 0, fmt.Errorf("connect to %s: %w", c.Config.Host, err)
	}
	base, _, err := rest.DefaultServerUrlFor(c.Config)
	if err != nil {
		return 0, fmt.Errorf("connect to %s: %w", c.Config.Host, err)
	}
	base.Path = strings.TrimSuffix(base.Path, "/") + "/version"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.String(), nil)
	if err != nil {
		return 0, err
	}
	before := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return 0, Explain(err)
	}
	_ = resp.Body.Close()
	server, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0, fmt.Errorf("the API server gives no time: %w", err)
	}
	middle := before.Add(time.Since(before) / 2)
	// The header counts whole seconds: on average half of one has passed.
	return server.Add(500 * time.Millisecond).Sub(middle).Round(time.Second), nil
}
