package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/apply"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/events"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/lease"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/load"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

var applyVerb = verb{
	name: "apply", args: "[DIR|BUNDLE|FILE.yaml]", purpose: "make the cluster hold the bundle, once",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var t target
		var g gateways
		var o compiling
		t.declare(fs)
		g.declare(fs)
		o.declare(fs)
		fs.StringVar(&o.revision, "revision", "", "put the revision `R` into the manifest when DIR is compiled")
		adopt := fs.Bool("adopt", false, "take over ConfigMaps with Lintel's labels that another program applied")
		force := fs.Bool("force", false, "apply though an agent runs, which will undo it unless its source has the same")
		wait := fs.Duration("wait", 0, "wait up to `TIME` until every replica serves the bundle; exit 100 when one does not")
		poking := fs.Bool("poke", false, "make kubelets look at once (with --wait)")
		return func(ctx context.Context, s streams, args []string) error {
			path, err := oneArg(args)
			if err != nil {
				return err
			}
			if err := g.valid(); err != nil {
				return err
			}
			c, err := t.open()
			if err != nil {
				return err
			}
			b, err := loadBundle(ctx, s, path, o.options(t.name, c.Namespace))
			if err != nil {
				return err
			}
			needs := writing()
			if !*force {
				needs = append(needs, cluster.Needs("coordination.k8s.io", "leases", "get")...)
			}
			if err := c.Missing(ctx, needs); err != nil {
				return err
			}
			if !*force {
				if err := noAgent(ctx, c, t.name); err != nil {
					return err
				}
			}
			if err := applyBundle(ctx, s, c, &t, b, *adopt); err != nil {
				return err
			}
			if *wait == 0 {
				return nil
			}
			w := watcher{target: &t, gateways: &g, digest: b.Digest(), timeout: *wait, poke: *poking, watch: true, format: "text"}
			return w.run(ctx, s, c)
		}
	},
}

// loadBundle reads the path, and prints what lintel finds in route files.
func loadBundle(ctx context.Context, s streams, path string, o load.Options) (*bundle.Bundle, error) {
	b, _, err := load.Bundle(ctx, path, o)
	var findings *load.Findings
	if errors.As(err, &findings) {
		fmt.Fprintln(s.err, findings.Error())
		return nil, errFindings
	}
	return b, err
}

// noAgent refuses when an agent would undo what is about to be done.
func noAgent(ctx context.Context, c *cluster.Cluster, name string) error {
	holder, err := lease.Holder(ctx, c, name)
	if err != nil {
		return err
	}
	if holder != "" {
		return fmt.Errorf("the agent %s looks after %s in namespace %s and would undo this: change its source, use lintel-sync rollback, or add --force", holder, name, c.Namespace)
	}
	return nil
}

// applyBundle applies and prints what changed.
func applyBundle(ctx context.Context, s streams, c *cluster.Cluster, t *target, b *bundle.Bundle, adopt bool) error {
	a, err := apply.Open(c, t.place(c), adopt)
	if err != nil {
		return err
	}
	defer a.Close()
	began := time.Now()
	changes, err := a.Apply(ctx, wanted(b, t.place(c)), b.Manifest().Revision)
	if err != nil {
		return err
	}
	printChanges(s.out, changes)
	if len(changes) == 0 {
		fmt.Fprintf(s.out, "%s is there already: nothing changed\n", b.Digest())
		return nil
	}
	fmt.Fprintf(s.out, "applied %s to %s in namespace %s in %s\n", b.Digest(), t.name, c.Namespace, time.Since(began).Round(time.Millisecond))
	r := &events.Recorder{Cluster: c, Name: t.name}
	if err := r.Emit(ctx, events.Applied, fmt.Sprintf("%s applied by %s", layout.Short(b.Digest()), whoami())); err != nil {
		fmt.Fprintf(s.err, "warning: %v\n", err)
	}
	return nil
}

func printChanges(w io.Writer, changes []layout.Change) {
	for _, c := range changes {
		fmt.Fprintln(w, c)
	}
}

// oneArg returns the only argument, or routes.
func oneArg(args []string) (string, error) {
	switch len(args) {
	case 0:
		return "routes", nil
	case 1:
		return args[0], nil
	}
	return "", usageError{fmt.Sprintf("takes one argument, not %d", len(args))}
}

// wanted is what a bundle is in the cluster.
func wanted(b *bundle.Bundle, p layout.Place) []corev1.ConfigMap {
	return layout.ConfigMaps(&b.Encoded, p)
}
