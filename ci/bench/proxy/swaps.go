package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/lintel-gateway/lintel/ci/bench/proxy/judge"
	"github.com/lintel-gateway/lintel/ci/bench/proxy/stat"
)

// swaps compares latencies with and without a swap each second. The two alternate, in
// the other order every second time.
func swaps(r *runner, bed *judge.Bed, c benchCase) (table, error) {
	p := bed.Proxies[0]
	var bundles [2]string
	for i, mark := range []string{"", "-next"} {
		var err error
		if bundles[i], err = bed.Bundle(r.spec(c.bed).Lintel[0], mark); err != nil {
			return table{}, err
		}
	}
	if _, err := r.slice(bed, c, p); err != nil {
		return table{}, err
	}
	before, err := swapped(p.Admin)
	if err != nil {
		return table{}, err
	}
	var (
		names   = []string{"no swaps", "a swap each second"}
		samples = map[string][]sample{}
		p99     [2][]float64
		changes int
	)
	for round := range 2 * r.options.rounds {
		with := (round/2 + round) % 2
		stop, ended := make(chan struct{}), make(chan error, 1)
		go func() {
			if with == 0 {
				ended <- nil
				return
			}
			ended <- everySecond(stop, func() error { changes++; return bed.Swap(bundles[changes%2]) })
		}()
		s, err := r.slice(bed, c, p)
		close(stop)
		if err := errors.Join(err, <-ended); err != nil {
			return table{}, err
		}
		samples[names[with]] = append(samples[names[with]], s)
		p99[with] = append(p99[with], float64(s.P99))
	}
	after, err := swapped(p.Admin)
	if err != nil {
		return table{}, err
	}
	if after-before < float64(r.options.rounds) {
		return table{}, fmt.Errorf("only %v of %d changes were swapped in", after-before, changes)
	}
	t := compare(c, []*judge.Proxy{{Name: names[0]}, {Name: names[1]}}, samples)
	t.columns = append(t.columns, "p99 ratio")
	for i := range t.rows {
		ratio := stat.Ratio(p99[i], p99[0])
		t.rows[i] = append(t.rows[i], fmt.Sprintf("%.2f (%.2f to %.2f)", ratio.Median, ratio.Min, ratio.Max))
	}
	return t, nil
}

// everySecond does something at once and every second until it is told to stop.
func everySecond(stop chan struct{}, do func() error) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := do(); err != nil {
			return err
		}
		select {
		case <-stop:
			return nil
		case <-tick.C:
		}
	}
}

var swapCount = regexp.MustCompile(`(?m)^lintel_swaps_total (\S+)$`)

// swapped is how many swaps a gateway has made, by its metrics.
func swapped(admin string) (float64, error) {
	res, err := http.Get("http://" + admin + "/metrics")
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	m := swapCount.FindSubmatch(text)
	if m == nil {
		return 0, errors.New("the gateway's metrics do not count swaps")
	}
	return strconv.ParseFloat(string(m[1]), 64)
}
