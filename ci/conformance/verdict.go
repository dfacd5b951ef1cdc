package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

type outcome int

const (
	passed outcome = iota
	failed
	skipped
)

// verdict is how one case of a suite ended.
type verdict struct {
	Case    string
	Outcome outcome
	// Detail says what went wrong, or why it was not played.
	Detail string
}

// difference is a case that fails, and why that is right.
type difference struct{ suite, name, reason string }

// report prints the counts of a suite and what did not pass. It reports whether each
// failure is known. A suite without a verdict is a failure too.
func report(w io.Writer, suite string, verdicts []verdict, list []difference, took time.Duration) bool {
	var counts [3]int
	var lines []string
	explained := 0
	for _, v := range verdicts {
		counts[v.Outcome]++
		switch v.Outcome {
		case skipped:
			lines = append(lines, fmt.Sprintf("  SKIPPED %s: %s", v.Case, oneLine(v.Detail)))
		case failed:
			reason := why(list, suite, v.Case)
			if reason == "" {
				lines = append(lines, fmt.Sprintf("  FAILED  %s: %s", v.Case, oneLine(v.Detail)))
				continue
			}
			explained++
			lines = append(lines, fmt.Sprintf("  known   %s: %s", v.Case, reason))
		}
	}
	_, _ = fmt.Fprintf(w, "== %s: %d passed, %d failed, %d of them explained, %d skipped (%s)\n",
		suite, counts[passed], counts[failed], explained, counts[skipped], took.Round(time.Second))
	for _, l := range lines {
		_, _ = fmt.Fprintln(w, l)
	}
	if len(verdicts) == 0 {
		_, _ = fmt.Fprintln(w, "  FAILED  no case was played")
		return false
	}
	return counts[failed] == explained
}

func why(list []difference, suite, name string) string {
	for _, d := range list {
		if strings.HasPrefix(suite, d.suite) && d.name == name {
			return d.reason
		}
	}
	return ""
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 600 {
		s = s[:300] + " ... " + s[len(s)-300:]
	}
	return s
}
