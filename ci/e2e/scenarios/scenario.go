// Package scenarios are what the end-to-end test does to a cluster, and what must come of it.
package scenarios

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"
)

// Scenario is one thing that happens to a running system.
type Scenario struct {
	Name string // in one line, what happens and what must come of it
	Key  string // one word for the command line
	// Needs are the keys of those that must have run before: the state that it begins with.
	Needs []string
	// Asked is the bound of Figure, "" when there is none.
	Asked string
	Limit time.Duration // of the whole scenario; 0 means two minutes
	Run   func(ctx context.Context, b *Bench) (Figure, error)
}

// Figure is what a scenario measured; the zero value is nothing.
type Figure struct {
	Text  string        // in words
	Value time.Duration // compared with Bound
	Bound time.Duration // 0: none
}

// Result is what came of a scenario.
type Result struct {
	Scenario
	Took   time.Duration
	Figure Figure
	Err    error
}

// Choose is the scenarios that match, in their order, with what they need.
func Choose(all []Scenario, match *regexp.Regexp) []Scenario {
	wanted := map[string]bool{}
	for _, s := range slices.Backward(all) {
		if match.MatchString(s.Key) || wanted[s.Key] {
			wanted[s.Key] = true
			for _, key := range s.Needs {
				wanted[key] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(s Scenario) bool { return !wanted[s.Key] })
}

// Play runs the scenarios one after the other and tells each to out. One that fails does
// not keep those from running that do not need it.
func Play(ctx context.Context, list []Scenario, b *Bench, out io.Writer) []Result {
	var results []Result
	failed := map[string]bool{}
	for _, s := range list {
		r := Result{Scenario: s}
		if i := slices.IndexFunc(s.Needs, func(key string) bool { return failed[key] }); i >= 0 {
			r.Err = fmt.Errorf("not run: %s failed", s.Needs[i])
		} else if ctx.Err() != nil {
			r.Err = ctx.Err()
		} else {
			r = one(ctx, s, b)
		}
		failed[s.Key] = r.Err != nil
		results = append(results, r)
		tell(out, r)
	}
	return results
}

func one(ctx context.Context, s Scenario, b *Bench) Result {
	limit := s.Limit
	if limit == 0 {
		limit = 2 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	figure, err := s.Run(ctx, b)
	return Result{Scenario: s, Took: time.Since(began), Figure: figure, Err: err}
}

func tell(out io.Writer, r Result) {
	verdict := "ok  "
	if r.Err != nil {
		verdict = "FAIL"
	}
	fmt.Fprintf(out, "%s %7.1fs  %-12s %s", verdict, r.Took.Seconds(), r.Key, r.Name)
	if r.Figure.Text != "" {
		fmt.Fprintf(out, ": %s", r.Figure.Text)
	}
	fmt.Fprintln(out)
	if r.Err != nil {
		fmt.Fprintf(out, "     %v\n", r.Err)
	}
}
