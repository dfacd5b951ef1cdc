// Command conformance has the built gateway judged by programs of others, and prints
// what they counted.
//
// Usage: go run ./ci/conformance [-suite NAMES] [-gateway PROGRAM] [-tools DIR]
//
// It exits 1 when a case fails that is not in the list of known differences (known.go).
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// suite is a judge: run plays its cases against the gateway of a court.
type suite struct {
	name string
	run  func(*court) ([]verdict, error)
}

func suites() []suite {
	return []suite{
		{"h2spec-h2c", func(c *court) ([]verdict, error) { return h2spec(c, false) }},
		{"h2spec-tls", func(c *court) ([]verdict, error) { return h2spec(c, true) }},
		{"grpc", interop},
		{"curl", curl},
		{"h2load", load},
		{"websocket", sockets},
		{"clients", clients},
		{"toxiproxy", faults},
		{"slowhttptest", slow},
		{"testssl", audit},
	}
}

func main() {
	only := flag.String("suite", "", "play only these suites, by their names with commas between")
	gateway := flag.String("gateway", "bin/lintel-gateway", "the built gateway")
	tools := flag.String("tools", "bin/judges", "folder of the tools that ci/conformance.sh builds")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ok, err := play(*gateway, *tools, *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
	if !ok {
		os.Exit(1)
	}
}

// play runs the suites, and reports whether all went as known.
func play(gateway, tools, only string) (bool, error) {
	all := suites()
	if only != "" {
		wanted := strings.Split(only, ",")
		for _, w := range wanted {
			if !slices.ContainsFunc(all, func(s suite) bool { return s.name == w }) {
				return false, fmt.Errorf("there is no suite %q", w)
			}
		}
		all = slices.DeleteFunc(all, func(s suite) bool { return !slices.Contains(wanted, s.name) })
	}
	c, err := sit(gateway, tools)
	if err != nil {
		return false, err
	}
	ok := true
	for _, s := range all {
		start := time.Now()
		verdicts, err := s.run(c)
		if err != nil {
			verdicts = append(verdicts, verdict{Case: "the suite itself", Outcome: failed, Detail: err.Error()})
		}
		if !c.gateway.Alive() {
			verdicts = append(verdicts, verdict{Case: "the gateway", Outcome: failed, Detail: "it ended: " + c.gateway.Log()})
		}
		ok = report(os.Stdout, s.name, verdicts, known(), time.Since(start)) && ok
	}
	if err := c.rise(); err != nil {
		fmt.Println("the gateway did not end well:", err)
		ok = false
	}
	return ok, nil
}
