package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

// usage is what lintel-sync help prints.
func usage(w io.Writer) {
	fmt.Fprint(w, "lintel-sync brings bundles to a Kubernetes cluster and tells whether every gateway serves them.\n\nUsage: lintel-sync COMMAND [flags] [arguments]\n\n")
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %-9s %s\n", v.name, v.purpose)
	}
	fmt.Fprintln(w, "\nExit status: 0 clean, 1 failure, 2 usage, 100 findings.\nlintel-sync help COMMAND tells more.")
}

// verbUsage is what lintel-sync help VERB prints.
func verbUsage(w io.Writer, v verb, fs *flag.FlagSet) {
	line := "lintel-sync " + v.name + " [flags]"
	fmt.Fprintf(w, "%s: %s\n\nUsage: %s\n", v.name, v.purpose, strings.TrimSpace(line+" "+v.args))
	first := true
	fs.VisitAll(func(f *flag.Flag) {
		if first {
			fmt.Fprintln(w, "\nFlags:")
			first = false
		}
		kind, text := flag.UnquoteUsage(f)
		if f.DefValue != "" && f.DefValue != "false" {
			text += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(w, "  %-28s %s\n", strings.TrimSpace("--"+f.Name+" "+kind), text)
	})
}
