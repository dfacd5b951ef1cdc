// Package agent keeps a cluster at what a source has: it fetches, compiles, applies,
// undoes what others change, and looks whether every replica serves it.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/apply"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/events"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/load"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/metrics"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/observe"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/source"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// Source is where bundles come from.
type Source interface {
	// Fetch brings what the source has now.
	Fetch(ctx context.Context) (source.Checkout, error)
	// Changed says when to fetch before the time; nil when the source cannot tell.
	Changed() <-chan struct{}
}

// Agent looks after one bundle. Fields are set before Run.
type Agent struct {
	Cluster  *cluster.Cluster
	Place    layout.Place
	Applier  *apply.Applier
	Observer *observe.Observer
	Events   *events.Recorder
	Metrics  *metrics.Metrics
	Log      *slog.Logger
	Source   Source
	Load     load.Options
	// Replay plays the cases of route files before they are applied.
	Replay bool
	// Interval is how often the source is asked.
	Interval time.Duration

	// candidate is what the source has, as far as it was in order; nil before that.
	candidate *bundle.Bundle
	// applied is the digest that was last found or brought in place.
	applied string
	heals   pace
	told    map[events.Reason]string
}

const (
	// lookSettled and lookUnsettled are how often replicas are asked.
	lookSettled   = 3 * time.Second
	lookUnsettled = 500 * time.Millisecond
	// recheck is how often the ConfigMaps are compared though nobody told of a change.
	recheck = time.Minute
)

// Run works until ctx ends.
func (a *Agent) Run(ctx context.Context) error {
	a.told = map[events.Reason]string{}
	results := make(chan result)
	ask := make(chan struct{}, 1)
	go a.fetch(ctx, ask, results)
	ask <- struct{}{}
	look, check := time.NewTimer(0), time.NewTimer(recheck)
	// due tells that somebody's change waits for check: further ones do not put it off.
	due := false
	defer look.Stop()
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-results:
			a.take(ctx, r)
			due = false
			check.Reset(a.reconcile(ctx))
			look.Reset(0)
		case <-a.Source.Changed():
			select {
			case ask <- struct{}{}:
			default: // a fetch is due already
			}
		case <-a.Applier.Changed():
			if !due {
				due = true
				check.Reset(min(a.heals.wait(time.Now()), recheck))
			}
		case <-check.C:
			due = false
			check.Reset(a.reconcile(ctx))
		case <-look.C:
			look.Reset(a.look(ctx))
		}
	}
}

// look asks the replicas and says when to do so again.
func (a *Agent) look(ctx context.Context) time.Duration {
	v, err := a.Observer.Look(ctx)
	if err != nil && ctx.Err() == nil && !errors.Is(err, observe.ErrAbsent) {
		a.once("look", err.Error(), func() { a.Log.Warn("cannot report", "error", err) })
	} else if err == nil {
		a.forget("look")
	}
	if err == nil && !v.Settled() {
		return lookUnsettled
	}
	return lookSettled
}

// take notes what the source has.
func (a *Agent) take(ctx context.Context, r result) {
	var findings *load.Findings
	metrics.Set(a.Metrics.SourceUp, r.fetched)
	if r.rewritten != "" {
		a.Log.Warn("the history was rewritten; following the branch", "before", r.rewritten, "now", r.revision)
		a.tell(ctx, events.Rewritten, fmt.Sprintf("the branch was force-pushed: %s is not in its history any more; following it to %s", short(r.rewritten), short(r.revision)))
	}
	switch {
	case ctx.Err() != nil:
	case errors.As(r.err, &findings):
		a.Metrics.Runs.WithLabelValues(metrics.Findings).Inc()
		a.once(events.Findings, r.revision+r.err.Error(), func() {
			a.Log.Error("the routes are not in order; what is applied stays", "revision", r.revision, "findings", r.err.Error())
			a.tell(ctx, events.Findings, fmt.Sprintf("%s: what is applied stays: %s", dash(short(r.revision)), r.err))
		})
	case r.err != nil:
		a.Metrics.Runs.WithLabelValues(metrics.Source).Inc()
		a.once(events.SourceFailed, r.err.Error(), func() {
			a.Log.Error("the source cannot be used; what is applied stays", "error", r.err)
			a.tell(ctx, events.SourceFailed, fmt.Sprintf("what is applied stays: %s", r.err))
		})
	case r.bundle != nil:
		a.candidate = r.bundle
		if a.told[events.SourceFailed] != "" || a.told[events.Findings] != "" {
			a.Log.Info("the source is in order again", "revision", r.revision)
			a.tell(ctx, events.SourceBack, "the source is in order again")
		}
		a.forget(events.SourceFailed)
		a.forget(events.Findings)
	}
}

// once calls say when something is said that was not said last.
func (a *Agent) once(about events.Reason, what string, say func()) {
	if a.told[about] != what {
		a.told[about] = what
		say()
	}
}

func (a *Agent) forget(about events.Reason) { delete(a.told, about) }

// tell emits an event. That it cannot is logged, and nothing more.
func (a *Agent) tell(ctx context.Context, r events.Reason, message string) {
	if err := a.Events.Emit(ctx, r, message); err != nil {
		a.Log.Warn("event is not written", "error", err)
	}
}

func short(revision string) string { return revision[:min(12, len(revision))] }

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
