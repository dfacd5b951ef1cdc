package agent

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/load"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// result is one look at the source.
type result struct {
	// bundle is what it has; nil with err nil when nothing is new.
	bundle              *bundle.Bundle
	revision, rewritten string
	// fetched tells that the source could be read, whatever it holds.
	fetched bool
	err     error
}

// errNoCases keeps an agent that must prove what it applies from applying what it cannot.
var errNoCases = errors.New("what the source holds is compiled and has no cases that --replay could play: let --path name the route files, or leave --replay out")

// longest is the longest rest after the source could not be read.
const longest = 5 * time.Minute

// fetch looks at the source when asked, and every Interval; less often while it cannot
// be read.
func (a *Agent) fetch(ctx context.Context, ask <-chan struct{}, results chan<- result) {
	mark := ""
	failed := 0
	timer := time.NewTimer(a.Interval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ask:
		case <-timer.C:
		}
		r := a.fetchOnce(ctx, &mark)
		if r.fetched {
			failed = 0
		} else {
			failed++
		}
		select {
		case <-ctx.Done():
			return
		case results <- r:
		}
		timer.Reset(rest(a.Interval, failed, rand.Float64()))
	}
}

// rest is how long to wait for the next look: the interval, twice as long with each
// failure, and up to a fifth more or less, so that many agents do not ask together.
func rest(interval time.Duration, failed int, random float64) time.Duration {
	d := interval
	for range min(failed, 20) {
		d = min(2*d, max(longest, interval))
	}
	return time.Duration(float64(d) * (0.8 + 0.4*random))
}

// fetchOnce fetches, and compiles what is new. What was not in order is not tried again
// until it changes; what failed otherwise is.
func (a *Agent) fetchOnce(ctx context.Context, mark *string) result {
	co, err := a.Source.Fetch(ctx)
	if err != nil {
		return result{err: err}
	}
	r := result{revision: co.Revision, rewritten: co.Rewritten, fetched: true}
	if co.Mark == *mark {
		return r
	}
	o := a.Load
	if o.Revision == "" {
		o.Revision = co.Revision
	}
	var kind load.Kind
	r.bundle, kind, r.err = load.Bundle(ctx, co.Path, o)
	if r.err == nil && a.Replay {
		if r.err = errNoCases; kind == load.Routes {
			r.err = load.Replay(ctx, co.Path, o)
		}
	}
	var findings *load.Findings
	if r.err == nil || errors.As(r.err, &findings) {
		*mark = co.Mark
	}
	if r.err != nil {
		r.bundle = nil
	}
	return r
}
