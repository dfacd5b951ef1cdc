package load

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// H2load loads by HTTP/2 with h2load: by prior knowledge, or with TLS by ALPN. A
// request that failed, ended in an error or timed out, and any status but 2xx, is an
// error. h2load tells the mean time of a request and no percentiles.
func H2load(t Target) (Result, error) {
	words := join(t.Pin, []string{
		"h2load", "-t1", "-c", strconv.Itoa(t.Conns), "-m", strconv.Itoa(t.Streams),
		"-D", strconv.Itoa(max(1, int(t.For.Seconds()))), "-H", ":authority: " + t.Host,
	})
	for _, f := range join(browser()[:4], t.Fields) {
		words = append(words, "-H", f)
	}
	if t.Script != "" {
		words = append(words, "-d", t.Script)
	}
	if !t.TLS {
		words = append(words, "-p", "h2c")
	}
	out, err := run(append(words, t.url()))
	if err != nil {
		return Result{}, err
	}
	return parseH2load(out, t.For)
}

var (
	h2Requests = regexp.MustCompile(`requests: \d+ total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout`)
	h2Codes    = regexp.MustCompile(`status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx`)
	h2Protocol = regexp.MustCompile(`Application protocol: (\S+)`)
)

func parseH2load(out string, d time.Duration) (r Result, err error) {
	counts, codes := h2Requests.FindStringSubmatch(out), h2Codes.FindStringSubmatch(out)
	if counts == nil || codes == nil {
		return r, errors.New("h2load printed no counts:\n" + out)
	}
	if p := group(h2Protocol, out); p != "" && p != "h2" && p != "h2c" {
		return r, fmt.Errorf("h2load spoke %s", p)
	}
	for i, what := range []string{"failed", "errored", "timeout"} {
		if counts[i+2] != "0" {
			return r, fmt.Errorf("failed requests: %s %s", counts[i+2], what)
		}
	}
	for i, what := range []string{"3xx", "4xx", "5xx"} {
		if codes[i+2] != "0" {
			return r, fmt.Errorf("failed requests: %s %s", codes[i+2], what)
		}
	}
	if r.Requests, _ = strconv.Atoi(counts[1]); r.Requests == 0 {
		return r, ErrNothing
	}
	r.Rate = float64(r.Requests) / d.Seconds()
	return r, nil
}
