package allow

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/suggest"
)

// setting is what the settings say of one warning.
type setting struct {
	ir.FindingSetting
	pos diag.Pos
}

// readSettings keeps the settings that may stand and reports the others.
func (a *applying) readSettings(said map[string]ir.FindingSetting) {
	for _, code := range slices.Sorted(maps.Keys(said)) {
		s := setting{FindingSetting: said[code]}
		if x := a.in.Program.Shared.Index; x != nil {
			s.pos, _ = x.Lookup("settings", "findings", code)
		}
		message, hint := "", ""
		severity, known := a.known[code]
		switch {
		case !known:
			message, hint = fmt.Sprintf("there is no finding %q", code), didYouMean(code, a.known)
		case severity == diag.Error:
			message = fmt.Sprintf("%q is an error and stays one: settings raise and silence warnings only", code)
			hint = "mend what it finds, and remove this setting"
		case s.Level == "off" && strings.TrimSpace(s.Reason) == "":
			message = fmt.Sprintf("%q is off without a reason", code)
			hint = `write reason: "..." for those who read it later`
		default:
			a.settings[code] = s
			continue
		}
		a.out = append(a.out, diag.Diagnostic{
			Code: "finding-setting", Severity: diag.Error, Pos: s.pos, Path: diag.Path("settings", "findings", code),
			Message: message, Hint: hint,
		})
	}
}

// level puts a finding where the settings want it.
func (a *applying) level(d diag.Diagnostic) {
	s, ok := a.settings[d.Code]
	switch {
	case !ok || d.Severity == diag.Error || s.Level == "warning":
	case s.Level == "off":
		a.silenced = append(a.silenced, diag.Silenced{Diagnostic: d, Reason: s.Reason, By: s.pos})
		return
	default:
		d.Severity = diag.Error
		why := "the settings make it an error"
		if r := strings.TrimSpace(s.Reason); r != "" {
			why += ": " + r
		}
		d.Notes = append(slices.Clone(d.Notes), diag.Note{Pos: s.pos, Message: why})
	}
	a.out = append(a.out, d)
}

func didYouMean(code string, known map[string]diag.Severity) string {
	if hint := suggest.Phrase(code, slices.Sorted(maps.Keys(known))); hint != "" {
		return hint
	}
	return "lintel check --list has all"
}
