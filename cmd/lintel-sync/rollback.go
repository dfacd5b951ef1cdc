package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/argocd"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/events"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/keep"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/owned"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/state"
)

// rollback is what the verb was asked for.
type rollback struct {
	target        target
	gateways      gateways
	release, list bool
	pause         string
	wait          time.Duration
	poke          bool
}

var rollbackVerb = verb{
	name: "rollback", args: "DIGEST|REVISION", purpose: "bring back a bundle that all replicas served before, and hold it",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		var r rollback
		r.target.declare(fs)
		r.gateways.declare(fs)
		fs.BoolVar(&r.release, "release", false, "end the hold of a rollback: the agent, or Argo CD, applies its source again")
		fs.BoolVar(&r.list, "list", false, "list what can be brought back, the latest first")
		fs.StringVar(&r.pause, "pause-argocd", "", "when Argo CD owns the ConfigMaps, switch the automated sync of the Application `APP[.NAMESPACE]` off first")
		fs.DurationVar(&r.wait, "wait", time.Minute, "wait up to `TIME` until every replica serves it, 0 does not; exit 100 when one does not")
		fs.BoolVar(&r.poke, "poke", false, "make kubelets look at once")
		return func(ctx context.Context, s streams, args []string) error {
			switch {
			case (r.release || r.list) && (len(args) > 0 || r.release && r.list):
				return usageError{"--release and --list go alone"}
			case !r.release && !r.list && len(args) != 1:
				return usageError{"takes the digest or the revision to bring back; --list shows them"}
			}
			if err := r.gateways.valid(); err != nil {
				return err
			}
			c, err := r.target.open()
			if err != nil {
				return err
			}
			switch {
			case r.list:
				return r.print(ctx, s, c)
			case r.release:
				return r.end(ctx, s, c)
			}
			return r.to(ctx, s, c, args[0])
		}
	},
}

func (r *rollback) print(ctx context.Context, s streams, c *cluster.Cluster) error {
	st, err := state.Read(ctx, c, r.target.name)
	if err != nil {
		return err
	}
	for _, b := range st.History {
		fmt.Fprintf(s.out, "%s  %s\n", b.Digest, dash(b.Revision))
	}
	if len(st.History) == 0 {
		fmt.Fprintln(s.err, "nothing is kept yet: lintel-sync run or report keeps a bundle once all replicas serve it")
	}
	return nil
}

func (r *rollback) to(ctx context.Context, s streams, c *cluster.Cluster, which string) error {
	if err := c.Missing(ctx, writing()); err != nil {
		return err
	}
	st, err := state.Read(ctx, c, r.target.name)
	if err != nil {
		return err
	}
	to, err := keep.Find(st.History, which)
	if err != nil {
		return err
	}
	b, err := keep.Load(ctx, c, r.target.name, to.Digest)
	if err != nil {
		return err
	}
	first, err := c.Client.CoreV1().ConfigMaps(c.Namespace).Get(ctx, layout.Part(r.target.name, 0), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		first = &corev1.ConfigMap{}
	} else if err != nil {
		return cluster.Explain(err)
	}
	hold := &state.Hold{Bundle: to, By: whoami(), From: state.Bundle{
		Digest: first.Annotations[layout.Digest], Content: first.Annotations[layout.Content], Revision: first.Annotations[layout.Revision],
	}}
	// Going back twice is one rollback from where it began.
	if st.Hold != nil && st.Hold.Bundle.Digest == hold.From.Digest {
		hold.From, hold.Paused = st.Hold.From, st.Hold.Paused
	}
	owner, argo := argocd.OwnerOf(first)
	if argo {
		if err := r.pauseArgo(ctx, s, c, owner, hold); err != nil {
			return err
		}
	}
	// The hold comes first: an agent that looks between the two does not undo this.
	err = state.Change(ctx, c, r.target.name, func(now *state.State) bool { now.Hold = hold; return true })
	if err != nil {
		return err
	}
	if argo {
		err = owned.Overwrite(ctx, c, wanted(b, r.target.place(c)))
	} else {
		err = applyBundle(ctx, s, c, &r.target, b, false)
	}
	if err != nil {
		return err
	}
	e := &events.Recorder{Cluster: c, Name: r.target.name, UID: first.UID}
	if err := e.Emit(ctx, events.RolledBack, fmt.Sprintf("%s brought back %s from %s", hold.By, layout.Short(to.Digest), layout.Short(hold.From.Digest))); err != nil {
		fmt.Fprintf(s.err, "warning: %v\n", err)
	}
	fmt.Fprintf(s.out, "rolled back from %s to %s%s; it is held until the source has something else, or lintel-sync rollback --release\n", dash(layout.Short(hold.From.Digest)), layout.Short(to.Digest), revisionText(to.Revision))
	if r.wait == 0 {
		return nil
	}
	w := watcher{target: &r.target, gateways: &r.gateways, digest: to.Digest, timeout: r.wait, poke: r.poke, watch: true, format: "text"}
	return w.run(ctx, s, c)
}

func (r *rollback) pauseArgo(ctx context.Context, s streams, c *cluster.Cluster, owner string, hold *state.Hold) error {
	if r.pause == "" {
		return fmt.Errorf("Argo CD owns the ConfigMaps (Application %s) and would undo this: git revert the change in the repository that it reads; in an emergency --pause-argocd APP.NAMESPACE switches its automated sync off first. Nothing was changed", owner)
	}
	app := argocd.ParseApp(r.pause)
	if err := app.Pause(ctx, c); err != nil {
		return err
	}
	hold.Paused = app.String()
	fmt.Fprintf(s.out, "the automated sync of Application %s is off until lintel-sync rollback --release\n", app)
	return nil
}

func (r *rollback) end(ctx context.Context, s streams, c *cluster.Cluster) error {
	var was *state.Hold
	st, err := state.Read(ctx, c, r.target.name)
	if err != nil {
		return err
	}
	if was = st.Hold; was == nil {
		return errors.New("nothing is held: there is no rollback to release")
	}
	if was.Paused != "" {
		resumed, err := argocd.ParseApp(was.Paused).Resume(ctx, c)
		if err != nil {
			return err
		}
		if resumed {
			fmt.Fprintf(s.out, "the automated sync of Application %s is on again\n", was.Paused)
		}
	}
	if err := state.Change(ctx, c, r.target.name, func(now *state.State) bool { now.Hold = nil; return true }); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "released %s: what the source has is applied again\n", layout.Short(was.Bundle.Digest))
	e := &events.Recorder{Cluster: c, Name: r.target.name}
	if err := e.Emit(ctx, events.Released, fmt.Sprintf("%s released the hold on %s", whoami(), layout.Short(was.Bundle.Digest))); err != nil {
		fmt.Fprintf(s.err, "warning: %v\n", err)
	}
	return nil
}
