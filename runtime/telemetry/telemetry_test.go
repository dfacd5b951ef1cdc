package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lintel-gateway/lintel/runtime/reason"
)

func record() *Record {
	return &Record{
		Start: time.Date(2026, 3, 4, 5, 6, 7, 89_000, time.FixedZone("x", 3600)), ID: "id-1", Route: "shop.example/cart", Domain: "shop.example",
		Upstream: "cart", Endpoint: "10.0.0.1:80", Scheme: "https", Protocol: "HTTP/2", Method: "GET", Host: "shop.example", Path: "/cart", Status: 200,
		BytesIn: 3, BytesOut: 5, Duration: 1500 * time.Microsecond, TTFB: time.Millisecond, Bundle: "sha256:ab", Client: "192.0.2.1",
	}
}

func TestMetrics(t *testing.T) {
	m := NewMetrics("v1")
	m.Connections = func() int64 { return 7 }
	m.LogDropped = func() uint64 { return 2 }
	for i := range 20 {
		m.Done(uint32(i), record())
	}
	odd := record()
	odd.Status, odd.Reason, odd.Domain, odd.Duration = 418, reason.RouteNotFound, "", time.Hour
	m.Done(3, odd)
	up := record()
	up.Status, up.Upgraded, up.Duration = 101, true, time.Hour
	m.Done(3, up)
	wrong := record()
	wrong.Status, wrong.BytesIn, wrong.Duration = -5, -1, -time.Second
	m.Done(3, wrong)
	m.Reloaded("loaded", true, time.Unix(100, 0), 250*time.Millisecond)
	m.Applied(time.Unix(98, 0), time.Unix(100, 500e6))
	m.Serving("sha256:ab", "sha256:cd", "r1", 12, time.Unix(100, 0), true)
	m.Swapped()
	m.SnapshotsLive(3)
	r, err := m.Registry()
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	promhttp.HandlerFor(r, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	got := strings.Split(w.Body.String(), "\n")
	for _, want := range []string{
		`lintel_access_log_dropped_total 2`,
		`lintel_bundle_info{digest="sha256:ab",revision="r1"} 1`,
		`lintel_bundle_routes 12`,
		`lintel_connections 7`,
		`lintel_on_last_good 1`,
		`lintel_bundle_apply_lag_seconds 2.5`,
		`lintel_reload_duration_seconds 0.25`,
		`lintel_reload_success 1`,
		`lintel_reload_total{result="loaded"} 1`,
		`lintel_request_bytes_total{domain=""} 3`,
		`lintel_request_bytes_total{domain="shop.example"} 63`,
		`lintel_request_errors_total{reason="route-not-found"} 1`,
		`lintel_requests_total{code="101",domain="shop.example"} 1`,
		`lintel_requests_total{code="200",domain="shop.example"} 20`,
		`lintel_requests_total{code="4xx",domain=""} 1`,
		`lintel_requests_total{code="none",domain="shop.example"} 1`,
		`lintel_snapshots_live 3`,
		`lintel_swaps_total 1`,
		`lintel_request_duration_seconds_count{domain="shop.example"} 21`,
		`lintel_request_duration_seconds_bucket{domain="shop.example",le="0.0025"} 21`,
		`lintel_request_duration_seconds_bucket{domain="shop.example",le="0.001"} 1`,
		`lintel_request_duration_seconds_bucket{domain="",le="10"} 0`,
		`lintel_request_duration_seconds_sum{domain="shop.example"} 0.03`,
		`lintel_reload_attempt_timestamp_seconds 100`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no line %s", want)
		}
	}
	if t.Failed() {
		t.Log(w.Body.String())
	}
}

func TestDomainsAreBounded(t *testing.T) {
	m := NewMetrics("v1")
	for i := range 2 * maxDomains {
		r := record()
		r.Domain = fmt.Sprint("d", i)
		m.Done(0, r)
	}
	domains := *m.domains.Load()
	if len(domains) > maxDomains+1 {
		t.Errorf("%d domains", len(domains))
	}
	if n := domains[otherDomain].cells[0].codes[m.slots[200]].Load(); n != maxDomains {
		t.Errorf("%d requests of other domains, want %d", n, maxDomains)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	m := NewMetrics("v1")
	l := NewAccessLog(io.Discard, slog.New(slog.DiscardHandler))
	s, r := Sinks{m, l}, record()
	s.Done(1, r)
	if n := testing.AllocsPerRun(100, func() { s.Done(1, r) }); n != 0 {
		t.Errorf("%v allocations for a request", n)
	}
}

func TestConcurrent(t *testing.T) {
	m := NewMetrics("v1")
	var wg sync.WaitGroup
	for g := range uint32(4) {
		wg.Go(func() {
			for i := range 1000 {
				r := record()
				r.Domain = fmt.Sprint(i % 10)
				m.Done(g, r)
			}
		})
	}
	wg.Wait()
	var sum uint64
	for _, d := range *m.domains.Load() {
		for i := range d.cells {
			sum += d.cells[i].codes[m.slots[200]].Load()
		}
	}
	if sum != 4000 {
		t.Errorf("counted %d of 4000", sum)
	}
}

func TestAccessLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := NewAccessLog(&out, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { l.Run(ctx) })
		l.Done(5, record())
		time.Sleep(logEvery)
		synctest.Wait()
		var got map[string]any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Errorf("%v: %s", err, out.Bytes())
		}
		want := map[string]any{
			"ts": "2026-03-04T04:06:07.000089Z", "id": "id-1", "route": "shop.example/cart", "upstream": "cart", "endpoint": "10.0.0.1:80",
			"method": "GET", "scheme": "https", "protocol": "HTTP/2", "host": "shop.example", "path": "/cart", "status": 200.0, "bytesIn": 3.0, "bytesOut": 5.0,
			"duration": 0.0015, "ttfb": 0.001, "reason": "", "bundle": "sha256:ab",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		l.Done(5, record())
		cancel()
		wg.Wait()
		if n := bytes.Count(out.Bytes(), []byte("\n")); n != 2 {
			t.Errorf("%d lines after the end, want 2", n)
		}
	})
}

func TestAccessLogDropsAndCounts(t *testing.T) {
	var out bytes.Buffer
	l := NewAccessLog(&out, slog.New(slog.DiscardHandler))
	r := record()
	r.Path = strings.Repeat("/x", 500)
	const sent = 10_000
	for range sent {
		l.Done(0, r)
	}
	if l.Dropped() == 0 || len(l.shards[0].buf) > logBuffer {
		t.Errorf("%d dropped, %d bytes held", l.Dropped(), len(l.shards[0].buf))
	}
	l.flush()
	if n := uint64(bytes.Count(out.Bytes(), []byte("\n"))); n+l.Dropped() != sent {
		t.Errorf("%d written and %d dropped of %d", n, l.Dropped(), sent)
	}
	l.Done(0, r)
	l.flush()
	if !bytes.HasSuffix(out.Bytes(), []byte("}\n")) {
		t.Error("the log does not go on")
	}
}

func TestAccessLogThatCannotBeWritten(t *testing.T) {
	var log bytes.Buffer
	l := NewAccessLog(failing{}, slog.New(slog.NewTextHandler(&log, nil)))
	for range 3 {
		l.Done(0, record())
		l.flush()
	}
	if l.Dropped() != 3 || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("%d dropped, log:\n%s", l.Dropped(), &log)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// FuzzRecord holds every line to JSON, one line, and its bound.
func FuzzRecord(f *testing.F) {
	f.Add("/a\"\\\n\x00\xff\u2028", "h", int64(5))
	f.Fuzz(func(t *testing.T, path, host string, d int64) {
		r := record()
		r.Path, r.Host, r.Route, r.ID, r.Upstream, r.Endpoint, r.Method, r.Bundle, r.Client = path, host, path, path, path, path, path, path, path
		r.Duration = time.Duration(d)
		line := appendRecord(nil, &stamp{}, r)
		if len(line) > maxRecord || bytes.Count(line, []byte("\n")) != 1 {
			t.Fatalf("%d bytes: %q", len(line), line)
		}
		var got map[string]any
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		if len(path) <= 32 && got["path"] != strings.ToValidUTF8(path, "\ufffd") && !strings.Contains(path, "\xff") && got["path"] == "" && path != "" {
			t.Fatalf("path %q came back as %q", path, got["path"])
		}
	})
}

func BenchmarkDone(b *testing.B) {
	m := NewMetrics("v1")
	l := NewAccessLog(io.Discard, slog.New(slog.DiscardHandler))
	r := record()
	b.Run("metrics", func(b *testing.B) {
		for b.Loop() {
			m.Done(1, r)
		}
	})
	b.Run("log", func(b *testing.B) {
		n := 0
		for b.Loop() {
			l.Done(1, r)
			if n++; n%300 == 0 {
				l.flush()
			}
		}
	})
}
