package compiler

import (
	"encoding/json"
	"fmt"
)

// caseFile is the set of test cases that belongs to one bundle.
type caseFile struct {
	// Bundle is the digest of the bundle that the cases were written for.
	Bundle string     `json:"bundle"`
	Cases  []testCase `json:"cases"`
}

type testCase struct {
	// Route is the id of the route that the case stands beside.
	Route  string `json:"route"`
	Name   string `json:"name"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	// Case is the case as written: request and expect.
	Case json.RawMessage `json:"case"`
}

// Cases writes the test cases of the program as JSON, bound to the bundle's digest.
// Tests never enter the bundle itself.
func (r *Result) Cases() ([]byte, error) {
	out := caseFile{Bundle: r.Bundle.Digest(), Cases: []testCase{}}
	for _, d := range r.Program.Domains {
		for _, rt := range d.Routes {
			for _, c := range rt.Tests {
				out.Cases = append(out.Cases, testCase{rt.Def.ID, c.Name, c.Pos.File, c.Pos.Line, c.Pos.Column, c.Body})
			}
		}
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode cases: %w", err)
	}
	return append(b, '\n'), nil
}
