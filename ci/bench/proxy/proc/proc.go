// Package proc reads what Linux says of a tree of processes and of the machine.
package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Tree is a process and all that it started, itself first.
func Tree(pid int) []int {
	out := []int{pid}
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, t := range tasks {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, t.Name()))
		for _, f := range strings.Fields(string(b)) {
			if p, err := strconv.Atoi(f); err == nil {
				out = append(out, Tree(p)...)
			}
		}
	}
	return out
}

// CPU is the CPU time that a tree has used, from the scheduler's own accounting in
// nanoseconds. Threads and processes that have ended are not in it.
func CPU(pid int) time.Duration {
	var sum time.Duration
	for _, p := range Tree(pid) {
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", p))
		for _, t := range tasks {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", p, t.Name()))
			if err == nil {
				sum += onCPU(string(b))
			}
		}
	}
	return sum
}

// onCPU is the first field of schedstat: nanoseconds on a processor.
func onCPU(schedstat string) time.Duration {
	first, _, _ := strings.Cut(schedstat, " ")
	ns, _ := strconv.ParseInt(first, 10, 64)
	return time.Duration(ns)
}

// RSS is the resident memory of a tree, in bytes. Pages that its processes share count
// for each.
func RSS(pid int) int64 {
	var sum int64
	for _, p := range Tree(pid) {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p))
		sum += resident(string(b))
	}
	return sum
}

func resident(status string) int64 {
	for line := range strings.Lines(status) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "kB")), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// Machine is the state of the machine at one moment.
type Machine struct {
	Load  string // the load averages of 1, 5 and 15 minutes
	steal int64
	total int64
}

// Now reads it.
func Now() Machine {
	load, _ := os.ReadFile("/proc/loadavg")
	stat, _ := os.ReadFile("/proc/stat")
	m := Machine{Load: strings.Join(first(strings.Fields(string(load)), 3), " ")}
	m.total, m.steal = ticks(string(stat))
	return m
}

func first(s []string, n int) []string { return s[:min(n, len(s))] }

// ticks are all ticks and the stolen ones of the first line of /proc/stat.
func ticks(stat string) (total, steal int64) {
	line, _, _ := strings.Cut(stat, "\n")
	for i, f := range first(strings.Fields(line), 9) {
		if i == 0 {
			continue
		}
		v, _ := strconv.ParseInt(f, 10, 64)
		total += v
		if i == 8 {
			steal = v
		}
	}
	return total, steal
}

// Steal is the share of time since an earlier moment that the hypervisor gave to
// others, in percent.
func (m Machine) Steal(since Machine) float64 {
	if m.total == since.total {
		return 0
	}
	return 100 * float64(m.steal-since.steal) / float64(m.total-since.total)
}

// Kernel is the release of Linux, without what its builder added.
func Kernel() string {
	release, _, _ := strings.Cut(word("/proc/sys/kernel/osrelease"), "-")
	return release
}

// CongestionControl is the one that new TCP connections use.
func CongestionControl() string { return word("/proc/sys/net/ipv4/tcp_congestion_control") }

func word(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(b))
}

// Model is the processor's name.
func Model() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}
