package agent

import (
	"testing"
	"time"
)

func TestRest(t *testing.T) {
	for _, c := range []struct {
		failed   int
		from, to time.Duration
	}{{0, 24 * time.Second, 36 * time.Second}, {1, 48 * time.Second, 72 * time.Second}, {3, 192 * time.Second, 288 * time.Second}, {4, 240 * time.Second, 360 * time.Second}, {1000, 240 * time.Second, 360 * time.Second}} {
		for _, random := range []float64{0, .5, 1} {
			if got := rest(30*time.Second, c.failed, random); got < c.from || got > c.to {
				t.Errorf("after %d failures %s", c.failed, got)
			}
		}
	}
	if got := rest(time.Hour, 5, .5); got != time.Hour {
		t.Errorf("a long interval becomes %s", got)
	}
}

// TestPace wants somebody who changes things again and again to be met more slowly, and
// to be forgotten after a calm minute.
func TestPace(t *testing.T) {
	var p pace
	now := time.Unix(0, 0)
	last := time.Duration(0)
	for range 20 {
		gap := p.wait(now)
		if gap < last || gap > paceMost {
			t.Fatalf("%s after %s", gap, last)
		}
		last = gap
		now = now.Add(gap)
		p.note(now)
	}
	if last != paceMost {
		t.Errorf("after twenty changes %s", last)
	}
	if got := p.wait(now.Add(2 * paceCalm)); got != paceFirst {
		t.Errorf("after a calm time %s", got)
	}
}
