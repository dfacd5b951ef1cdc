package stat

import "testing"

func TestOf(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want Span
	}{
		{nil, Span{}},
		{[]float64{3}, Span{3, 3, 3}},
		{[]float64{4, 1, 3}, Span{3, 1, 4}},
		{[]float64{4, 1, 3, 2}, Span{2.5, 1, 4}},
	} {
		if got := Of(c.in); got != c.want {
			t.Errorf("Of(%v) = %v, want %v", c.in, got, c.want)
		}
	}
}

func TestRatioIsPaired(t *testing.T) {
	// The machine was ten times slower in the second round; the ratio does not see it.
	got := Ratio([]float64{8, 80, 9}, []float64{10, 100, 10})
	if want := (Span{0.8, 0.8, 0.9}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Ratio([]float64{1, 5}, []float64{0, 10, 4}); got != (Span{0.5, 0.5, 0.5}) {
		t.Errorf("a round without a base counts: %v", got)
	}
}

func TestPercentile(t *testing.T) {
	v := []float64{}
	for i := range 100 {
		v = append(v, float64(99-i))
	}
	if got := Percentile(v, 0.99); got != 99 {
		t.Errorf("p99 is %v", got)
	}
	if got := Percentile(v, 0.5); got != 50 {
		t.Errorf("p50 is %v", got)
	}
	if got := Percentile(nil, 0.5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}
