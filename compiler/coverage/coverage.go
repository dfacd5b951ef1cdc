// Package coverage says which parts of a bundle the test cases that passed have
// proven.
//
// What is counted are points. A route is one: some case was taken by it. Each of its
// host patterns is one: some case came in through it. Each predicate (its methods,
// when they are limited, and each condition on a header, a query parameter or a
// cookie) is two: true, a case was taken by the route; and false, the host and the
// path of a case are the route's, and this predicate did not fit. Each of its filters
// is one: a case passed through it. Only a case that passed reaches anything: a
// failing case proves nothing.
//
// Which route took a case is what the gateway said, not what the table would do; the
// table explains the rest. Where the two differ, which a table of the very bundle
// under test does only for requests that are refused before they are matched, the
// false sides of the case are left alone.
//
// A report is written as JSON for machines, as a table for terminals, and as one
// HTML file for people.
package coverage

import (
	"errors"
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// MaxPointCases bounds how many cases a Point names.
const MaxPointCases = 20

// Input is a bundle and what became of its cases.
type Input struct {
	// Program is what the bundle was made of: owners, modules and places.
	Program *ir.Program
	// Table is built from the bundle under test.
	Table *table.Table
	Cases *cases.Set
	// Results are what became of the cases, each by its index, in any order. A case
	// without one was not played.
	Results []cases.Result
	// Base holds the ids of the routes that were there before; nil means that every
	// route is new.
	Base map[string]bool
}

// Compute says what the played cases reached. An input that lacks a part, a result
// for a case that is not in the set and a second result for one are errors.
func Compute(in Input) (*Report, error) {
	if in.Program == nil || in.Table == nil || in.Cases == nil {
		return nil, errors.New("compute coverage: a program, a table and a set of cases are needed")
	}
	results := make([]*cases.Result, len(in.Cases.Cases))
	for i := range in.Results {
		r := &in.Results[i]
		switch {
		case r.Index < 0 || r.Index >= len(results):
			return nil, fmt.Errorf("compute coverage: there is a result for case %d of %d", r.Index, len(results))
		case results[r.Index] != nil:
			return nil, fmt.Errorf("compute coverage: there are two results for case %d", r.Index)
		}
		results[r.Index] = r
	}
	t := newTally(in.Program, in.Base)
	report := &Report{Bundle: in.Cases.Bundle, Played: make([]Case, len(results))}
	for i, result := range results {
		c := &in.Cases.Cases[i]
		played := &report.Played[i]
		*played = Case{Route: c.Route, Name: c.Name, File: c.File, Line: c.Line, State: NotPlayed}
		if result != nil {
			played.State, played.Millis = Failed, result.Millis
			if result.Passed {
				played.State = Passed
				played.Took = t.passed(in.Table, i, c, result)
			}
		}
		t.beside(i, c.Route)
	}
	t.fill(report)
	return report, nil
}
