package results

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/scenarios"
)

func TestTable(t *testing.T) {
	text := Table([]scenarios.Result{
		{Scenario: scenarios.Scenario{Name: "a | b", Asked: "≤ 3 s"}, Figure: scenarios.Figure{Text: "4 s", Value: 4 * time.Second, Bound: 3 * time.Second}},
		{Scenario: scenarios.Scenario{Name: "c"}, Err: errors.New("no")},
	}, 12*time.Second, time.Minute)
	for _, want := range []string{
		"| The cluster boots | ok | 12.0 s | 12.0 s | ≤ 20.0 s |",
		`| a \| b | ok, slower than asked | 0.0 s | 4 s | ≤ 3 s |`,
		"| c | **failed** |", "2 scenarios, 1 failed",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
