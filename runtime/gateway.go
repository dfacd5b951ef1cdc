// Package runtime is the gateway: listeners, the request engine, the bundle that
// it serves from and the operator's endpoints, put together. It links neither the
// compiler nor a Kubernetes client.
package runtime

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/lintel-gateway/lintel/runtime/admin"
	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/certs"
	"github.com/lintel-gateway/lintel/runtime/filter/standard"
	"github.com/lintel-gateway/lintel/runtime/handover"
	"github.com/lintel-gateway/lintel/runtime/reload"
	"github.com/lintel-gateway/lintel/runtime/secret"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
	"github.com/lintel-gateway/lintel/runtime/watch"
)

// settleTime is how long a stop waits for the last writes after the drain.
const settleTime = 5 * time.Second

// Config says what a gateway is made of. Boot is required.
type Config struct {
	Boot boot.Config
	// Dev adds the response headers that tests and developers read.
	Dev bool
	// VerifyKey, when set, must have signed every bundle.
	VerifyKey ed25519.PublicKey
	// Version is that of the program.
	Version string
	// Log receives one line for each change of state; nil discards them.
	Log *slog.Logger
}

// Gateway is one gateway process.
type Gateway struct {
	cfg      Config
	log      *slog.Logger
	holder   snapshot.Holder
	reloader *reload.Reloader
	engine   engine
	secrets  *secret.Store
	sinks    *sinks
	metrics  prometheus.Gatherer
	certs    []*certs.Store // one for each listener; nil for a plain one
	draining atomic.Bool

	traffic [][]net.Listener // the sockets of each listener
	packets []net.PacketConn // that of HTTP/3 of each; nil where there is none, or not yet
	admin   net.Listener

	offers   *handover.Offer  // nil: nobody may take over
	taking   *handover.Taking // nil: no process was there before
	patience time.Duration    // for the first bundle of a process that takes over
}

// New puts a gateway together. It opens nothing but the access log,
// and reads the certificates of its listeners.
func New(cfg Config) (*Gateway, error) { return assemble(cfg, newEngine) }

// assemble is New with an engine of the caller's.
func assemble(cfg Config, makeEngine engineMaker) (*Gateway, error) {
	if err := cfg.Boot.Check(cfg.Dev); err != nil {
		return nil, err
	}
	g := &Gateway{cfg: cfg, log: cfg.Log, patience: handover.Patience}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	filters, err := standard.Registry()
	if err != nil {
		return nil, fmt.Errorf("filters: %w", err)
	}
	if g.certs, err = openCerts(cfg.Boot.Listeners, g.log); err != nil {
		return nil, err
	}
	metrics := telemetry.NewMetrics(cfg.Version)
	if g.sinks, err = openSinks(cfg.Boot.AccessLog, metrics, g.log); err != nil {
		return nil, err
	}
	g.metrics, err = metrics.Registry(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err != nil {
		return nil, err
	}
	g.secrets = secret.New(secret.Config{Dir: cfg.Boot.SecretsDir, Log: g.log})
	g.engine = makeEngine(cfg, &g.holder, g.sinks, g.log)
	metrics.Connections = g.engine.Connections
	metrics.Certificates = g.certificates
	upstreams, err := openUpstreams(cfg.Boot, metrics, g.log)
	if err != nil {
		return nil, err
	}
	b := cfg.Boot.Bundle
	g.reloader = reload.New(reload.Config{
		Dir: b.Dir, StateDir: b.StateDir, FallbackDir: b.Fallback, VerifyKey: cfg.VerifyKey,
		Filters: filters, Upstreams: upstreams, Secret: g.secrets.Handle,
		Holder: &g.holder, OnSwap: g.engine.Swapped, Observer: metrics, Log: g.log,
	})
	return g, nil
}

// Run serves until ctx ends or another process has taken over, and then drains: it stops
// being ready, waits for the readiness delay, lets requests and upgraded connections end
// until the drain timeout, and stops. A bad bundle is no error.
func (g *Gateway) Run(ctx context.Context) error {
	if err := g.Listen(); err != nil {
		return err
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	t := &tasks{failed: make(chan error, 1)}
	defer g.settle(&t.group)
	defer stop()
	g.log.Info("gateway started", "version", g.cfg.Version, "listen", g.Addresses(), "admin", g.AdminAddress(), "bundle", g.cfg.Boot.Bundle.Dir)
	t.group.Go(func() { g.sinks.run(work) })
	t.group.Go(func() { g.secrets.Run(work) })
	g.watch(work, t)
	handed := make(chan struct{})
	withdraw, err := g.serve(ctx, work, t, handed)
	if err != nil {
		return err
	}
	over := false
	select {
	case <-ctx.Done():
	case <-handed:
		over = true
	case err = <-t.failed:
		g.log.Error("gateway fails", "error", err)
	}
	withdraw()
	return errors.Join(err, g.drain(ctx, over))
}

// tasks are the goroutines of a gateway; the first that fails ends it.
type tasks struct {
	group  sync.WaitGroup
	failed chan error
}

func (t *tasks) try(what string, f func() error) {
	t.group.Go(func() {
		if err := f(); err != nil {
			select {
			case t.failed <- fmt.Errorf("%s: %w", what, err):
			default: // the gateway ends already
			}
		}
	})
}

// watch brings bundles into service whenever the directory changes.
func (g *Gateway) watch(work context.Context, t *tasks) {
	g.reloader.Start()
	look := make(chan struct{}, 1)
	t.group.Go(func() { g.reloader.Run(work, look) })
	t.group.Go(func() {
		w := watch.New(watch.Config{Dir: g.cfg.Boot.Bundle.Dir, Poll: g.cfg.Boot.Bundle.Poll.D(), Log: g.log})
		w.Run(work, func() {
			select {
			case look <- struct{}{}:
			default: // a look is due already
			}
		})
	})
}

// serve takes traffic and answers the operator, once this process may, and offers both
// to the process that will replace it: then handed is closed. withdraw ends that.
func (g *Gateway) serve(ctx, work context.Context, t *tasks, handed chan struct{}) (withdraw func(), err error) {
	if err := g.awaitBundle(ctx); err != nil {
		return nil, err
	}
	for i, sockets := range g.traffic {
		if store := g.certs[i]; store != nil {
			t.group.Go(func() { store.Run(work) })
		}
		t.try("serve traffic", func() error { return g.engine.ServeListener(work, g.intake(i), sockets...) })
		if g.cfg.Boot.Listeners[i].TakesHTTP3() {
			t.try("serve HTTP/3", func() error { return g.serveHTTP3(work, i) })
		}
	}
	operator, dismiss := context.WithCancel(work)
	withdraw = g.offer(func() {
		dismiss()
		_ = g.admin.Close()
		close(handed)
	})
	t.try("serve the admin endpoints", func() error {
		defer dismiss()
		return admin.Serve(operator, g.admin, admin.Handler(admin.Config{
			Bundles: g.reloader, Holder: &g.holder, Draining: g.draining.Load, Metrics: g.metrics, Log: g.log,
		}), g.log)
	})
	return withdraw, nil
}

// settle waits for the tasks, but not for ever: a log that nobody reads must not
// keep the process alive.
func (g *Gateway) settle(tasks *sync.WaitGroup) {
	done := make(chan struct{})
	go func() { tasks.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(settleTime):
		g.log.Warn("gateway stops with work left, such as an access log that is not read", "after", settleTime)
	}
}

// drain ends what is in flight. What does not end in time is cut, which is no
// error. After a handover nobody has to notice anything first.
func (g *Gateway) drain(ctx context.Context, over bool) error {
	g.draining.Store(true)
	d := g.cfg.Boot.Drain
	if over {
		d.ReadinessDelay = 0
	}
	g.log.Info("gateway drains", "readiness_delay", d.ReadinessDelay.D(), "timeout", d.Timeout.D())
	time.Sleep(d.ReadinessDelay.D())
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.Timeout.D())
	defer cancel()
	err := g.engine.Drain(bounded)
	cut := errors.Is(err, context.DeadlineExceeded)
	if cut {
		err = nil
	}
	g.log.Info("gateway stopped", "cut", cut)
	if err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	return nil
}
