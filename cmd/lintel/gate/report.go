package gate

import (
	"encoding/json"
	"io"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// report is the JSON form of a verdict.
type report struct {
	Bundle   string `json:"bundle"`
	Revision string `json:"revision,omitempty"`
	// Passed and Failed count cases.
	Passed   int          `json:"passed"`
	Failed   int          `json:"failed"`
	Millis   float64      `json:"millis"`
	K6       reportK6     `json:"k6"`
	Cases    []reportCase `json:"cases"`
	Coverage any          `json:"coverage,omitempty"`
	// Changes are the cases that are answered otherwise than on the base.
	Changes []Change `json:"changes,omitempty"`
}

// reportK6 is what the replay itself cost.
type reportK6 struct {
	CPUMillis float64 `json:"cpuMillis"`
	PeakBytes int64   `json:"peakBytes"`
}

type reportCase struct {
	Route  string `json:"route"`
	Name   string `json:"name"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	cases.Result
	// Reason tells why a failed case took another route; Curl is its request.
	Reason string `json:"reason,omitempty"`
	Curl   string `json:"curl,omitempty"`
}

// Report is what a verdict's JSON says besides the results.
type Report struct {
	// Bundle and Revision are those of the bundle under test.
	Bundle, Revision string
	// Reason tells why a case took another route.
	Reason func(*cases.Case) string
	// Coverage is put in as it is.
	Coverage any
	Changes  []Change
}

// WriteJSON writes the verdict with all results.
func (v *Verdict) WriteJSON(w io.Writer, r Report) error {
	out := report{
		Bundle: r.Bundle, Revision: r.Revision, Failed: v.Failed(), Passed: len(v.Cases) - v.Failed(),
		Millis: float64(v.Took.Microseconds()) / 1000,
		K6:     reportK6{CPUMillis: float64(v.CPU.Microseconds()) / 1000, PeakBytes: v.Peak}, Cases: make([]reportCase, len(v.Cases)), Coverage: r.Coverage, Changes: r.Changes,
	}
	for i := range v.Cases {
		c := &v.Cases[i]
		one := reportCase{Route: c.Route, Name: c.Name, File: c.File, Line: c.Line, Column: c.Column, Result: v.Results[i]}
		if one.Passed {
			one.Got = nil // nobody asks
		} else {
			one.Reason, one.Curl = r.Reason(c), Curl(c, DevBase)
		}
		out.Cases[i] = one
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

// Diagnostics are the failed cases as findings, for annotations and machines.
func (v *Verdict) Diagnostics(reason func(*cases.Case) string) (out diag.List) {
	for i := range v.Cases {
		c, r := &v.Cases[i], &v.Results[i]
		if r.Passed {
			continue
		}
		out = append(out, diag.Diagnostic{
			Code: "case-failed", Severity: diag.Error,
			Pos:     diag.Pos{File: c.File, Line: c.Line, Column: c.Column},
			Path:    c.Route,
			Message: "the case \"" + c.Name + "\" failed: " + headline(r), Hint: reason(c),
		})
	}
	return out
}
