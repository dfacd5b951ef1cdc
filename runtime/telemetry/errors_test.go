package telemetry

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lintel-gateway/lintel/runtime/reason"
)

// TestAnswersOfFiltersAreNoErrors counts what failed, and nothing that a route says.
func TestAnswersOfFiltersAreNoErrors(t *testing.T) {
	m := NewMetrics("test")
	for _, code := range []reason.Code{reason.OK, reason.FilterAnswer, reason.FilterAnswer, reason.ConnectFailed} {
		r := record()
		r.Reason = code
		m.Done(0, r)
	}
	registry, err := m.Registry()
	if err != nil {
		t.Fatal(err)
	}
	if got := errorsBy(t, registry); len(got) != 1 || got["connect-failed"] != 1 {
		t.Errorf("errors are %v, want one connect-failed", got)
	}
}

// errorsBy reads lintel_request_errors_total by reason.
func errorsBy(t *testing.T, from prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "lintel_request_errors_total" {
			continue
		}
		for _, one := range f.GetMetric() {
			out[one.GetLabel()[0].GetValue()] = one.GetCounter().GetValue()
		}
	}
	return out
}
