package load

import (
	"encoding/json"
	"fmt"
	"time"
)

// Report is what the load clients of our own print, as one line of JSON.
type Report struct {
	Requests int     `json:"requests"`
	Errors   int     `json:"errors"`
	First    string  `json:"first_error,omitempty"`
	Seconds  float64 `json:"seconds"`
	P50      float64 `json:"p50_us"` // microseconds
	P99      float64 `json:"p99_us"`
}

// Peer runs a load client of our own: program is ci/bench/proxy/peer, built, and kind
// one of its clients (websocket, handshake). Any error of a connection is an error.
func Peer(program, kind string, t Target) (Result, error) {
	words := join(t.Pin, []string{
		program, kind, "-addr", t.Addr, "-host", t.Host, "-path", t.Path, "-conns", fmt.Sprint(t.Conns), "-for", t.For.String(),
	})
	if t.TLS {
		words = append(words, "-tls")
	}
	out, err := run(words)
	if err != nil {
		return Result{}, err
	}
	return parseReport(out)
}

func parseReport(out string) (Result, error) {
	var r Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		return Result{}, fmt.Errorf("a load client printed no report: %w\n%s", err, out)
	}
	if r.Errors > 0 {
		return Result{}, fmt.Errorf("failed requests: %d, the first: %s", r.Errors, r.First)
	}
	if r.Requests == 0 || r.Seconds <= 0 {
		return Result{}, ErrNothing
	}
	us := func(v float64) time.Duration { return time.Duration(v * float64(time.Microsecond)) }
	return Result{Requests: r.Requests, Rate: float64(r.Requests) / r.Seconds, P50: us(r.P50), P99: us(r.P99)}, nil
}
