package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/bench/proxy/judge"
	"github.com/lintel-gateway/lintel/ci/bench/proxy/load"
	"github.com/lintel-gateway/lintel/ci/bench/proxy/proc"
)

// syscalls counts the system calls of a proxy under load. A proxy that gets little time
// needs more of them for a request: fewer connections are ready at once.
func syscalls(r *runner, bed *judge.Bed, c benchCase) (table, error) {
	t := table{columns: []string{"Load", "Proxy", "Calls/request"}}
	for _, p := range bed.Proxies {
		n, err := r.countCalls(bed, c, p)
		if err != nil {
			return t, fmt.Errorf("%s: %w", p.Name, err)
		}
		t.rows = append(t.rows, []string{c.what, p.Name, fmt.Sprintf("%.2f", n)})
	}
	return t, nil
}

// countCalls attaches perf, or strace where perf cannot count, before the load begins;
// opening the connections is in the count.
func (r *runner) countCalls(bed *judge.Bed, c benchCase, p *judge.Proxy) (float64, error) {
	var pids []string
	for _, pid := range proc.Tree(p.PID()) {
		pids = append(pids, strconv.Itoa(pid))
	}
	list := strings.Join(pids, ",")
	words, parse := []string{"perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p", list}, perfCount
	if exec.Command("perf", "stat", "-e", "raw_syscalls:sys_enter", "true").Run() != nil {
		words, parse = []string{"strace", "-c", "-f", "-p", list}, straceCount
	}
	var said bytes.Buffer
	counter := exec.Command(words[0], words[1:]...)
	counter.Stdout, counter.Stderr = &said, &said
	if err := counter.Start(); err != nil {
		return 0, fmt.Errorf("neither perf nor strace counts system calls: %w", err)
	}
	time.Sleep(500 * time.Millisecond)
	s, err := r.once(bed, c, p)
	_ = counter.Process.Signal(os.Interrupt)
	_ = counter.Wait() // both end by the signal
	if err != nil {
		return 0, err
	}
	n, err := parse(said.String())
	return n / float64(s.Requests), err
}

// perfCount reads what perf stat -x , prints of one event.
func perfCount(out string) (float64, error) {
	for line := range strings.Lines(out) {
		if f := strings.Split(line, ","); len(f) > 2 && f[2] == "raw_syscalls:sys_enter" {
			return strconv.ParseFloat(f[0], 64)
		}
	}
	return 0, errors.New("perf printed no count:\n" + out)
}

var straceTotal = regexp.MustCompile(`(?m)^\s*100\.00\s.*total\s*$`)

// straceCount reads the last line of the table that strace -c prints: share, seconds,
// microseconds for a call, calls, perhaps errors, and "total".
func straceCount(out string) (float64, error) {
	f := strings.Fields(straceTotal.FindString(out))
	if len(f) < 5 {
		return 0, errors.New("strace printed no total:\n" + out)
	}
	return strconv.ParseFloat(f[3], 64)
}

// idleConns is how many connections are held.
const idleConns = 4000

// idle compares a proxy's resident memory before many connections and while they idle.
// Each proxy is loaded before, so that what any load needs is not counted.
func idle(r *runner, bed *judge.Bed, c benchCase) (table, error) {
	t := table{
		columns: []string{"Connections", "Proxy", "KiB/connection"},
		note:    "Growth of resident memory. What the kernel keeps for sockets is not in it.",
	}
	for _, p := range bed.Proxies {
		if slices.Contains(c.without, p.Name) {
			continue
		}
		grown, err := r.held(bed, c, p)
		if err != nil {
			return t, fmt.Errorf("%s: %w", p.Name, err)
		}
		t.rows = append(t.rows, []string{c.what, p.Name, fmt.Sprintf("%.1f", float64(grown)/1024/idleConns)})
	}
	return t, nil
}

func (r *runner) held(bed *judge.Bed, c benchCase, p *judge.Proxy) (int64, error) {
	to := r.target(bed, c, p)
	to.Conns = 64
	if _, err := load.Wrk(to); err != nil {
		return 0, err
	}
	time.Sleep(time.Second)
	before := proc.RSS(p.PID())
	words := []string{"hold", "-addr", to.Addr, "-host", to.Host, "-path", to.Path, "-conns", strconv.Itoa(idleConns)}
	if to.TLS {
		words = append(words, "-tls")
	}
	cmd := exec.Command(r.tools.peer, words...)
	var said bytes.Buffer
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	time.Sleep(3 * time.Second)
	after := proc.RSS(p.PID())
	_ = in.Close()
	if waited := cmd.Wait(); err != nil || waited != nil {
		return 0, fmt.Errorf("hold %q: %w\n%s", line, errors.Join(err, waited), said.String())
	}
	time.Sleep(time.Second)
	return after - before, nil
}
