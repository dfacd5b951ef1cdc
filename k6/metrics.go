package k6

import (
	"time"

	"go.k6.io/k6/js/modules"
	k6metrics "go.k6.io/k6/metrics"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

// metrics are those of the extension.
type metrics struct {
	cases    *k6metrics.Metric
	pass     *k6metrics.Metric
	mismatch *k6metrics.Metric
	duration *k6metrics.Metric
	swaps    *k6metrics.Metric
}

// register declares the metrics; the same for every virtual user.
func (m *metrics) register(r *k6metrics.Registry) error {
	for _, x := range []struct {
		into **k6metrics.Metric
		name string
		typ  k6metrics.MetricType
		unit k6metrics.ValueType
	}{
		{&m.cases, "lintel_cases", k6metrics.Counter, k6metrics.Default},
		{&m.pass, "lintel_case_pass", k6metrics.Rate, k6metrics.Default},
		{&m.mismatch, "lintel_mismatch", k6metrics.Counter, k6metrics.Default},
		{&m.duration, "lintel_case_duration", k6metrics.Trend, k6metrics.Time},
		{&m.swaps, "lintel_swaps", k6metrics.Counter, k6metrics.Default},
	} {
		var err error
		if *x.into, err = r.NewMetric(x.name, x.typ, x.unit); err != nil {
			return err
		}
	}
	return nil
}

// emit counts a case that was played.
func (m *metrics) emit(vu modules.VU, c *cases.Case, r *cases.Result) {
	now := time.Now()
	values := vu.State().Tags.GetCurrentValues()
	sample := func(metric *k6metrics.Metric, tags *k6metrics.TagSet, v float64) k6metrics.Sample {
		return k6metrics.Sample{
			TimeSeries: k6metrics.TimeSeries{Metric: metric, Tags: tags}, Time: now, Value: v, Metadata: values.Metadata,
		}
	}
	passed := 0.0
	if r.Passed {
		passed = 1
	}
	samples := k6metrics.Samples{
		sample(m.cases, values.Tags, 1),
		sample(m.pass, values.Tags, passed),
		sample(m.duration, values.Tags.With("route", c.Route), r.Millis),
	}
	for n := range r.Mismatches {
		samples = append(samples, sample(m.mismatch, values.Tags.With("field", fieldKind(&r.Mismatches[n])), 1))
	}
	k6metrics.PushIfNotDone(vu.Context(), vu.State().Samples, samples)
}

// emitSwap counts a swap.
func (m *metrics) emitSwap(vu modules.VU) {
	values := vu.State().Tags.GetCurrentValues()
	k6metrics.PushIfNotDone(vu.Context(), vu.State().Samples, k6metrics.Sample{
		TimeSeries: k6metrics.TimeSeries{Metric: m.swaps, Tags: values.Tags}, Time: time.Now(), Value: 1, Metadata: values.Metadata,
	})
}
