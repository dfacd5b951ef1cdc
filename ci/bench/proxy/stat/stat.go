// Package stat makes figures of paired samples: each round's sample is compared with
// the base's of the same round, so that what the machine did meanwhile counts for both.
package stat

import "slices"

// Span is the median of values with the least and the greatest of them.
type Span struct{ Median, Min, Max float64 }

// Of is the span of values; the zero Span when there are none.
func Of(values []float64) Span {
	if len(values) == 0 {
		return Span{}
	}
	v := slices.Sorted(slices.Values(values))
	return Span{Median: (v[(len(v)-1)/2] + v[len(v)/2]) / 2, Min: v[0], Max: v[len(v)-1]}
}

// Ratio is the span of a's values divided by those of base in the same rounds. Rounds
// in which base is 0, or that only one of them has, are left out.
func Ratio(a, base []float64) Span {
	var ratios []float64
	for i := range min(len(a), len(base)) {
		if base[i] != 0 {
			ratios = append(ratios, a[i]/base[i])
		}
	}
	return Of(ratios)
}

// Percentile is the value that share (0 to 1) of values do not exceed; 0 when there
// are none. It sorts values.
func Percentile(values []float64, share float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[min(int(share*float64(len(values))), len(values)-1)]
}
