// Command routegen writes a routes directory of any size for benchmarks:
//
//	go run ./ci/bench/routegen -n 10000 -o DIR
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/lintel-gateway/lintel/ci/bench/mixed"
)

func main() {
	n := flag.Int("n", 10_000, "number of routes")
	out := flag.String("o", "", "routes directory to write; must be empty or absent")
	flag.Parse()
	if err := run(*n, *out); err != nil {
		fmt.Fprintln(os.Stderr, "routegen:", err)
		os.Exit(1)
	}
}

func run(n int, out string) error {
	if out == "" || n < 1 {
		return fmt.Errorf("usage: routegen -n ROUTES -o DIR")
	}
	if entries, err := os.ReadDir(out); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty", out)
	}
	return mixed.New(n).Write(out)
}
