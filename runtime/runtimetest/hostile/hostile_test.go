package hostile_test

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/gatewaytest"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/hostile"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// fewest is how many cases there must be, and controlFails how many of them the blind
// pass-through must fail for the judge to be believed.
const (
	fewest       = 1000
	controlFails = 600
)

func corpus(t *testing.T) []hostile.Case {
	t.Helper()
	cases, err := hostile.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < fewest {
		t.Fatalf("only %d cases", len(cases))
	}
	return cases
}

func recorder(t *testing.T) *hostile.Recorder {
	t.Helper()
	up, err := hostile.NewRecorder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(up.Close)
	return up
}

// counts prints what a proxy did, one line.
func counts(t *testing.T, name string, verdicts []hostile.Verdict) (unsafe, unexpected int) {
	t.Helper()
	by := map[hostile.Outcome]int{}
	for _, v := range verdicts {
		by[v.Outcome]++
		if len(v.Unsafe) > 0 {
			unsafe++
		} else if len(v.Unexpected) > 0 {
			unexpected++
		}
	}
	t.Logf("%-22s %5d cases: %5d refused, %4d forwarded, %3d answered; %4d unsafe, %4d else unexpected",
		name, len(verdicts), by[hostile.Refused], by[hostile.Forwarded], by[hostile.Answered], unsafe, unexpected)
	return unsafe, unexpected
}

func TestGateway(t *testing.T) {
	cases := corpus(t)
	for name, pieces := range map[string]bool{"lintel": false, "lintel, in pieces": true} {
		up := recorder(t)
		verdicts, err := hostile.Client{Pieces: pieces, Quiet: time.Second, Patience: 2 * time.Second}.Run(gateway(t, up), up, cases)
		if err != nil {
			t.Fatal(err)
		}
		counts(t, name, verdicts)
		for _, v := range verdicts {
			if len(v.Unsafe)+len(v.Unexpected) > 0 {
				t.Errorf("%s: %s: %s %q %q", name, v.Case.Name, v.Outcome, v.Unsafe, v.Unexpected)
			}
		}
	}
}

// TestControl judges the judge. The cases are played side by side, for most of them
// leave the client waiting.
func TestControl(t *testing.T) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var verdicts []hostile.Verdict
	for cases := range slices.Chunk(corpus(t), 60) {
		up := recorder(t)
		blind, err := hostile.NewBlind(up.Address())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(blind.Close)
		wg.Go(func() {
			client := hostile.Client{Quiet: 50 * time.Millisecond, Patience: 200 * time.Millisecond}
			part, err := client.Run(blind.Address(), up, cases)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			verdicts = append(verdicts, part...)
		})
	}
	wg.Wait()
	if unsafe, _ := counts(t, "blind pass-through", verdicts); unsafe < controlFails {
		t.Errorf("the judge finds only %d cases unsafe with a proxy that looks at nothing, want %d", unsafe, controlFails)
	}
}

// gateway starts a gateway with one route to the recorder.
func gateway(t *testing.T, up *hostile.Recorder) string {
	t.Helper()
	d := runtimetest.Domain("d", route.Route{ID: "all", Match: route.Match{Hosts: []string{"*"}, Path: route.Path{Prefix: "/"}}, Upstream: "u"})
	d.Hosts = []string{"*"}
	d.Upstreams = map[string]route.Upstream{"u": runtimetest.Upstream(up.Address())}
	dir := t.TempDir() + "/bundle"
	if err := runtimetest.Bundle(t, "hostile", d).WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	g, _ := gatewaytest.Start(t, dir, func(c *boot.Config) {
		c.Bundle.StateDir = t.TempDir()
		c.Listeners[0].HTTP2 = "off" // the corpus is one of HTTP/1.1
	})
	address := fmt.Sprint(g.Addresses()[0])
	await(t, address)
	return address
}

// await waits until a request is answered with 200.
func await(t *testing.T, address string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		nc, err := net.Dial("tcp", address)
		if err != nil {
			continue
		}
		_, _ = fmt.Fprint(nc, "GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		status := make([]byte, 12)
		_, err = nc.Read(status)
		_ = nc.Close()
		if err == nil && string(status) == "HTTP/1.1 200" {
			return
		}
	}
	t.Fatalf("%s does not serve", address)
}
