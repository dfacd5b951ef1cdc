// Package metrics counts what lintel-sync does, and shows it to Prometheus.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/standing"
)

// Metrics are the instruments. All names begin with lintel_sync_.
type Metrics struct {
	registry *prometheus.Registry

	// Runs counts rounds of the agent by outcome.
	Runs *prometheus.CounterVec
	// LastSuccess is when a round ended well last.
	LastSuccess prometheus.Gauge
	// SourceUp tells whether the source could be read last time.
	SourceUp prometheus.Gauge
	// Healed counts changes by others that were undone.
	Healed prometheus.Counter
	// Apply is how long applying took.
	Apply prometheus.Histogram
	// Propagation is how long it took from applying until every replica served.
	Propagation prometheus.Histogram
	// Leader and Held tell of the lease and of a rollback's hold.
	Leader, Held prometheus.Gauge
	// Skew is how far the API server's clock is ahead.
	Skew prometheus.Gauge

	replicas *prometheus.GaugeVec
	wanted   *prometheus.GaugeVec
	rejected prometheus.Gauge
	ready    atomic.Bool
}

// The outcomes of a round, label values of Runs.
const (
	Applied   = "applied"
	Unchanged = "unchanged"
	Findings  = "findings"
	Source    = "source_failed"
	Failed    = "apply_failed"
)

// New makes the instruments.
func New() *Metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "lintel_sync_" + name, Help: help})
	}
	seconds := []float64{.1, .25, .5, 1, 2, 3, 5, 10, 30, 60, 120, 300}
	histogram := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "lintel_sync_" + name, Help: help, Buckets: seconds})
	}
	m := &Metrics{
		registry:    prometheus.NewRegistry(),
		Runs:        prometheus.NewCounterVec(prometheus.CounterOpts{Name: "lintel_sync_runs_total", Help: "Rounds of the agent, by outcome."}, []string{"outcome"}),
		LastSuccess: gauge("last_success_timestamp_seconds", "When a round ended well last."),
		SourceUp:    gauge("source_up", "1 when the source could be read last time."),
		Healed:      prometheus.NewCounter(prometheus.CounterOpts{Name: "lintel_sync_drift_healed_total", Help: "Changes by others that were undone."}),
		Apply:       histogram("apply_seconds", "How long applying took."),
		Propagation: histogram("propagation_seconds", "From the change of the ConfigMaps until every replica served it."),
		Leader:      gauge("leader", "1 while this process holds the lease."),
		Held:        gauge("held", "1 while a rollback holds the bundle."),
		Skew:        gauge("clock_skew_seconds", "How far the clock of the API server is ahead."),
		replicas:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "lintel_sync_replicas", Help: "Replicas by state: serving, refusing, waiting, behind, silent."}, []string{"state"}),
		wanted:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "lintel_sync_wanted_info", Help: "The bundle that should be served."}, []string{"digest", "revision"}),
		rejected:    gauge("rejected", "1 while a replica refuses the wanted bundle."),
	}
	m.registry.MustRegister(m.Runs, m.LastSuccess, m.SourceUp, m.Healed, m.Apply, m.Propagation, m.Leader, m.Held, m.Skew, m.replicas, m.wanted, m.rejected)
	for _, o := range []string{Applied, Unchanged, Findings, Source, Failed} {
		m.Runs.WithLabelValues(o)
	}
	return m
}

// Standing shows how the replicas stand.
func (m *Metrics) Standing(v standing.Standing) {
	count := map[standing.State]int{}
	for _, r := range v.Replicas {
		count[r.State]++
	}
	for _, s := range standing.States() {
		m.replicas.WithLabelValues(string(s)).Set(float64(count[s]))
	}
	m.wanted.Reset()
	m.wanted.WithLabelValues(v.Wanted, v.Revision).Set(1)
	Set(m.rejected, v.Rejected)
}

// Set sets a gauge to 1 or 0.
func Set(g prometheus.Gauge, on bool) {
	if on {
		g.Set(1)
	} else {
		g.Set(0)
	}
}

// Ready tells /readyz that the first round has ended.
func (m *Metrics) Ready() { m.ready.Store(true) }

func (m *Metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !m.ready.Load() {
			http.Error(w, "no round has ended yet", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return mux
}

// Serve serves /metrics, /healthz and /readyz until ctx ends.
func (m *Metrics) Serve(ctx context.Context, addr string, log *slog.Logger) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen for metrics: %w", err)
	}
	srv := &http.Server{Handler: m.handler(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	go func() {
		if err := srv.Serve(ln); err != nil && !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are not served", "error", err)
		}
	}()
	log.Info("metrics are served", "address", ln.Addr().String())
	return nil
}
