package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/metrics"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/observe"
)

var reportVerb = verb{
	name: "report", purpose: "annotate the first ConfigMap with what replicas serve, and keep what all of them do",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var t target
		var g gateways
		t.declare(fs)
		g.declare(fs)
		once := fs.Bool("once", false, "look once; exit 100 when not all replicas serve the wanted bundle")
		interval := fs.Duration("interval", 3*time.Second, "how often to look while nothing changes")
		poking := fs.Bool("poke", false, "make kubelets look at once where a replica is behind")
		listen := fs.String("metrics-listen", "", "serve /metrics, /healthz and /readyz at `ADDR`")
		return func(ctx context.Context, s streams, args []string) error {
			if len(args) > 0 {
				return usageError{"takes no arguments"}
			}
			if *interval < 100*time.Millisecond {
				return usageError{"--interval must be at least 100ms"}
			}
			if err := g.valid(); err != nil {
				return err
			}
			c, err := t.open()
			if err != nil {
				return err
			}
			finder, err := g.finder(c)
			if err != nil {
				return err
			}
			if err := c.Missing(ctx, append(reporting(), g.needs(finder, *poking)...)); err != nil {
				return err
			}
			m := metrics.New()
			o := observer(s, c, t.name, finder, m, *poking)
			if *once {
				return reportOnce(ctx, s, o)
			}
			if *listen != "" {
				if err := m.Serve(ctx, *listen, s.log); err != nil {
					return err
				}
			}
			skew(ctx, s, c, m)
			return reportLoop(ctx, s, o, m, *interval)
		}
	},
}

// reporting are the permissions of the report.
func reporting() []cluster.Need {
	return append(cluster.Needs("", "configmaps", "get", "list", "create", "update", "patch", "delete"), telling()...)
}

func reportOnce(ctx context.Context, s streams, o *observe.Observer) error {
	v, err := o.Look(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s: %d of %d replicas serve it\n", v.Wanted, v.Serving, v.All)
	if v.Reason != "" {
		fmt.Fprintln(s.out, v.Reason)
	}
	if !v.Settled() {
		return errFindings
	}
	return nil
}

// unsettled is how often the report looks while a bundle is on its way.
const unsettled = 500 * time.Millisecond

// reportLoop looks until ctx ends. That the API server does not answer is told once and
// waited for; what it refuses is told each time that it says something else.
func reportLoop(ctx context.Context, s streams, o *observe.Observer, m *metrics.Metrics, interval time.Duration) error {
	told := ""
	for {
		v, err := o.Look(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && err.Error() != told:
			told = err.Error()
			s.log.Warn("cannot report", "error", err)
		case err == nil && told != "":
			told = ""
			s.log.Info("reports again")
		}
		if err == nil || errors.Is(err, observe.ErrAbsent) {
			m.Ready()
		}
		rest := interval
		if err == nil && !v.Settled() {
			rest = min(unsettled, interval)
		}
		if !pause(ctx, rest) {
			return nil
		}
	}
}

// skew warns of clocks that differ. Nothing relies on them, but people read times.
func skew(ctx context.Context, s streams, c *cluster.Cluster, m *metrics.Metrics) {
	d, err := c.Skew(ctx)
	if err != nil {
		s.log.Warn("the API server's clock cannot be read", "error", err)
		return
	}
	m.Skew.Set(d.Seconds())
	if d.Abs() > 5*time.Second {
		s.log.Warn("the clocks of this machine and of the API server differ: times in events and status are off by that much", "ahead", d.String())
	}
}

var pokeVerb = verb{
	name: "poke", purpose: "make kubelets bring the bundle to pods that are behind, and wait until all replicas serve it",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var t target
		var g gateways
		w := watcher{target: &t, gateways: &g, poke: true, watch: true, format: "text"}
		t.declare(fs)
		g.declare(fs)
		fs.StringVar(&w.digest, "digest", "", "want the bundle with the `DIGEST` (default the one in the cluster)")
		fs.DurationVar(&w.timeout, "timeout", time.Minute, "how long to wait; exit 100 when a replica is still behind")
		return func(ctx context.Context, s streams, args []string) error {
			if len(args) > 0 {
				return usageError{"takes no arguments"}
			}
			if err := g.valid(); err != nil {
				return err
			}
			c, err := t.open()
			if err != nil {
				return err
			}
			return w.run(ctx, s, c)
		}
	},
}
