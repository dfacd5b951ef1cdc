package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"

	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/release"
)

// compilerName goes into the manifest of every bundle.
const compilerName = "lintel " + release.Version

var versionVerb = verb{
	name: "version", purpose: "print the version and the bundle format",
	flags: func(*flag.FlagSet) func(context.Context, streams, []string) error {
		return func(_ context.Context, s streams, args []string) error {
			if len(args) > 0 {
				return usageError{"takes no arguments"}
			}
			fmt.Fprintf(s.out, "lintel %s (bundle format %d, %s)\n", release.Version, bundle.Format, runtime.Version())
			return nil
		}
	},
}
