package telemetry

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/upstream/identity"
)

// TestCatalog holds the catalog to what a gateway shows once everything happened.
func TestCatalog(t *testing.T) {
	m := NewMetrics("test")
	m.Connections = func() int64 { return 1 }
	m.Handshakes.Done(HandshakeFull, tls.VersionTLS13)
	m.UpstreamHandshakes.Done(identity.BadName, 0)
	m.Certificates = func() []Certificate { return []Certificate{{"a.crt", time.Unix(1, 0), 1, 0}} }
	m.Guard.Refused(RefusedSource)
	r := record()
	r.Reason = reason.ConnectFailed
	m.Done(0, r)
	m.Reloaded("loaded", true, time.Unix(1, 0), time.Second)
	m.Applied(time.Unix(1, 0), time.Unix(3, 0))
	m.Serving("sha256:ab", "sha256:cd", "r1", 1, time.Unix(1, 0), false)
	registry, err := m.Registry()
	if err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]Metric{}
	for _, f := range families {
		one := Metric{Name: f.GetName(), Type: strings.ToLower(f.GetType().String()), Help: f.GetHelp()}
		for _, l := range f.GetMetric()[0].GetLabel() {
			one.Labels = append(one.Labels, l.GetName())
		}
		shown[one.Name] = one
	}
	catalog, labels := map[string]Metric{}, map[string]bool{}
	for _, one := range Catalog() {
		for _, l := range one.Labels {
			labels[l] = true
		}
		// A scrape shows labels by name.
		one.Labels = slices.Sorted(slices.Values(one.Labels))
		catalog[one.Name] = one
	}
	if d := cmp.Diff(shown, catalog); d != "" {
		t.Errorf("the catalog differs from what is shown (-shown +catalog):\n%s", d)
	}
	for _, l := range Labels() {
		if !labels[l.Name] || l.Meaning == "" {
			t.Errorf("label %+v is of no metric, or says nothing", l)
		}
		delete(labels, l.Name)
	}
	if len(labels) > 0 {
		t.Errorf("labels without a meaning: %v", labels)
	}
}
