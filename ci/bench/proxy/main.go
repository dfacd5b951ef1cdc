// Command proxy measures CPU per proxied request of the gateway and of nginx side by
// side: the same backend, load and machine, in alternating rounds. Ratios are the
// result; absolute times say little on a shared machine.
//
//	go run ./ci/bench/proxy -gateway bin/lintel-gateway -lintel bin/lintel
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	gateway, lintel string
	rounds          int
	seconds         int
	conns           int
	routes          int
	procs           int
	pin             bool
}

func main() {
	var o options
	flag.StringVar(&o.gateway, "gateway", "bin/lintel-gateway", "the gateway's program")
	flag.StringVar(&o.lintel, "lintel", "bin/lintel", "the compiler's program")
	flag.IntVar(&o.rounds, "rounds", 6, "rounds; the order alternates")
	flag.IntVar(&o.seconds, "seconds", 2, "seconds of load in each round")
	flag.IntVar(&o.conns, "conns", 64, "client connections")
	flag.IntVar(&o.routes, "routes", 1000, "routes in the gateway's bundle")
	flag.IntVar(&o.procs, "procs", 1, "processors for each proxy: GOMAXPROCS and nginx workers")
	flag.BoolVar(&o.pin, "pin", runtime.NumCPU() > 1, "pin the proxies to processor 0 and the load to the others")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "proxy benchmark:", err)
		os.Exit(1)
	}
}

// sample is one slice of load on one proxy.
type sample struct {
	cpu      float64 // microseconds a request
	rate     float64 // requests a second
	p50, p99 string
}

func run(o options) error {
	bed, err := setUp(o)
	if err != nil {
		return err
	}
	defer bed.tearDown()
	for _, p := range bed.proxies {
		if _, err := bed.load(p, 1); err != nil { // warm
			return err
		}
	}
	samples := map[string][]sample{}
	for round := range o.rounds {
		order := slices.Clone(bed.proxies)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, p := range order {
			before := cpuTime(p.cmd.Process.Pid)
			res, err := bed.load(p, o.seconds)
			if err != nil {
				return err
			}
			spent := cpuTime(p.cmd.Process.Pid) - before
			res.s.cpu = spent.Seconds() * 1e6 / float64(res.requests)
			samples[p.name] = append(samples[p.name], res.s)
		}
	}
	bed.print(o, samples)
	return nil
}

func (b *bed) print(o options, samples map[string][]sample) {
	load, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(load), " ")
	fmt.Printf("small GET, %d connections, %d processors, %d routes, %d rounds of %d s, load average %s, %s, %s\n",
		o.conns, o.procs, o.routes, o.rounds, o.seconds, first, b.nginxVersion, runtime.Version())
	fmt.Printf("%-16s %12s %8s %15s %10s %8s  %s\n", "proxy", "CPU us/req", "ratio", "[min-max]", "req/s", "ratio", "p50/p99")
	base := samples[b.proxies[0].name]
	for _, p := range b.proxies {
		var cpu, rate, ratio, rateRatio []float64
		for i, s := range samples[p.name] {
			cpu, rate = append(cpu, s.cpu), append(rate, s.rate)
			ratio, rateRatio = append(ratio, s.cpu/base[i].cpu), append(rateRatio, s.rate/base[i].rate)
		}
		last := samples[p.name][len(samples[p.name])-1]
		fmt.Printf("%-16s %12.2f %8.3f %7.3f-%7.3f %10.0f %8.3f  %s/%s\n",
			p.name, median(cpu), median(ratio), slices.Min(ratio), slices.Max(ratio), median(rate), median(rateRatio), last.p50, last.p99)
	}
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// cpuTime is the CPU time of a process and its children, from the scheduler's own
// accounting in nanoseconds.
func cpuTime(pid int) time.Duration {
	var sum time.Duration
	for _, p := range append(children(pid), pid) {
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", p))
		for _, t := range tasks {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", p, t.Name()))
			if err != nil {
				continue
			}
			var ns int64
			if _, err := fmt.Sscan(string(b), &ns); err == nil {
				sum += time.Duration(ns)
			}
		}
	}
	return sum
}

func children(pid int) (out []int) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, f := range strings.Fields(string(b)) {
		var p int
		if _, err := fmt.Sscan(f, &p); err == nil {
			out = append(append(out, p), children(p)...)
		}
	}
	return out
}
