package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lintel-gateway/lintel/ci/bench/proxy/judge"
	"github.com/lintel-gateway/lintel/ci/bench/proxy/load"
	"github.com/lintel-gateway/lintel/ci/bench/proxy/proc"
	"github.com/lintel-gateway/lintel/ci/bench/proxy/stat"
)

// runner runs cases and keeps the bed of the last one for those that need the same.
type runner struct {
	options options
	tools   tools
	dir     string
	out     io.Writer
}

// group runs the cases of one group and makes one table of them.
func (r *runner) group(cases []benchCase) (t table, err error) {
	t.title = cases[0].group
	for len(cases) > 0 {
		name := cases[0].bed
		n := slices.IndexFunc(cases, func(c benchCase) bool { return c.bed != name })
		if n < 0 {
			n = len(cases)
		}
		if err := r.onBed(name, cases[:n], &t); err != nil {
			return t, err
		}
		cases = cases[n:]
	}
	return t, nil
}

func (r *runner) onBed(name string, cases []benchCase, t *table) error {
	bed, err := judge.Open(r.spec(name))
	if err != nil {
		return err
	}
	defer bed.Close()
	for file, text := range inputs() {
		if err := os.WriteFile(filepath.Join(bed.Dir, file), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, c := range cases {
		fmt.Fprintf(r.out, "... %s: %s\n", c.name, c.what)
		measure := r.rounds
		if c.special != nil {
			measure = func(bed *judge.Bed, c benchCase) (table, error) { return c.special(r, bed, c) }
		}
		part, err := measure(bed, c)
		if err != nil {
			return fmt.Errorf("case %s: %w\n%s", c.name, err, bed.Said())
		}
		t.columns, t.rows, t.note = part.columns, append(t.rows, part.rows...), part.note
	}
	return nil
}

// sample is one slice of load on one proxy.
type sample struct {
	load.Result
	cpu float64 // microseconds for a request
}

// attempts is how often a slice may go by without an answer before that is a failure:
// a busy machine may give the load no time at all.
const attempts = 4

// slice loads one proxy. A slice without an answer is told of and taken again.
func (r *runner) slice(bed *judge.Bed, c benchCase, p *judge.Proxy) (s sample, err error) {
	for range attempts {
		if s, err = r.once(bed, c, p); !errors.Is(err, load.ErrNothing) {
			return s, err
		}
		fmt.Fprintf(r.out, "    %s: a slice of %s had no answer, and is taken again\n", c.name, p.Name)
	}
	return s, err
}

// once is slice without another attempt.
func (r *runner) once(bed *judge.Bed, c benchCase, p *judge.Proxy) (sample, error) {
	before := proc.CPU(p.PID())
	res, err := c.generate(r, r.target(bed, c, p))
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w", p.Name, err)
	}
	return sample{res, float64((proc.CPU(p.PID()) - before).Nanoseconds()) / 1e3 / float64(res.Requests)}, nil
}

func (r *runner) target(bed *judge.Bed, c benchCase, p *judge.Proxy) load.Target {
	t := c.target
	t.Addr, t.For = c.address(p), r.options.span()
	if len(r.spec(c.bed).PinLoad) > 0 {
		t.Pin = r.spec(c.bed).PinLoad
	}
	if t.Path == "" {
		t.Path = bed.Path
	}
	if t.Script != "" {
		t.Script = filepath.Join(bed.Dir, t.Script)
	}
	return t
}

// warmup is how long each proxy is loaded before the first round.
const warmup = time.Second

// rounds measures a case: all proxies in each round, every second round in the other
// order.
func (r *runner) rounds(bed *judge.Bed, c benchCase) (table, error) {
	proxies := slices.DeleteFunc(slices.Clone(bed.Proxies), func(p *judge.Proxy) bool { return slices.Contains(c.without, p.Name) })
	for _, p := range proxies {
		if c.name == "grpc" {
			if err := call(p.H2C, c.target.Host, c.target.Path, []byte(inputs()[grpcMessage])); err != nil {
				return table{}, fmt.Errorf("%s: %w", p.Name, err)
			}
		}
		t := r.target(bed, c, p)
		t.For = warmup
		if _, err := c.generate(r, t); err != nil && !errors.Is(err, load.ErrNothing) {
			return table{}, fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	samples := make(map[string][]sample)
	for round := range r.options.rounds {
		order := slices.Clone(proxies)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, p := range order {
			s, err := r.slice(bed, c, p)
			if err != nil {
				return table{}, err
			}
			samples[p.Name] = append(samples[p.Name], s)
		}
	}
	return compare(c, proxies, samples), nil
}

// compare makes rows of samples; the first proxy is the base.
func compare(c benchCase, proxies []*judge.Proxy, samples map[string][]sample) table {
	t := table{columns: []string{"Load", "Proxy", "CPU ratio", "least to most", "Rate ratio", "CPU us/request", "p50", "p99"}}
	cpu := func(s sample) float64 { return s.cpu }
	rate := func(s sample) float64 { return s.Rate }
	base := samples[proxies[0].Name]
	for _, p := range proxies {
		own := samples[p.Name]
		ratio := stat.Ratio(each(own, cpu), each(base, cpu))
		t.rows = append(t.rows, []string{
			c.what, p.Name, fmt.Sprintf("%.2f", ratio.Median), fmt.Sprintf("%.2f to %.2f", ratio.Min, ratio.Max),
			fmt.Sprintf("%.2f", stat.Ratio(each(own, rate), each(base, rate)).Median), fmt.Sprintf("%.1f", stat.Of(each(own, cpu)).Median),
			latency(own, func(s sample) time.Duration { return s.P50 }), latency(own, func(s sample) time.Duration { return s.P99 }),
		})
	}
	return t
}

func each(samples []sample, f func(sample) float64) (out []float64) {
	for _, s := range samples {
		out = append(out, f(s))
	}
	return out
}

// latency is the median of the rounds, or a dash when the generator does not say.
func latency(samples []sample, f func(sample) time.Duration) string {
	m := stat.Of(each(samples, func(s sample) float64 { return float64(f(s)) })).Median
	if m == 0 {
		return "-"
	}
	return short(time.Duration(m))
}

// short is a duration in three digits.
func short(d time.Duration) string {
	if d < time.Millisecond {
		return d.Round(time.Microsecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}
