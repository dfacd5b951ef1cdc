// Package admin serves the operator's endpoints under "/-/": what is served, how
// the last attempt to change it ended, and the metrics. It only reads.
package admin

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lintel-gateway/lintel/runtime/reload"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// Bundles says what the reloader did; *reload.Reloader is one.
type Bundles interface {
	Status() reload.Status
	Bundle() *bundle.Bundle
}

// Config says what is shown. All but Log and Metrics is required.
type Config struct {
	Bundles Bundles
	Holder  *snapshot.Holder
	// Draining tells that the gateway is stopping: it is not ready any more.
	Draining func() bool
	// Metrics is what /metrics shows; nil answers 404.
	Metrics prometheus.Gatherer
	// Log receives failures to serve; nil discards them.
	Log *slog.Logger
}

// handler answers the admin endpoints.
type handler struct{ cfg Config }

// Handler makes the handler of all endpoints.
func Handler(cfg Config) http.Handler {
	h := &handler{cfg: cfg}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/live", func(w http.ResponseWriter, _ *http.Request) { write(w, http.StatusOK, map[string]bool{"live": true}) })
	mux.HandleFunc("GET /-/ready", h.ready)
	mux.HandleFunc("GET /-/bundle", h.bundle)
	mux.HandleFunc("GET /-/bundle/files/{name}", h.file)
	mux.HandleFunc("GET /-/routes", h.routes)
	mux.HandleFunc("GET /-/upstreams", h.upstreams)
	mux.HandleFunc("GET /-/explain", h.explain)
	if cfg.Metrics != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Metrics, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 30 * time.Second}))
	}
	return mux
}

// Serve serves h on ln until ctx ends. Requests in flight then have a second to
// end.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger) error {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			_ = srv.Close() // the grace is over: cut what is left
		}
	})
	defer stop()
	err := srv.Serve(ln)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client is gone: nobody is left to tell
}

// failure is the body of an answer that is no success.
type failure struct {
	Error string `json:"error"`
}
