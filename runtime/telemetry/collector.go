package telemetry

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/upstream/identity"
)

// collector turns the counters of a Metrics into samples at each scrape.
type collector struct {
	m *Metrics

	requests, duration, errors, bytesIn, bytesOut *prometheus.Desc
	bundle, routes, loaded, lastGood              *prometheus.Desc
	success, total, took, attempted, swaps, live  *prometheus.Desc
	connections, dropped, build                   *prometheus.Desc
	handshakes, expiry, changes                   *prometheus.Desc
	refused, panics                               *prometheus.Desc
	upstreamTLS, lag                              *prometheus.Desc
}

// Registry makes a registry that gathers the metrics, and those of the Go runtime
// and of the process.
func (m *Metrics) Registry(more ...prometheus.Collector) (*prometheus.Registry, error) {
	desc := descriptions()
	c := &collector{
		m:           m,
		requests:    desc["lintel_requests_total"],
		duration:    desc["lintel_request_duration_seconds"],
		errors:      desc["lintel_request_errors_total"],
		bytesIn:     desc["lintel_request_bytes_total"],
		bytesOut:    desc["lintel_response_bytes_total"],
		bundle:      desc["lintel_bundle_info"],
		routes:      desc["lintel_bundle_routes"],
		loaded:      desc["lintel_bundle_loaded_timestamp_seconds"],
		lastGood:    desc["lintel_on_last_good"],
		success:     desc["lintel_reload_success"],
		total:       desc["lintel_reload_total"],
		took:        desc["lintel_reload_duration_seconds"],
		attempted:   desc["lintel_reload_attempt_timestamp_seconds"],
		swaps:       desc["lintel_swaps_total"],
		live:        desc["lintel_snapshots_live"],
		lag:         desc["lintel_bundle_apply_lag_seconds"],
		connections: desc["lintel_connections"],
		dropped:     desc["lintel_access_log_dropped_total"],
		build:       desc["lintel_build_info"],
		panics:      desc["lintel_panics_total"],
		refused:     desc["lintel_connections_refused_total"],
		handshakes:  desc["lintel_tls_handshakes_total"],
		upstreamTLS: desc["lintel_upstream_tls_handshakes_total"],
		expiry:      desc["lintel_tls_certificate_expiry_timestamp_seconds"],
		changes:     desc["lintel_tls_certificate_changes_total"],
	}
	r := prometheus.NewRegistry()
	for _, one := range append([]prometheus.Collector{c}, more...) {
		if err := r.Register(one); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return r, nil
}

// Describe names nothing: the samples depend on what was served.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect sums up the shards.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	domains := *c.m.domains.Load()
	for _, name := range slices.Sorted(maps.Keys(domains)) {
		c.collectDomain(out, name, domains[name])
	}
	for _, code := range reason.All() {
		var sum uint64
		for i := range c.m.reasons {
			sum += c.m.reasons[i].n[code].Load()
		}
		if sum > 0 {
			out <- prometheus.MustNewConstMetric(c.errors, prometheus.CounterValue, float64(sum), code.String())
		}
	}
	if c.m.Connections != nil {
		out <- prometheus.MustNewConstMetric(c.connections, prometheus.GaugeValue, float64(c.m.Connections()))
	}
	out <- prometheus.MustNewConstMetric(c.panics, prometheus.CounterValue, float64(c.m.Guard.Panics()))
	for why := range refusals {
		if n := c.m.Guard.Refusals(why); n > 0 {
			out <- prometheus.MustNewConstMetric(c.refused, prometheus.CounterValue, float64(n), why.String())
		}
	}
	c.collectTLS(out)
	dropped := uint64(0)
	if c.m.LogDropped != nil {
		dropped = c.m.LogDropped()
	}
	out <- prometheus.MustNewConstMetric(c.dropped, prometheus.CounterValue, float64(dropped))
	out <- prometheus.MustNewConstMetric(c.build, prometheus.GaugeValue, 1, c.m.version, runtime.Version())
	c.collectReloads(out)
}

func (c *collector) collectDomain(out chan<- prometheus.Metric, name string, d *domain) {
	var codes [codeSlots]uint64
	var buckets [len(bounds) + 1]uint64
	var nanos, in, sent uint64
	for i := range d.cells {
		cell := &d.cells[i]
		for s := range codes {
			codes[s] += cell.codes[s].Load()
		}
		for b := range buckets {
			buckets[b] += cell.buckets[b].Load()
		}
		nanos, in, sent = nanos+cell.nanos.Load(), in+cell.bytesIn.Load(), sent+cell.bytesOut.Load()
	}
	for s, n := range codes {
		if n > 0 {
			out <- prometheus.MustNewConstMetric(c.requests, prometheus.CounterValue, float64(n), name, codeLabel(s))
		}
	}
	cumulative, sum := map[float64]uint64{}, uint64(0)
	for i, b := range bounds {
		sum += buckets[i]
		cumulative[b.Seconds()] = sum
	}
	sum += buckets[len(bounds)]
	out <- prometheus.MustNewConstHistogram(c.duration, sum, float64(nanos)/float64(time.Second), cumulative, name)
	out <- prometheus.MustNewConstMetric(c.bytesIn, prometheus.CounterValue, float64(in), name)
	out <- prometheus.MustNewConstMetric(c.bytesOut, prometheus.CounterValue, float64(sent), name)
}

func (c *collector) collectTLS(out chan<- prometheus.Metric) {
	for end := range handshakeEnds {
		for v := range tlsVersions {
			if n := c.m.Handshakes.n[end][v].Load(); n > 0 {
				out <- prometheus.MustNewConstMetric(c.handshakes, prometheus.CounterValue, float64(n), end.String(), tlsVersions[v].text)
			}
		}
	}
	for o := range identity.Count {
		for v := range tlsVersions {
			if n := c.m.UpstreamHandshakes.n[o][v].Load(); n > 0 {
				out <- prometheus.MustNewConstMetric(c.upstreamTLS, prometheus.CounterValue, float64(n), o.String(), tlsVersions[v].text)
			}
		}
	}
	if c.m.Certificates == nil {
		return
	}
	for _, one := range c.m.Certificates() {
		out <- prometheus.MustNewConstMetric(c.expiry, prometheus.GaugeValue, float64(one.Expires.Unix()), one.Name)
		out <- prometheus.MustNewConstMetric(c.changes, prometheus.CounterValue, float64(one.Loaded), one.Name, "loaded")
		out <- prometheus.MustNewConstMetric(c.changes, prometheus.CounterValue, float64(one.Refused), one.Name, "refused")
	}
}

func codeLabel(slot int) string {
	switch {
	case slot < len(statuses):
		return strconv.Itoa(statuses[slot])
	case slot == len(statuses):
		return "none"
	}
	return strconv.Itoa(slot-len(statuses)) + "xx"
}

func (c *collector) collectReloads(out chan<- prometheus.Metric) {
	r := &c.m.reload
	r.mu.Lock()
	defer r.mu.Unlock()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if r.digest != "" {
		gauge(c.bundle, 1, r.digest, r.revision)
		gauge(c.routes, float64(r.routes))
		gauge(c.loaded, float64(r.loadedAt.UnixMilli())/1000)
	}
	gauge(c.lastGood, truth(r.lastGood))
	gauge(c.success, truth(r.success))
	for _, result := range slices.Sorted(maps.Keys(r.results)) {
		out <- prometheus.MustNewConstMetric(c.total, prometheus.CounterValue, float64(r.results[result]), result)
	}
	if !r.attempted.IsZero() {
		gauge(c.took, r.took.Seconds())
		gauge(c.attempted, float64(r.attempted.UnixMilli())/1000)
	}
	if !r.arrived.IsZero() {
		gauge(c.lag, r.lag(time.Now()).Seconds())
	}
	out <- prometheus.MustNewConstMetric(c.swaps, prometheus.CounterValue, float64(r.swaps))
	gauge(c.live, float64(r.live))
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
