package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/agent"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/apply"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/lease"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/metrics"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/replicas"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/source"
)

// runner is what the verb run was asked for.
type runner struct {
	target        target
	gateways      gateways
	compiling     compiling
	address       string
	git           source.GitOptions
	interval      time.Duration
	adopt, replay bool
	poke, stand   bool
	listen        string
	id            string
}

var runVerb = verb{
	name: "run", purpose: "be the agent: keep the cluster at what a directory or a Git branch has",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var r runner
		r.target.declare(fs)
		r.gateways.declare(fs)
		r.compiling.declare(fs)
		fs.StringVar(&r.address, "source", "", "take what is applied from `DIR|GIT_URL`")
		fs.StringVar(&r.git.Branch, "branch", "main", "follow the `BRANCH` of a Git repository")
		fs.StringVar(&r.git.Path, "path", "routes", "`PATH` in the source: route files, a bundle or rendered ConfigMaps")
		fs.StringVar(&r.git.Credentials, "git-credentials", "", "`DIR` of a mounted Secret: username and password, or ssh-privatekey and known_hosts")
		fs.DurationVar(&r.git.Timeout, "git-timeout", 2*time.Minute, "how long one fetch may take")
		fs.DurationVar(&r.interval, "interval", 30*time.Second, "how often to ask the source; a directory tells of changes by itself")
		fs.BoolVar(&r.replay, "replay", false, "play the cases of route files (lintel test) before they are applied")
		fs.BoolVar(&r.poke, "poke", false, "make kubelets look at once where a replica is behind")
		fs.BoolVar(&r.stand, "leader-elect", false, "stand by while another agent is at work; without it that is an error")
		fs.BoolVar(&r.adopt, "adopt", false, "take over ConfigMaps with Lintel's labels that another program applied")
		fs.StringVar(&r.listen, "metrics-listen", "", "serve /metrics, /healthz and /readyz at `ADDR`")
		fs.StringVar(&r.id, "id", "", "`NAME` of this agent in the lease (default the pod's name, or the machine's and the process's)")
		return func(ctx context.Context, s streams, args []string) error {
			if len(args) > 0 {
				return usageError{"takes no arguments: the source is --source"}
			}
			if err := r.valid(); err != nil {
				return err
			}
			return r.run(ctx, s)
		}
	},
}

func (r *runner) valid() error {
	switch {
	case r.address == "":
		return usageError{"--source says where routes come from: a directory or the URL of a Git repository"}
	case r.interval < 100*time.Millisecond:
		return usageError{"--interval must be at least 100ms"}
	case r.git.Branch == "":
		return usageError{"--branch must not be empty"}
	case !filepath.IsLocal(filepath.FromSlash(r.git.Path)):
		return usageError{"--path must be a path inside the source"}
	}
	return r.gateways.valid()
}

func (r *runner) run(ctx context.Context, s streams) error {
	c, err := r.target.open()
	if err != nil {
		return err
	}
	finder, err := r.gateways.finder(c)
	if err != nil {
		return err
	}
	needs := append(writing(), r.gateways.needs(finder, r.poke)...)
	needs = append(needs, cluster.Needs("coordination.k8s.io", "leases", "get", "create", "update")...)
	if err := c.Missing(ctx, needs); err != nil {
		return err
	}
	m := metrics.New()
	if r.listen != "" {
		if err := m.Serve(ctx, r.listen, s.log); err != nil {
			return err
		}
	}
	skew(ctx, s, c, m)
	o := lease.Options{
		Cluster: c, Name: r.target.name, ID: r.identity(), Wait: r.stand,
		Waiting: func(holder string) {
			s.log.Info("another agent holds the lease", "holder", holder)
			m.Ready()
		},
	}
	for {
		err := lease.Run(ctx, o, func(ctx context.Context) error {
			m.Leader.Set(1)
			defer m.Leader.Set(0)
			return r.lead(ctx, s, c, finder, m)
		})
		if ctx.Err() != nil {
			return nil
		}
		// An API server that is away comes back; all else is for people.
		if !errors.Is(err, lease.ErrLost) && !cluster.Lost(err) {
			return err
		}
		s.log.Warn("the agent begins again", "error", err)
		if !pause(ctx, lease.Retry) {
			return nil
		}
	}
}

// lead works while the lease is held.
func (r *runner) lead(ctx context.Context, s streams, c *cluster.Cluster, finder *replicas.Finder, m *metrics.Metrics) error {
	src, end, err := r.source(ctx)
	if err != nil {
		return err
	}
	defer end()
	a, err := apply.Open(c, r.target.place(c), r.adopt)
	if err != nil {
		return err
	}
	defer a.Close()
	s.log.Info("the agent is at work", "source", source.Redact(r.address), "name", r.target.name, "namespace", c.Namespace)
	o := observer(s, c, r.target.name, finder, m, r.poke)
	w := &agent.Agent{
		Cluster: c, Place: r.target.place(c), Applier: a, Observer: o, Metrics: m, Log: s.log, Source: src,
		Events: o.Events,
		Load:   r.compiling.options(r.target.name, c.Namespace), Replay: r.replay, Interval: r.interval,
	}
	return w.Run(ctx)
}

// source opens the directory or the repository, and returns what closes it.
func (r *runner) source(ctx context.Context) (agent.Source, func(), error) {
	if source.IsGit(r.address) {
		o := r.git
		o.URL = r.address
		g, err := source.OpenGit(o)
		if err != nil {
			return nil, nil, err
		}
		return g, g.Close, nil
	}
	path := filepath.Join(r.address, filepath.FromSlash(r.git.Path))
	d, err := source.OpenDir(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	return d, d.Close, nil
}

func (r *runner) identity() string {
	if r.id != "" {
		return r.id
	}
	if pod := os.Getenv("POD_NAME"); pod != "" {
		return pod
	}
	return fmt.Sprintf("%s-%d", whoami(), os.Getpid())
}
