package main

import (
	"strings"
	"testing"
)

// TestReport: only failures that the list explains are forgiven, and only in their suite.
func TestReport(t *testing.T) {
	list := []difference{{"a", "case", "it is meant"}}
	for _, c := range []struct {
		suite    string
		verdicts []verdict
		good     bool
		want     string
	}{
		{"a", []verdict{{"case", failed, "x"}, {"other", passed, ""}}, true, "1 passed, 1 failed, 1 of them explained, 0 skipped"},
		{"b", []verdict{{"case", failed, "x"}}, false, "FAILED  case: x"},
		{"a", []verdict{{"other", failed, "a\nb"}}, false, "FAILED  other: a b"},
		{"a", []verdict{{"other", skipped, "no tool"}}, true, "SKIPPED other: no tool"},
		{"a", nil, false, "no case was played"},
	} {
		var b strings.Builder
		if good := report(&b, c.suite, c.verdicts, list, 0); good != c.good || !strings.Contains(b.String(), c.want) {
			t.Errorf("%+v: %v\n%s", c, good, b.String())
		}
	}
}
