package load

import (
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/compiler/diag"
)

func TestWatchdog(t *testing.T) {
	now := time.Unix(0, 0)
	w := newWatchdog(Limits{Wall: time.Second, Heap: 1 << 20})
	w.now = func() time.Time { return now }
	at := func(file string) diag.Pos { return diag.Pos{File: file, Line: 1, Column: 1} }

	if _, ok := w.check(1 << 30); ok {
		t.Error("tripped while nothing is evaluated")
	}
	old := w.enter("old", at("old.cue"), 0)
	now = now.Add(500 * time.Millisecond)
	big := w.enter("big", at("big.cue"), 100_000)
	if _, ok := w.check(0); ok {
		t.Error("tripped in time")
	}
	d, ok := w.check(2 << 20)
	if !ok || d.Code != "evaluation-limit" || d.Pos.File != "old.cue" || !strings.Contains(d.Message, "1 MiB") {
		t.Errorf("memory: %v %+v", ok, d)
	}
	now = now.Add(600 * time.Millisecond)
	if d, ok := w.check(0); !ok || d.Pos.File != "old.cue" || !strings.Contains(d.Message, "old took longer than 1.1s") {
		t.Errorf("time: %v %+v", ok, d)
	}
	w.leave(old)
	now = now.Add(4 * time.Second)
	if d, ok := w.check(0); ok {
		t.Errorf("a large domain has more time: %+v", d)
	}
	now = now.Add(time.Second)
	if d, ok := w.check(0); !ok || d.Pos.File != "big.cue" {
		t.Errorf("time of a large domain: %v %+v", ok, d)
	}
	w.leave(big)
	if _, ok := w.check(1 << 30); ok {
		t.Error("tripped after the end")
	}
}
