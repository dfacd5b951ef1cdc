package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/testbed"
)

// sample is what the gateway's process uses at a time.
type sample struct {
	at                  time.Duration
	rss, heap           float64 // MiB
	goroutines          float64
	descriptors         int
	swaps, good, faults int
	wrong               int
}

// samples are in the order of time.
type samples []sample

// watch takes samples until ctx ends, and prints them.
func watch(ctx context.Context, o options, g *testbed.Gateway, t *tally, out io.Writer) samples {
	var list samples
	fmt.Fprintf(out, "%8s %9s %9s %11s %12s %7s %10s %10s %6s\n", "time", "RSS MiB", "heap MiB", "goroutines", "descriptors", "swaps", "good", "by faults", "wrong")
	begin := time.Now()
	for tick := time.Tick(o.every); ; {
		select {
		case <-ctx.Done():
			return list
		case <-tick:
		}
		s, err := look(g)
		if err != nil {
			t.wrong("samples", err)
			continue
		}
		sums := t.sums()
		s.at, s.good, s.faults, s.wrong = time.Since(begin).Round(time.Second), sums.good, sums.faults, sums.wrong
		list = append(list, s)
		fmt.Fprintf(out, "%8s %9.1f %9.1f %11.0f %12d %7d %10d %10d %6d\n", s.at, s.rss, s.heap, s.goroutines, s.descriptors, s.swaps, s.good, s.faults, s.wrong)
	}
}

func look(g *testbed.Gateway) (sample, error) {
	var s sample
	resp, err := http.Get("http://" + g.Admin + "/metrics")
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		var v float64
		if _, err := fmt.Sscan(value, &v); err != nil {
			continue
		}
		switch name {
		case "go_goroutines":
			s.goroutines = v
		case "go_memstats_heap_inuse_bytes":
			s.heap = v / (1 << 20)
		case "process_resident_memory_bytes":
			s.rss = v / (1 << 20)
		case "lintel_swaps_total":
			s.swaps = int(v)
		}
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", g.PID()))
	s.descriptors = len(files)
	return s, err
}

// verdict is an error when the last third of the samples uses clearly more than the third
// before: what leaks goes on to.
func (l samples) verdict() error {
	third := len(l) / 3
	if third < 3 {
		return nil // too few to tell
	}
	middle, last := l[third:2*third], l[len(l)-third:]
	for _, m := range []struct {
		what  string
		of    func(sample) float64
		slack float64
	}{
		{"resident memory (MiB)", func(s sample) float64 { return s.rss }, 16},
		{"goroutines", func(s sample) float64 { return s.goroutines }, 100},
		{"descriptors", func(s sample) float64 { return float64(s.descriptors) }, 100},
	} {
		before, after := mean(middle, m.of), mean(last, m.of)
		if after > before*1.2+m.slack {
			return fmt.Errorf("%s grow from %.0f to %.0f", m.what, before, after)
		}
	}
	return nil
}

func mean(l samples, of func(sample) float64) float64 {
	sum := 0.0
	for _, s := range l {
		sum += of(s)
	}
	return sum / float64(len(l))
}
