package coverage

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

// maxShown bounds a text of a failing case on the page in bytes.
const maxShown = 16 << 10

type failureView struct {
	Open              bool
	Name, Route, File string
	Line              int
	Took              string
	Reason, Curl      string
	Mismatches        []cases.Mismatch
	Diffs             []diffView
	Answer            *answerView
}

type diffView struct {
	Field string
	Lines []sideView
}

type answerView struct {
	Status int
	Text   string
}

func newFailureView(f *Failure) failureView {
	v := failureView{Reason: bounded(f.Reason), Curl: bounded(f.Curl)}
	if c := f.Case; c != nil {
		v.Name, v.Route, v.File, v.Line = c.Name, c.Route, c.File, c.Line
	}
	if f.Result == nil {
		return v
	}
	v.Took = seconds(time.Duration(f.Result.Millis * float64(time.Millisecond)))
	for _, m := range f.Result.Mismatches {
		if m.Diff != "" {
			v.Diffs = append(v.Diffs, newDiffView(m))
		}
		m.Want, m.Got = bounded(m.Want), bounded(m.Got)
		v.Mismatches = append(v.Mismatches, m)
	}
	if a := f.Result.Got; a != nil {
		v.Answer = newAnswerView(a)
	}
	return v
}

// newDiffView marks the lines that begin with "-" (expected) and "+" (got).
func newDiffView(m cases.Mismatch) diffView {
	v := diffView{Field: m.Field}
	for line := range strings.Lines(bounded(m.Diff)) {
		tone := ""
		switch {
		case strings.HasPrefix(line, "-"):
			tone = "n"
		case strings.HasPrefix(line, "+"):
			tone = "y"
		}
		v.Lines = append(v.Lines, sideView{strings.TrimRight(line, "\r\n"), tone})
	}
	return v
}

func newAnswerView(a *cases.Answer) *answerView {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(a.Headers)) {
		for _, value := range a.Headers[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	if a.Body != "" {
		b.WriteString("\n" + a.Body)
		if more := a.BodySize - int64(len(a.Body)); more > 0 {
			fmt.Fprintf(&b, "\n(%d more bytes)", more)
		}
	}
	return &answerView{a.Status, bounded(b.String())}
}

// bounded cuts a text to maxShown.
func bounded(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "\n(cut)"
}
