package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/lintel-gateway/lintel/ci/testbed"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// fault is what toxiproxy does to a connection, and how the exchange must end. Status 0
// means that no answer may pass for whole; otherwise the answer has this status, and is
// whole when it is 200.
type fault struct {
	name, toxic string
	attributes  map[string]int
	bytes       int64
	status      int
}

func faultCases() []fault {
	return []fault{
		{"latency", "latency", map[string]int{"latency": 500, "jitter": 100}, 100_000, 200},
		{"slow", "bandwidth", map[string]int{"rate": 200}, 200_000, 200},
		{"cut in the body", "limit_data", map[string]int{"bytes": 50_000}, 200_000, 0},
		{"cut in the head", "limit_data", map[string]int{"bytes": 5}, 1_000, 502},
		{"reset", "reset_peer", map[string]int{"timeout": 0}, 1_000, 502},
		{"black hole", "timeout", map[string]int{"timeout": 0}, 1_000, 504},
	}
}

// faults puts toxiproxy between a gateway and its origin.
func faults(c *court) ([]verdict, error) {
	tool, missing := c.tool("toxiproxy")
	if missing != nil {
		return missing, nil
	}
	api, err := free()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(api)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(tool, "-host", host, "-port", port)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if nc, err := net.Dial("tcp", api); err == nil {
			_ = nc.Close()
			break
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("toxiproxy does not listen on %s", api)
		}
	}
	domains := []route.Domain{to("*", c.origins[0].Address, "", nil)}
	for name, version := range map[string]string{"h1": "", "h2": "2"} {
		address, err := free()
		if err != nil {
			return nil, err
		}
		if err := command(api, "/proxies", map[string]any{"name": name, "listen": address, "upstream": c.origins[0].Address, "enabled": true}); err != nil {
			return nil, err
		}
		d := to(name+".test", address, version, nil)
		d.Routes[0].Timeouts.Read = route.Duration(3 * time.Second)
		domains = append(domains, d)
	}
	dir := filepath.Join(c.dir, "faults")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	g, err := testbed.Start(c.program, dir, nil, "", domains...)
	if err != nil {
		return nil, err
	}
	var out []verdict
	for _, name := range []string{"h1", "h2"} {
		for _, f := range faultCases() {
			toxic := map[string]any{"type": f.toxic, "stream": "downstream", "attributes": f.attributes}
			if err := command(api, "/proxies/"+name+"/toxics", toxic); err != nil {
				return out, errors.Join(err, g.Stop())
			}
			ended := make(chan error, 1)
			go func() { ended <- f.judge(g.Plain, name+".test") }()
			other := fault{bytes: 1_000, status: http.StatusOK}
			served := other.judge(g.Plain, "other.test")
			out = append(out, judged(name+": "+f.name, "", <-ended), judged(name+": another route meanwhile, "+f.name, "", served))
			if err := command(api, "/reset", nil); err != nil {
				return out, errors.Join(err, g.Stop())
			}
			out = append(out, judged(name+": the same route after it, "+f.name, "", heals(g.Plain, name+".test")))
		}
	}
	return append(out, judged("the gateway ends well", "", g.Stop())), nil
}

// command posts to the interface of toxiproxy.
func command(api, path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	resp, err := http.Post("http://"+api+path, "application/json", bytes.NewReader(text))
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusMultipleChoices {
		said, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("toxiproxy answers %s to %s: %s", resp.Status, path, said)
	}
	return nil
}

// judge asks for bytes through the gateway, for at most 20 seconds.
func (f fault) judge(gateway, host string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/bytes?n=%d", gateway, f.bytes), nil)
	if err != nil {
		return err
	}
	req.Host = host
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if f.status != 0 && resp.StatusCode != f.status {
		return fmt.Errorf("status %d, not %d", resp.StatusCode, f.status)
	}
	if resp.StatusCode != http.StatusOK {
		return nil
	}
	n, err := testbed.CheckPattern(resp.Body)
	switch {
	case f.status == 0 && err == nil:
		return fmt.Errorf("%d bytes pass for the whole", n)
	case f.status == 0 && ctx.Err() != nil:
		return fmt.Errorf("it hangs after %d bytes", n)
	case f.status != 0 && (err != nil || n != f.bytes):
		return fmt.Errorf("%d bytes of %d: %w", n, f.bytes, err)
	}
	return nil
}

// heals awaits that a route serves again: what was in the fault's way may fail first.
func heals(gateway, host string) (err error) {
	well := fault{bytes: 1_000, status: http.StatusOK}
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if err = well.judge(gateway, host); err == nil {
			return nil
		}
	}
	return err
}
