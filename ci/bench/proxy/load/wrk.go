package load

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Wrk loads by HTTP/1.1 with wrk. Anything but 2xx, and any socket error, is an error.
func Wrk(t Target) (Result, error) {
	words := join(t.Pin, []string{
		"wrk", "-t1", fmt.Sprintf("-c%d", t.Conns), fmt.Sprintf("-d%ds", max(1, int(t.For.Seconds()))), "--latency", "--timeout", "10s",
		"-H", "Host: " + t.Host, // wrk adds another Host unless it is written like this
	})
	for _, f := range join(browser(), t.Fields) {
		words = append(words, "-H", f)
	}
	if t.Script != "" {
		words = append(words, "-s", t.Script)
	}
	out, err := run(append(words, t.url()))
	if err != nil {
		return Result{}, err
	}
	return parseWrk(out)
}

var (
	wrkCount = regexp.MustCompile(`(\d+) requests in`)
	wrkRate  = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	wrkP50   = regexp.MustCompile(`\n\s+50%\s+([\d.]+[a-z]+)`)
	wrkP99   = regexp.MustCompile(`\n\s+99%\s+([\d.]+[a-z]+)`)
	wrkFault = regexp.MustCompile(`Non-2xx[^\n]*|Socket errors[^\n]*`)
)

func parseWrk(out string) (r Result, err error) {
	if fault := wrkFault.FindString(out); fault != "" {
		return r, errors.New("failed requests: " + fault)
	}
	r.Requests, _ = strconv.Atoi(group(wrkCount, out))
	r.Rate, _ = strconv.ParseFloat(group(wrkRate, out), 64)
	r.P50, _ = time.ParseDuration(group(wrkP50, out))
	r.P99, _ = time.ParseDuration(group(wrkP99, out))
	if r.Requests == 0 {
		return r, ErrNothing
	}
	return r, nil
}

// group is the first group of the first match, or "".
func group(re *regexp.Regexp, s string) string {
	if m := re.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}
