package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/cmd/lintel/gate"
	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/coverage"
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// judge says what a replay came to: on the terminal, in reports, and by its error.
type judge struct {
	*testFlags
	s      streams
	res    *compiler.Result
	bundle *bundle.Bundle
	table  *table.Table
	all    *cases.Set
	// before is the base, and earlier what the cases came to on it; nil without one.
	before  *bundle.Bundle
	earlier *gate.Verdict
	// base is where curl lines lead.
	base string
}

func newJudge(f *testFlags, s streams, res *compiler.Result, before *bundle.Bundle) (*judge, error) {
	j := &judge{testFlags: f, s: s, res: res, before: before, base: gate.DevBase}
	if f.live != "" {
		j.base = strings.TrimSuffix(f.live, "/")
	}
	var err error
	if j.bundle, err = bundle.Decode(res.Bundle.Files(), bundle.Limits{}); err != nil {
		return nil, err
	}
	if j.table, err = compiler.Table(j.bundle); err != nil {
		return nil, err
	}
	j.all, err = res.Cases()
	return j, err
}

// judge prints the verdict and writes the reports. Failed cases and coverage that is
// missing are errFindings.
func (j *judge) judge(v *gate.Verdict) error {
	cover, err := j.coverage(v)
	if err != nil {
		return err
	}
	uncovered := j.uncovered(cover, v)
	j.failures(v, uncovered)
	var changes []gate.Change
	if j.earlier != nil {
		changes = gate.Behaviour(j.earlier, v, j.bundle)
	}
	if err := j.summary(v, cover, changes); err != nil {
		return err
	}
	if err := j.reports(v, cover, changes); err != nil {
		return err
	}
	bad := v.Failed() > 0 || v.Crossed || len(uncovered) > 0
	if v.Crossed {
		fmt.Fprintln(j.s.err, "all cases passed, but a threshold of the script was crossed")
	}
	if !j.partial() && judgeCoverage(j.s, cover, j.leastCoverage()) != nil {
		bad = true
	}
	if bad {
		return errFindings
	}
	return nil
}

func (j *judge) leastCoverage() float64 {
	if j.minCoverage > 0 {
		return j.minCoverage
	}
	return j.res.Program.Shared.Settings.MinCoverage
}

// routeIDs are the routes that were there before; nil without a base: all are new.
func routeIDs(b *bundle.Bundle) map[string]bool {
	if b == nil {
		return nil
	}
	out := map[string]bool{}
	for _, d := range b.Domains() {
		for i := range d.Def.Routes {
			out[d.Def.Routes[i].ID] = true
		}
	}
	return out
}

// coverage computes what the played cases reached.
func (j *judge) coverage(v *gate.Verdict) (*coverage.Report, error) {
	return coverage.Compute(coverage.Input{
		Program: j.res.Program, Table: j.table, Base: routeIDs(j.before),
		Cases: &cases.Set{Bundle: j.all.Bundle, Cases: v.Cases}, Results: v.Results,
	})
}

// uncovered are the findings for new routes that no case reaches. A route whose cases
// failed has a finding already.
func (j *judge) uncovered(cover *coverage.Report, v *gate.Verdict) (out diag.List) {
	if j.partial() || j.res.Program.Shared.Settings.Coverage == "optional" {
		return nil
	}
	tried := map[string]bool{}
	for i := range v.Cases {
		if c := &v.Cases[i]; !v.Results[i].Passed {
			tried[c.Route] = true
			if want := c.Spec.Expect.Route; want != nil {
				tried[*want] = true
			}
		}
	}
	for _, u := range cover.Uncovered {
		if tried[u.Route] {
			continue
		}
		_, name, _ := strings.Cut(u.Route, "/")
		out = append(out, diag.Diagnostic{
			Code: "route-uncovered", Severity: diag.Error, Pos: diag.Pos{File: u.File, Line: u.Line, Column: u.Column},
			Path:    diag.Path("routes", name),
			Message: "no case that passes reaches this route",
			Hint:    `add one: tests: "what it does": {request: {...}, expect: {...}}; or say settings: coverage: "optional" in a shared file`,
		})
	}
	return out
}

// failures prints what has to be mended: in full for people, as findings for machines.
func (j *judge) failures(v *gate.Verdict, uncovered diag.List) {
	if j.format != "text" {
		list := append(v.Diagnostics(j.reason), uncovered...).Sort()
		if j.format == "github" || j.format == "sarif" {
			list = moved(list, inWorkspace(j.dir))
		}
		_ = diag.Printer{}.Print(j.s.out, j.format, list)
		if j.format != "github" {
			return
		}
	}
	color := colourful(j.s)
	gate.Printer{Base: j.base, Reason: j.reason, Place: j.place, Color: color}.Failures(j.s.err, v)
	if j.format == "text" {
		p := diag.Printer{Color: color, Sources: func(name string) []byte { return j.res.Program.Files[name] }}
		_ = p.Print(j.s.err, "text", uncovered)
	}
}

// reason tells why a case took another route.
func (j *judge) reason(c *cases.Case) string { return gate.Why(j.table, c) }

// place is where a route is written.
func (j *judge) place(id string) string {
	if r := j.find(id); r != nil {
		return fmt.Sprintf("%s at %s:%d:%d", id, r.Pos.File, r.Pos.Line, r.Pos.Column)
	}
	return id
}

func (j *judge) find(id string) *ir.Route {
	domain, name, _ := strings.Cut(id, "/")
	for _, d := range j.res.Program.Domains {
		if d.Def.Name != domain {
			continue
		}
		for _, r := range d.Routes {
			if r.Name == name {
				return r
			}
		}
	}
	return nil
}

// summary prints the coverage and the verdict in one line, which is the last one.
func (j *judge) summary(v *gate.Verdict, cover *coverage.Report, changes []gate.Change) error {
	if j.format != "text" && j.format != "github" {
		return nil // standard output is a document
	}
	if !j.partial() {
		if err := cover.WriteText(j.s.out, coverage.TextOptions{Width: reportWidth, Color: j.s.terminal && os.Getenv("NO_COLOR") == ""}); err != nil {
			return err
		}
	}
	if j.earlier != nil {
		gate.WriteChanges(j.s.out, changes, len(v.Cases), j.testFlags.base)
	}
	lastLine(j.s, v, j.target())
	return nil
}

// lastLine prints what a replay on target came to, in one line.
func lastLine(s streams, v *gate.Verdict, target string) {
	failed := v.Failed()
	fmt.Fprintf(s.out, "%s: %d passed, %d failed in %s on %s\n", count(len(v.Cases), "case"), len(v.Cases)-failed, failed,
		v.Took.Round(10*time.Millisecond), target)
}

// colourful tells whether failures are printed with colours.
func colourful(s streams) bool {
	return s.terminal && os.Getenv("NO_COLOR") == "" || os.Getenv("CLICOLOR_FORCE") != ""
}

// target is what was tested.
func (j *judge) target() string {
	if j.live != "" {
		return j.base
	}
	return j.bundle.Digest()
}

// reports writes the files that were asked for.
func (j *judge) reports(v *gate.Verdict, cover *coverage.Report, changes []gate.Change) error {
	var jsonCoverage any
	if !j.partial() {
		jsonCoverage = struct {
			Totals    coverage.Totals      `json:"totals"`
			Uncovered []coverage.Uncovered `json:"uncovered"`
		}{cover.Totals, cover.Uncovered}
	}
	return errors.Join(
		toFile(j.junit, func(w io.Writer) error { return v.WriteJUnit(w, j.reason) }),
		toFile(j.json, func(w io.Writer) error {
			return v.WriteJSON(w, gate.Report{
				Bundle: j.bundle.Digest(), Revision: j.revision, Reason: j.reason, Coverage: jsonCoverage, Changes: changes,
			})
		}),
		toFile(j.coverageJSON, cover.WriteJSON),
		toFile(j.coverageHTML, func(w io.Writer) error { return cover.WriteHTML(w, j.page(v)) }),
	)
}

func (j *judge) page(v *gate.Verdict) coverage.Page {
	p := coverage.Page{Title: j.dir, Digest: j.bundle.Digest(), Revision: j.revision, Duration: v.Took}
	for i := range v.Cases {
		if c, r := &v.Cases[i], &v.Results[i]; !r.Passed {
			p.Failures = append(p.Failures, coverage.Failure{Case: c, Result: r, Curl: gate.Curl(c, gate.DevBase), Reason: j.reason(c)})
		}
	}
	return p
}

// toFile writes a report whole, or not at all; no name, no report.
func toFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	tmp := name + ".new"
	f, err := os.Create(tmp)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	err = write(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(tmp, name)
	}
	if err != nil {
		_ = os.Remove(tmp)
		return fmt.Errorf("write report %s: %w", name, err)
	}
	return nil
}
