// Command proxy measures what a proxied request costs the gateway, beside nginx,
// HAProxy, Caddy and a blind relay: the same backend, load and machine, in alternating
// rounds. Ratios are the result; absolute times say little on a shared machine. It
// fails on any answer but a success.
//
//	go run ./ci/bench/proxy -quick
//	go run ./ci/bench/proxy -out ci/bench/RESULTS.md
//	go run ./ci/bench/proxy -case small,tls
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// options are the flags.
type options struct {
	gateway, lintel string
	out             string
	only            string
	judges          string
	rounds, seconds int
	quick, list     bool
}

func main() {
	var o options
	flag.StringVar(&o.gateway, "gateway", "bin/lintel-gateway", "the gateway's program")
	flag.StringVar(&o.lintel, "lintel", "bin/lintel", "the compiler's program")
	flag.StringVar(&o.out, "out", "", "also write the tables to this `FILE`")
	flag.StringVar(&o.only, "case", "", "only the cases whose names begin with one of these, separated by commas")
	flag.StringVar(&o.judges, "judges", "nginx,haproxy,caddy,relay", "whom to measure beside the gateway; nginx is needed")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds; the order alternates")
	flag.IntVar(&o.seconds, "seconds", 2, "seconds of load in each round")
	flag.BoolVar(&o.quick, "quick", false, "two rounds of one second, beside nginx alone: about 3 minutes")
	flag.BoolVar(&o.list, "list", false, "print the names of the cases")
	flag.Parse()
	if o.quick {
		o.rounds, o.seconds, o.judges = 2, 1, "nginx"
	}
	if err := run(o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "proxy benchmark:", err)
		os.Exit(1)
	}
}

func run(o options, to io.Writer) error {
	cases := chosen(allCases(), o.only)
	if o.list {
		for _, c := range cases {
			fmt.Fprintf(to, "%-16s %s\n", c.name, c.what)
		}
		return nil
	}
	if len(cases) == 0 {
		return errors.New("no case has such a name: -list prints them")
	}
	if runtime.NumCPU() < 2 {
		return errors.New("two processors are needed: one for the proxies and one for the load")
	}
	dir, err := os.MkdirTemp("", "lintel-bench-programs-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r := &runner{options: o, dir: dir, out: to}
	if r.tools, err = prepare(o, dir, to); err != nil {
		return err
	}
	begun := begin(o, r.tools)
	var page strings.Builder
	for _, group := range groups(cases) {
		tables, err := r.group(group)
		if err != nil {
			return err
		}
		text := tables.markdown()
		fmt.Fprintln(to, text)
		fmt.Fprintln(&page, text)
	}
	head := begun.markdown()
	fmt.Fprint(to, head)
	if o.out == "" {
		return nil
	}
	return os.WriteFile(o.out, []byte("# Figures of the data plane\n\nWritten by `go run ./ci/bench/proxy -out ci/bench/RESULTS.md`; [what the columns mean](README.md).\n\n"+head+"\n"+strings.TrimRight(page.String(), "\n")+"\n"), 0o644)
}

// chosen are the cases whose names begin with one of the words of only.
func chosen(all []benchCase, only string) []benchCase {
	if only == "" {
		return all
	}
	return slices.DeleteFunc(all, func(c benchCase) bool {
		return !slices.ContainsFunc(strings.Split(only, ","), func(w string) bool { return w != "" && strings.HasPrefix(c.name, w) })
	})
}

// groups puts the cases of each group together, in the order of their first ones.
func groups(cases []benchCase) (out [][]benchCase) {
	for _, c := range cases {
		i := slices.IndexFunc(out, func(g []benchCase) bool { return g[0].group == c.group })
		if i < 0 {
			out = append(out, nil)
			i = len(out) - 1
		}
		out[i] = append(out[i], c)
	}
	return out
}

// absolute makes a program's path one that other directories can start it by.
func absolute(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(abs); err != nil {
		return "", fmt.Errorf("%s is not there: make programs", path)
	}
	return abs, nil
}
