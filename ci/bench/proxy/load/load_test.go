package load

import (
	"strings"
	"testing"
	"time"
)

const wrkOut = `Running 2s test @ http://127.0.0.1:8080/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.17ms  480.11us   9.87ms   88.01%
    Req/Sec    54.73k     3.51k   60.30k    65.00%
  Latency Distribution
     50%    1.06ms
     75%    1.24ms
     90%    1.63ms
     99%    3.15ms
  108964 requests in 2.00s, 48.01MB read
Requests/sec:  54461.29
Transfer/sec:     24.00MB
`

func TestWrk(t *testing.T) {
	r, err := parseWrk(wrkOut)
	want := Result{108964, 54461.29, 1060 * time.Microsecond, 3150 * time.Microsecond}
	if err != nil || r != want {
		t.Errorf("%+v, %v", r, err)
	}
	for _, bad := range []string{
		wrkOut + "  Non-2xx or 3xx responses: 12\n", wrkOut + "  Socket errors: connect 0, read 3, write 0, timeout 0\n",
		strings.Replace(wrkOut, "108964 requests", "0 requests", 1), "",
	} {
		if r, err := parseWrk(bad); err == nil {
			t.Errorf("taken for a success: %+v of\n%s", r, bad)
		}
	}
}

const h2Out = `starting benchmark...
Application protocol: h2c
finished in 2.00s, 41000.50 req/s, 12.10MB/s
requests: 82001 total, 82257 started, 82001 done, 82001 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 82001 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 24.20MB (25372160) total, 1.0MB (1) headers (space savings 95.00%), 20.0MB (20) data
`

func TestH2load(t *testing.T) {
	r, err := parseH2load(h2Out, 2*time.Second)
	if err != nil || r.Requests != 82001 || r.Rate != 41000.5 {
		t.Errorf("%+v, %v", r, err)
	}
	for _, c := range [][2]string{
		{"0 failed", "1 failed"},
		{"0 errored", "7 errored"},
		{"0 timeout", "1 timeout"},
		{"0 5xx", "3 5xx"},
		{"0 4xx", "3 4xx"},
		{"h2c\n", "http/1.1\n"},
		{"status codes", "codes"},
		{"82001 succeeded", "0 succeeded"},
	} {
		if r, err := parseH2load(strings.Replace(h2Out, c[0], c[1], 1), time.Second); err == nil {
			t.Errorf("%q taken for a success: %+v", c[1], r)
		}
	}
}

func TestReport(t *testing.T) {
	r, err := parseReport(`{"requests":500,"seconds":2,"errors":0,"p50_us":120.5,"p99_us":900}`)
	if err != nil || r.Rate != 250 || r.P50 != 120500*time.Nanosecond || r.P99 != 900*time.Microsecond {
		t.Errorf("%+v, %v", r, err)
	}
	for _, bad := range []string{"", `{"requests":5,"seconds":1,"errors":1,"first_error":"reset"}`, `{"requests":0,"seconds":1}`} {
		if _, err := parseReport(bad); err == nil {
			t.Errorf("%q is taken for a success", bad)
		}
	}
}
