package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/events"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/keep"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/metrics"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/state"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// retry is after how long a round that failed is tried again.
const retry = 2 * time.Second

// reconcile makes the cluster hold what it should, and says when to look again at the
// latest.
func (a *Agent) reconcile(ctx context.Context) time.Duration {
	err := a.round(ctx)
	switch {
	case ctx.Err() != nil:
		return recheck
	case err != nil:
		a.Metrics.Runs.WithLabelValues(metrics.Failed).Inc()
		a.once(events.ApplyFailed, err.Error(), func() {
			a.Log.Error("cannot apply", "error", err)
			a.tell(ctx, events.ApplyFailed, err.Error())
		})
		return retry
	}
	a.forget(events.ApplyFailed)
	a.Metrics.LastSuccess.SetToCurrentTime()
	a.Metrics.Ready()
	return recheck
}

func (a *Agent) round(ctx context.Context) error {
	want, err := a.desired(ctx)
	if err != nil || want == nil {
		return err
	}
	parts := layout.ConfigMaps(&want.Encoded, a.Place)
	began := time.Now()
	changes, err := a.Applier.Apply(ctx, parts, want.Manifest().Revision)
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		a.applied = want.Digest()
		a.Metrics.Runs.WithLabelValues(metrics.Unchanged).Inc()
		return nil
	}
	a.Metrics.Runs.WithLabelValues(metrics.Applied).Inc()
	a.Metrics.Apply.Observe(time.Since(began).Seconds())
	if a.applied == want.Digest() {
		a.heals.note(time.Now())
		a.Metrics.Healed.Inc()
		a.Log.Warn("undid what somebody changed", "digest", want.Digest(), "changes", texts(changes))
		a.tell(ctx, events.Healed, fmt.Sprintf("undid what somebody changed: %s", changes[0]))
		return nil
	}
	a.applied = want.Digest()
	a.Log.Info("applied", "digest", want.Digest(), "revision", want.Manifest().Revision, "changes", len(changes), "took", time.Since(began).String())
	a.tell(ctx, events.Applied, fmt.Sprintf("%s applied (%s)", layout.Short(want.Digest()), dash(short(want.Manifest().Revision))))
	return nil
}

// desired is the bundle that the cluster should hold: that of the source, or while a
// rollback is held, the one that was brought back. It is nil when neither is known.
func (a *Agent) desired(ctx context.Context) (*bundle.Bundle, error) {
	st, err := state.Read(ctx, a.Cluster, a.Place.Name)
	if err != nil {
		return nil, err
	}
	hold := st.Hold
	metrics.Set(a.Metrics.Held, hold != nil)
	if hold == nil {
		return a.candidate, nil
	}
	if a.candidate != nil && a.candidate.Manifest().Content != hold.From.Content {
		err := state.Change(ctx, a.Cluster, a.Place.Name, func(s *state.State) bool {
			// Somebody may have rolled back again meanwhile.
			if s.Hold == nil || *s.Hold != *hold {
				return false
			}
			s.Hold = nil
			return true
		})
		if err != nil {
			return nil, err
		}
		metrics.Set(a.Metrics.Held, false)
		a.Log.Info("the hold is over: the source has something else", "held", hold.Bundle.Digest, "now", a.candidate.Digest())
		a.tell(ctx, events.Released, fmt.Sprintf("the source has something else than what was rolled back from: %s", layout.Short(a.candidate.Digest())))
		return a.candidate, nil
	}
	a.once("hold", hold.Bundle.Digest, func() {
		a.Log.Warn("a rollback is held", "digest", hold.Bundle.Digest, "from", hold.From.Digest, "by", hold.By)
	})
	b, err := keep.Load(ctx, a.Cluster, a.Place.Name, hold.Bundle.Digest)
	if err != nil {
		return nil, fmt.Errorf("a rollback is held, and what it brought back is lost: %w; lintel-sync rollback --release ends the hold", err)
	}
	return b, nil
}

func texts(changes []layout.Change) (out []string) {
	for _, c := range changes {
		out = append(out, c.String())
	}
	return out
}

// pace keeps an agent from fighting somebody who changes the ConfigMaps again and again.
type pace struct {
	n    int
	last time.Time
}

const (
	paceFirst = 100 * time.Millisecond
	paceMost  = 30 * time.Second
	paceCalm  = time.Minute
)

// note counts a change that was undone.
func (p *pace) note(now time.Time) {
	if now.Sub(p.last) > paceCalm {
		p.n = 0
	}
	p.n, p.last = p.n+1, now
}

// wait is how long to wait before the next change is undone: longer with each one
// within a minute.
func (p *pace) wait(now time.Time) time.Duration {
	if p.n == 0 || now.Sub(p.last) > paceCalm {
		return paceFirst
	}
	gap := paceFirst
	for range min(p.n, 20) {
		gap = min(2*gap, paceMost)
	}
	return max(paceFirst, gap-now.Sub(p.last))
}
