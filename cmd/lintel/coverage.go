package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/lintel-gateway/lintel/compiler/coverage"
)

// maxReport bounds a coverage report in bytes.
const maxReport = 256 << 20

var coverageVerb = verb{
	name: "coverage", args: "FILE", purpose: "print the coverage that lintel test wrote as JSON, and judge it",
	flags: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
		least := fs.Float64("min-coverage", 0, "exit 100 below `PERCENT`")
		return func(_ context.Context, s streams, args []string) error {
			file, err := oneArg(args, "")
			if err != nil {
				return err
			}
			if file == "" {
				return usageError{"FILE is missing: the one that lintel test --coverage-json wrote"}
			}
			r, err := readCoverage(file)
			if err != nil {
				return err
			}
			if err := r.WriteText(s.out, coverage.TextOptions{Width: reportWidth, Color: s.terminal && os.Getenv("NO_COLOR") == ""}); err != nil {
				return err
			}
			return judgeCoverage(s, r, *least)
		}
	},
}

// reportWidth is how wide tables are, in columns.
const reportWidth = 120

func readCoverage(file string) (*coverage.Report, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read coverage: %w", err)
	}
	defer f.Close()
	dec := json.NewDecoder(io.LimitReader(f, maxReport))
	dec.DisallowUnknownFields()
	var r coverage.Report
	if err := dec.Decode(&r); err != nil {
		return nil, fmt.Errorf("read coverage %s: it is no report of lintel test --coverage-json: %w", file, err)
	}
	return &r, nil
}

// judgeCoverage is errFindings when less is covered than is asked for.
func judgeCoverage(s streams, r *coverage.Report, least float64) error {
	if r.Totals.All.Percent >= least {
		return nil
	}
	fmt.Fprintf(s.err, "the coverage is %.1f %%, %g %% are asked for\n", r.Totals.All.Percent, least)
	return errFindings
}
