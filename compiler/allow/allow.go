// Package allow applies what authors say of findings: settings that raise or silence a
// warning in the whole repository, and comments that allow one at one place. It takes
// nothing away from an error.
package allow

import (
	"slices"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

// Input is what was found, and where.
type Input struct {
	// Program has the settings and the text of all files.
	Program *ir.Program
	// Found are the findings of all rules.
	Found diag.List
	// Complete tells that every rule has run: only then is a comment that silences
	// nothing of no use.
	Complete bool
	// Codes gives the severity of every code there is. It is asked only when an author
	// names one.
	Codes func() (map[string]diag.Severity, error)
}

// Apply returns the findings that remain, sorted, with those about the settings and
// comments themselves, and the findings that are silenced. An error is that of Codes.
func Apply(in Input) (diag.List, []diag.Silenced, error) {
	said := in.Program.Shared.Settings.Findings
	comments := directives(in.Program.Files)
	if len(said) == 0 && len(comments) == 0 {
		return in.Found, nil, nil
	}
	known, err := in.Codes()
	if err != nil {
		return nil, nil, err
	}
	a := applying{in: in, known: known, settings: map[string]setting{}}
	a.readSettings(said)
	for _, d := range comments {
		if fault, ok := d.fault(known); ok {
			a.out = append(a.out, fault)
		} else {
			a.comments = append(a.comments, d)
		}
	}
	for _, d := range in.Found {
		a.take(d)
	}
	if in.Complete {
		for _, d := range a.comments {
			if !d.used {
				a.level(d.unused())
			}
		}
	}
	return a.out.Sort(), a.silenced, nil
}

// applying is one run.
type applying struct {
	in       Input
	known    map[string]diag.Severity
	settings map[string]setting
	comments []*directive
	out      diag.List
	silenced []diag.Silenced
}

// take decides what becomes of one finding: the comment beside it goes first, also
// where settings raise it, for it speaks of this very place.
func (a *applying) take(d diag.Diagnostic) {
	if d.Severity == diag.Warning {
		i := slices.IndexFunc(a.comments, func(c *directive) bool { return c.covers(d) })
		if i >= 0 {
			c := a.comments[i]
			c.used = true
			a.silenced = append(a.silenced, diag.Silenced{Diagnostic: d, Reason: c.reason, By: c.pos, InSource: true})
			return
		}
	}
	a.level(d)
}
