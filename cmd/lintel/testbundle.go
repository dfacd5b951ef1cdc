package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/lintel-gateway/lintel/cmd/lintel/gate"
	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// testBundle plays the cases in a file on a bundle, without the route files of either:
// what a cluster does before it takes a bundle. There is no coverage.
func (f *testFlags) testBundle(ctx context.Context, s streams) error {
	switch {
	case f.cases == "":
		return usageError{f.dir + " is a bundle, which has no cases: name them with --cases FILE"}
	case f.base != "" || f.env != "" || f.group != "" || f.revision != "":
		return usageError{"--base, --env, --group and --revision go with a routes directory"}
	case f.coverageHTML != "" || f.coverageJSON != "" || f.minCoverage > 0:
		return usageError{"the coverage needs the route files: name a routes directory"}
	}
	b, err := openBundle(f.dir)
	if err != nil {
		return err
	}
	all, err := cases.Open(f.cases)
	if err != nil {
		return err
	}
	if all.Bundle != "" && all.Bundle != b.Digest() {
		return fmt.Errorf("%s has the cases of %s, but %s is %s: take both from one compile", f.cases, all.Bundle, f.dir, b.Digest())
	}
	set, err := f.choose(all, b, s)
	if err != nil {
		return err
	}
	v := &gate.Verdict{}
	if len(set.Cases) > 0 {
		c, err := f.config(&b.Encoded, set)
		if err != nil {
			return err
		}
		defer f.sayReplaying(s, set)()
		if v, err = gate.Run(ctx, c); err != nil {
			return err
		}
	}
	t, err := compiler.Table(b)
	if err != nil {
		return err
	}
	return f.judgeBundle(s, v, b, t)
}

// judgeBundle prints the verdict and writes the reports.
func (f *testFlags) judgeBundle(s streams, v *gate.Verdict, b *bundle.Bundle, t *table.Table) error {
	reason := func(c *cases.Case) string { return gate.Why(t, c) }
	base := gate.DevBase
	if f.live != "" {
		base = f.live
	}
	if f.format == "text" || f.format == "github" {
		gate.Printer{Base: base, Reason: reason, Color: colourful(s)}.Failures(s.err, v)
	}
	if f.format != "text" {
		list := v.Diagnostics(reason).Sort()
		if err := (diag.Printer{}).Print(s.out, f.format, list); err != nil {
			return err
		}
	} else {
		lastLine(s, v, b.Digest())
	}
	err := errors.Join(
		toFile(f.junit, func(w io.Writer) error { return v.WriteJUnit(w, reason) }),
		toFile(f.json, func(w io.Writer) error {
			return v.WriteJSON(w, gate.Report{Bundle: b.Digest(), Revision: b.Manifest().Revision, Reason: reason})
		}),
	)
	if err != nil {
		return err
	}
	if v.Crossed {
		fmt.Fprintln(s.err, "all cases passed, but a threshold of the script was crossed")
	}
	if v.Crossed || v.Failed() > 0 {
		return errFindings
	}
	return nil
}
