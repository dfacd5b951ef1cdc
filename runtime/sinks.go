package runtime

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

// sinks are the takers of access records.
type sinks struct {
	all     telemetry.Sink
	metrics *telemetry.Metrics
	log     *telemetry.AccessLog // nil when off
	closer  io.Closer            // nil when there is nothing to close
}

// openSinks opens the access log: "off", "stdout" or a file to append to.
func openSinks(accessLog string, metrics *telemetry.Metrics, log *slog.Logger) (*sinks, error) {
	s := &sinks{all: metrics, metrics: metrics}
	var w io.Writer
	switch accessLog {
	case "off":
		return s, nil
	case "stdout":
		w = os.Stdout
	default:
		f, err := os.OpenFile(accessLog, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
		if err != nil {
			return nil, fmt.Errorf("accessLog: %w", err)
		}
		w, s.closer = f, f
	}
	s.log = telemetry.NewAccessLog(w, log)
	s.all = telemetry.Sinks{metrics, s.log}
	metrics.LogDropped = s.log.Dropped
	return s, nil
}

// run writes the log until ctx ends, and closes it.
func (s *sinks) run(ctx context.Context) {
	if s.log != nil {
		s.log.Run(ctx)
	}
	if s.closer != nil {
		_ = s.closer.Close() // every line has been written or counted as dropped
	}
}
