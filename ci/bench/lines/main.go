// Command lines measures what CUE saves: it counts the lines of a routes directory, and
// those of the plain YAML that says the same, without templates and with no default
// filled in.
//
//	go run ./ci/bench/lines routes
package main

import (
	"fmt"
	"os"

	"github.com/lintel-gateway/lintel/compiler/plain"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: lines DIR")
		os.Exit(2)
	}
	r, err := plain.Measure(os.DirFS(os.Args[1]))
	if err != nil {
		fmt.Fprintln(os.Stderr, "lines:", err)
		os.Exit(1)
	}
	fmt.Printf("%-42s %8s %8s %8s\n", fmt.Sprintf("%s: %d routes, lines that are not blank", os.Args[1], r.Routes), "CUE", "YAML", "saved")
	row := func(what string, cue, yaml int) {
		fmt.Printf("%-42s %8d %8d %6.1f %%\n", what, cue, yaml, plain.Saved(cue, yaml))
	}
	row("all, with cases and shared files", r.CUE.All, r.YAML.All)
	row("without cases", r.CUE.Routes(), r.YAML.Routes())
	row("cases", r.CUE.Cases, r.YAML.Cases)
	for _, k := range r.Kinds {
		if k.Routes > 0 {
			row(fmt.Sprintf("%d routes, %s, alone", k.Routes, k.Name), k.CUE, k.YAML)
		}
	}
	fmt.Printf("shared files are %d lines of CUE, %d of them for cases\n", r.Shared.All, r.Shared.Cases)
}
