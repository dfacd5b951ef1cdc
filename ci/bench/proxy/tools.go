package main

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/bench/proxy/proc"
)

// tools are the programs that a run has, and their versions.
type tools struct {
	gateway, compiler, caddy, peer string
	judges                         []string // those that are there, in order
	versions                       []string
}

// prepare looks for what was installed and builds the rest into dir. A judge that
// cannot be had is said and left out; nginx and the load generators are needed.
func prepare(o options, dir string, to io.Writer) (t tools, err error) {
	if t.gateway, err = absolute(o.gateway); err != nil {
		return t, err
	}
	if t.compiler, err = absolute(o.lintel); err != nil {
		return t, err
	}
	for tool, pack := range map[string]string{"nginx": "nginx-light", "wrk": "wrk", "h2load": "nghttp2-client", "taskset": "util-linux"} {
		if _, err := exec.LookPath(tool); err != nil {
			return t, fmt.Errorf("%s is not installed: apt-get install %s", tool, pack)
		}
	}
	t.peer = filepath.Join(dir, "peer")
	if out, err := exec.Command("go", "build", "-o", t.peer, "github.com/lintel-gateway/lintel/ci/bench/proxy/peer").CombinedOutput(); err != nil {
		return t, fmt.Errorf("build the load clients: %w\n%s", err, out)
	}
	t.versions = append(t.versions, "gateway: "+said(t.gateway, "--version"), "Go: "+runtime.Version())
	for _, judge := range strings.Split(o.judges, ",") {
		switch judge {
		case "nginx", "haproxy":
			if _, err := exec.LookPath(judge); err != nil {
				fmt.Fprintf(to, "SKIPPED: %s is not installed (apt-get install %s)\n", judge, judge)
				continue
			}
			t.versions = append(t.versions, judge+": "+number(said(judge, "-v")))
		case "caddy":
			t.caddy = filepath.Join(dir, "caddy")
			build := exec.Command("go", "build", "-o", t.caddy, "github.com/caddyserver/caddy/v2/cmd/caddy")
			build.Dir = filepath.Join("ci", "bench", "proxy", "caddy")
			if out, err := build.CombinedOutput(); err != nil {
				fmt.Fprintf(to, "SKIPPED: Caddy cannot be built: %v\n%s\n", err, out[max(0, len(out)-500):])
				continue
			}
			t.versions = append(t.versions, "caddy: "+pinned(build.Dir))
		case "relay":
		default:
			return t, fmt.Errorf("there is no judge %q: they are nginx, haproxy, caddy and relay", judge)
		}
		t.judges = append(t.judges, judge)
	}
	if !slices.Contains(t.judges, "nginx") {
		return t, fmt.Errorf("-judges needs nginx: it is what the others are compared with")
	}
	t.versions = append(t.versions, "wrk: "+number(said("wrk", "-v")), "h2load: "+number(said("h2load", "--version")))
	return t, nil
}

// pinned is the version of Caddy that its module names: a program that was built so
// does not know it.
func pinned(dir string) string {
	list := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/caddyserver/caddy/v2")
	list.Dir = dir
	out, _ := list.Output()
	return number(string(out))
}

// said is what a program prints about itself; wrk fails when it does.
func said(words ...string) string {
	out, _ := exec.Command(words[0], words[1:]...).CombinedOutput()
	first, _, _ := bytes.Cut(bytes.TrimSpace(out), []byte("\n"))
	return string(first)
}

var versionNumber = regexp.MustCompile(`\d+(\.\d+)+[\w.+~-]*`)

// number is the first thing that looks like a version.
func number(s string) string {
	if n := versionNumber.FindString(s); n != "" {
		return n
	}
	return "unknown"
}

// conditions are what a reader must know of a run.
type conditions struct {
	options options
	tools   tools
	since   time.Time
	before  proc.Machine
}

func begin(o options, t tools) conditions { return conditions{o, t, time.Now(), proc.Now()} }

// markdown tells them, at the end of the run. It names no machine and no path.
func (c conditions) markdown() string {
	now := proc.Now()
	var s strings.Builder
	fmt.Fprintf(&s, "- %s, %s: %d rounds of %d s for each proxy, in alternating order\n", c.since.UTC().Format("2006-01-02 15:04 UTC"), time.Since(c.since).Round(time.Minute), c.options.rounds, c.options.seconds)
	if c.options.only != "" {
		fmt.Fprintf(&s, "- a part of the table: the cases %s\n", c.options.only)
	}
	fmt.Fprintf(&s, "- %s, %d processors, Linux %s, congestion control %s\n", proc.Model(), runtime.NumCPU(), proc.Kernel(), proc.CongestionControl())
	fmt.Fprintf(&s, "- load average (1, 5, 15 minutes) %s at the start and %s at the end, %.1f %% stolen by the hypervisor\n", c.before.Load, now.Load, now.Steal(c.before))
	fmt.Fprintf(&s, "- %s\n", strings.Join(c.tools.versions, "; "))
	s.WriteString("- GOMAXPROCS, nginx workers and HAProxy threads are the number of processors of the case; with 1 the proxies are pinned to one processor, load and backends to the other\n")
	return s.String()
}
