package telemetry

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

// disk takes bytes until it is full.
type disk struct {
	bytes.Buffer
	room int
}

func (d *disk) Write(b []byte) (int, error) {
	n := min(len(b), d.room)
	d.room -= n
	_, _ = d.Buffer.Write(b[:n]) // cannot fail
	if n < len(b) {
		return n, errors.New("disk full")
	}
	return n, nil
}

// TestLineThatAFullDiskCut stands alone, and counts as dropped; the lines around it
// are whole.
func TestLineThatAFullDiskCut(t *testing.T) {
	d := &disk{room: 10}
	l := NewAccessLog(d, slog.New(slog.DiscardHandler))
	l.write([]byte("first\nsecond\nthird\n"))
	l.write([]byte("lost\n"))
	d.room = 1000
	l.write([]byte("fourth\n"))
	l.write([]byte("fifth\n"))
	if got := strings.Split(d.String(), "\n"); len(got) != 5 || got[0] != "first" || got[1] != "seco" || got[2] != "fourth" || got[3] != "fifth" {
		t.Errorf("the log is %q", got)
	}
	if n := l.Dropped(); n != 3 {
		t.Errorf("%d lines are counted as dropped, want 3", n)
	}
}
