// Package diag holds diagnostics: what the compiler says about mistakes in route
// files, as values that sort, count and print. Failures of the program itself are
// Go errors, never diagnostics.
package diag

import (
	"cmp"
	"slices"
)

// Severity says whether a diagnostic stops the compile.
type Severity string

const (
	// Error stops the compile.
	Error Severity = "error"
	// Warning does not, unless the caller is strict.
	Warning Severity = "warning"
)

// Pos is a place in a source file: File relative to the repository's root (the
// folder above the routes directory) with slashes, Line and Column from 1 (bytes).
// The zero Pos is no place.
type Pos struct {
	File    string
	Line    int
	Column  int
	EndLine int
	// EndColumn is the column after the last one; 0 when unknown.
	EndColumn int
}

// IsValid tells whether the place names a file.
func (p Pos) IsValid() bool { return p.File != "" }

// Note points to a related place.
type Note struct {
	Pos     Pos
	Message string
}

// Diagnostic is one finding.
type Diagnostic struct {
	// Code is stable and kebab-case, such as "route-shadowed".
	Code     string
	Severity Severity
	Pos      Pos
	// Path is the place in the data, such as `routes."orders-get".upstream`.
	Path string
	// Message says what is wrong in one sentence without a full stop.
	Message string
	// Hint says what to do; may be empty.
	Hint  string
	Notes []Note
}

// Silenced is a finding that an author has said may stay.
type Silenced struct {
	Diagnostic
	// Reason is the author's.
	Reason string
	// By is where the author says so: a comment beside the place, or the settings.
	By Pos
	// InSource tells that it is a comment beside the place.
	InSource bool
}

// List is a set of diagnostics.
type List []Diagnostic

// HasErrors tells whether any of them is an error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders the list by file, line, column, code, path and message, and drops
// repeats, so that the same input always prints the same text.
func (l List) Sort() List {
	slices.SortFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(l, func(a, b Diagnostic) bool {
		return a.Pos == b.Pos && a.Code == b.Code && a.Path == b.Path && a.Message == b.Message
	})
}
