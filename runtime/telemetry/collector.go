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
)

// collector turns the counters of a Metrics into samples at each scrape.
type collector struct {
	m *Metrics

	requests, duration, errors, bytesIn, bytesOut *prometheus.Desc
	bundle, routes, loaded, lastGood              *prometheus.Desc
	success, total, took, attempted, swaps, live  *prometheus.Desc
	connections, dropped, build                   *prometheus.Desc
}

// Registry makes a registry that gathers the metrics, and those of the Go runtime
// and of the process.
func (m *Metrics) Registry(more ...prometheus.Collector) (*prometheus.Registry, error) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("lintel_"+name, help, labels, nil)
	}
	c := &collector{
		m:           m,
		requests:    desc("requests_total", "Requests by domain and status.", "domain", "code"),
		duration:    desc("request_duration_seconds", "Time from the head of a request to the end of its response, upgraded connections left out.", "domain"),
		errors:      desc("request_errors_total", "Requests that did not end well, by reason.", "reason"),
		bytesIn:     desc("request_bytes_total", "Bytes of request bodies.", "domain"),
		bytesOut:    desc("response_bytes_total", "Bytes of response bodies.", "domain"),
		bundle:      desc("bundle_info", "The bundle that is served, as labels; always 1.", "digest", "revision"),
		routes:      desc("bundle_routes", "Routes in the bundle that is served."),
		loaded:      desc("bundle_loaded_timestamp_seconds", "When the bundle that is served was loaded."),
		lastGood:    desc("on_last_good", "1 while a kept bundle is served because the mounted one could not be."),
		success:     desc("reload_success", "1 when the last attempt to load a bundle succeeded."),
		total:       desc("reload_total", "Attempts to load a bundle by result.", "result"),
		took:        desc("reload_duration_seconds", "How long the last attempt took, from the first read to the swap."),
		attempted:   desc("reload_attempt_timestamp_seconds", "When the last attempt was made."),
		swaps:       desc("swaps_total", "Swaps of the route table."),
		live:        desc("snapshots_live", "Snapshots that are current or still in use by a request or an upgraded connection."),
		connections: desc("connections", "Client connections that are open."),
		dropped:     desc("access_log_dropped_total", "Access records dropped because the log was not written fast enough."),
		build:       desc("build_info", "The program, as labels; always 1.", "version", "goversion"),
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
	out <- prometheus.MustNewConstMetric(c.swaps, prometheus.CounterValue, float64(r.swaps))
	gauge(c.live, float64(r.live))
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
