package telemetry

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// logBuffer bounds what one shard of the access log holds until it is written.
	logBuffer = 256 << 10
	// logEvery is how often the log is written.
	logEvery = 100 * time.Millisecond
	// maxRecord bounds one line: a record that is longer is cut in its path.
	maxRecord = 16 << 10
)

// AccessLog writes one line of JSON for each request. Done copies the record into
// a bounded buffer and never waits; one goroutine writes. What does not fit is
// dropped and counted.
type AccessLog struct {
	w       io.Writer
	log     *slog.Logger
	shards  [shards]logShard
	dropped atomic.Uint64
	wake    chan struct{}
	// Only Run uses what follows. torn tells that the last write ended inside a line.
	failing, torn bool
}

type logShard struct {
	mu    sync.Mutex
	buf   []byte
	spare []byte
	stamp stamp
	_     [64]byte
}

// NewAccessLog makes a log that writes to w while Run runs. Failures to write are
// told to log, once until they end.
func NewAccessLog(w io.Writer, log *slog.Logger) *AccessLog {
	return &AccessLog{w: w, log: log, wake: make(chan struct{}, 1)}
}

// Done takes a record.
func (l *AccessLog) Done(shard uint32, r *Record) {
	for i := range uint32(shards) {
		s := &l.shards[(shard+i)%shards]
		if !s.mu.TryLock() {
			continue
		}
		taken, half := s.put(r)
		s.mu.Unlock()
		if !taken {
			break
		}
		if half {
			select {
			case l.wake <- struct{}{}:
			default:
			}
		}
		return
	}
	l.dropped.Add(1)
}

// put appends the record's line. It tells whether there was room, and whether
// the buffer is half full.
func (s *logShard) put(r *Record) (taken, half bool) {
	if s.buf == nil {
		s.buf, s.spare = make([]byte, 0, logBuffer), make([]byte, 0, logBuffer)
	}
	if len(s.buf)+maxRecord > logBuffer {
		return false, true
	}
	s.buf = appendRecord(s.buf, &s.stamp, r)
	return true, len(s.buf) > logBuffer/2
}

// Dropped is how many records were dropped so far.
func (l *AccessLog) Dropped() uint64 { return l.dropped.Load() }

// Run writes the log until ctx ends, and then what is left.
func (l *AccessLog) Run(ctx context.Context) {
	tick := time.NewTicker(logEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			l.flush()
			return
		case <-tick.C:
		case <-l.wake:
		}
		l.flush()
	}
}

func (l *AccessLog) flush() {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		full := s.buf
		s.buf, s.spare = s.spare, nil
		s.mu.Unlock()
		if len(full) > 0 {
			l.write(full)
		}
		s.mu.Lock()
		if s.buf == nil {
			s.buf = full[:0]
		} else {
			s.spare = full[:0]
		}
		s.mu.Unlock()
	}
}

func (l *AccessLog) write(b []byte) {
	var err error
	if l.torn {
		// What comes now must not be the rest of a line that a full disk cut.
		if _, err = l.w.Write([]byte{'\n'}); err == nil {
			l.torn = false
		}
	}
	n := 0
	if !l.torn {
		n, err = l.w.Write(b)
		l.torn = n > 0 && b[n-1] != '\n'
	}
	if err != nil {
		l.dropped.Add(uint64(bytes.Count(b[n:], []byte{'\n'})))
	}
	if failed := err != nil; failed != l.failing {
		l.failing = failed
		if failed {
			l.log.Error("access log cannot be written, records are dropped", "error", err)
		} else {
			l.log.Info("access log is written again")
		}
	}
}
