package runtime_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	goruntime "runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/gatewaytest"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// gateway is a running gateway on a directory that a kubelet writes.
type gateway struct {
	base, admin string
	mount       *runtimetest.KubeletWriter
	stop        func()
}

func startGateway(t *testing.T, first *bundle.Bundle) *gateway {
	t.Helper()
	dir := t.TempDir() + "/bundle"
	mount, err := runtimetest.NewKubeletWriter(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := mount.Write(first.Files()); err != nil {
		t.Fatal(err)
	}
	g, stop := gatewaytest.Start(t, dir, func(c *boot.Config) {
		c.Bundle.StateDir = t.TempDir()
		c.Drain.Timeout = boot.Duration(2 * time.Second)
	})
	out := &gateway{base: fmt.Sprint(g.Addresses()[0]), admin: "http://" + fmt.Sprint(g.AdminAddress()), mount: mount, stop: stop}
	out.await(t, first.Digest())
	return out
}

// await waits until the gateway serves the digest.
func (g *gateway) await(t *testing.T, digest string) {
	t.Helper()
	end := time.Now().Add(20 * time.Second)
	for {
		state := g.state(t)
		if state["digest"] == digest {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the gateway does not take up %s: %v", digest, state)
		}
		time.Sleep(time.Millisecond)
	}
}

func (g *gateway) state(t *testing.T) map[string]any {
	t.Helper()
	res, err := http.Get(g.admin + "/-/bundle")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var state map[string]any
	if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
		t.Fatal(err)
	}
	return state
}

func startEcho(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := echo.Server("echo")
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String()
}

// versioned is a bundle whose upstream sees a path that only this version produces.
func versioned(t *testing.T, n int, upstream string) *bundle.Bundle {
	t.Helper()
	d := runtimetest.Domain("swap.example",
		route.Route{
			ID: "api", Match: route.Match{Path: route.Path{Template: "/api/{id}"}}, Upstream: "echo",
			Filters: route.Filters{"rewrite": fmt.Appendf(nil, `{"path":"/v%d/{id}"}`, n)},
		},
		route.Route{ID: "socket", Match: route.Match{Path: route.Path{Exact: "/socket"}}, Upstream: "echo"},
	)
	d.Upstreams = map[string]route.Upstream{"echo": runtimetest.Upstream(upstream)}
	return runtimetest.Bundle(t, "r"+strconv.Itoa(n), d)
}

// TestSwapsUnderLoad changes the bundle as a kubelet does while requests and open
// WebSockets go on. No request fails, no socket drops, and every response is of one
// bundle only: the path that the upstream saw is the one that the digest in the
// response stands for.
func TestSwapsUnderLoad(t *testing.T) {
	swaps, sockets, clients := 1000, 200, 6
	if underRace || testing.Short() {
		swaps, sockets = 60, 50
	}
	if n, err := strconv.Atoi(os.Getenv("LINTEL_SWAPS")); err == nil {
		swaps = n
	}
	upstream := startEcho(t)
	bundles := make([]*bundle.Bundle, 16)
	version := map[string]string{} // by digest
	for i := range bundles {
		bundles[i] = versioned(t, i, upstream)
		version[bundles[i].Digest()] = fmt.Sprintf("/v%d/", i)
	}
	g := startGateway(t, bundles[0])

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var load sync.WaitGroup
	var requests, messages atomic.Int64
	seen := sync.Map{}
	for c := range clients {
		load.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for i := 0; ctx.Err() == nil; i++ {
				digest, path, err := ask(client, g.base, fmt.Sprintf("/api/%d-%d", c, i), i)
				if err != nil {
					t.Errorf("request %d of client %d: %v", i, c, err)
					return
				}
				if want := version[digest]; want == "" || path != want+fmt.Sprintf("%d-%d", c, i) {
					t.Errorf("bundle %s sent %s upstream, want %s...", digest, path, want)
					return
				}
				seen.Store(digest, true)
				requests.Add(1)
			}
		})
	}
	open := make(chan struct{}, sockets)
	for s := range sockets {
		load.Go(func() {
			if err := socket(ctx, g.base, s, open, &messages); err != nil {
				t.Errorf("socket %d: %v", s, err)
				open <- struct{}{}
			}
		})
	}
	for range sockets {
		<-open
	}

	var early uint64
	for i := 1; i <= swaps; i++ {
		b := bundles[i%len(bundles)]
		if err := g.mount.Write(b.Files()); err != nil {
			t.Fatal(err)
		}
		g.await(t, b.Digest())
		if i == swaps/5 {
			early = heap()
		}
		if t.Failed() {
			break
		}
	}
	late := heap()
	cancel()
	load.Wait()
	distinct := 0
	seen.Range(func(any, any) bool { distinct++; return true })
	if distinct < len(bundles) {
		t.Errorf("only %d of %d bundles served a request", distinct, len(bundles))
	}
	// The sixteen bundles come again and again: what is kept for each swap shows.
	if late > early+early/2+8<<20 {
		t.Errorf("the heap grew from %d to %d KiB", early>>10, late>>10)
	}
	t.Logf("%d swaps, %d requests, %d messages on %d sockets, heap %d KiB then %d KiB", swaps, requests.Load(), messages.Load(), sockets, early>>10, late>>10)
}

func heap() uint64 {
	goruntime.GC()
	goruntime.GC()
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	return m.HeapInuse
}

// ask sends a request, every third with a body, and returns the digest that served it
// and the path that the upstream saw.
func ask(client *http.Client, base, path string, i int) (digest, seen string, err error) {
	method, body := http.MethodGet, ""
	if i%3 == 0 {
		method, body = http.MethodPost, strings.Repeat("x", i%5000)
	}
	req, err := http.NewRequest(method, "http://"+base+path, strings.NewReader(body))
	if err != nil {
		return "", "", err
	}
	req.Host = "swap.example"
	res, err := client.Do(req)
	if err != nil {
		return "", "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return "", "", err
	}
	var a echo.Answer
	if err := json.Unmarshal(text, &a); err != nil || res.StatusCode != 200 {
		return "", "", fmt.Errorf("status %d: %s", res.StatusCode, text)
	}
	if a.BodySize != int64(len(body)) {
		return "", "", fmt.Errorf("the upstream saw %d bytes of %d", a.BodySize, len(body))
	}
	return res.Header.Get("X-Lintel-Bundle"), a.Path, nil
}

// socket keeps a WebSocket busy until ctx ends.
func socket(ctx context.Context, base string, n int, open chan<- struct{}, messages *atomic.Int64) error {
	begin, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(begin, "ws://"+base+"/socket", &websocket.DialOptions{Host: "swap.example"})
	if err != nil {
		return err
	}
	defer func() { _ = c.CloseNow() }()
	open <- struct{}{}
	for i := 0; ctx.Err() == nil; i++ {
		msg := fmt.Appendf(nil, "%d-%d", n, i)
		one, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		err := c.Write(one, websocket.MessageText, msg)
		var got []byte
		if err == nil {
			_, got, err = c.Read(one)
		}
		cancel()
		if err != nil {
			return err
		}
		if !bytes.Equal(got, msg) {
			return fmt.Errorf("sent %s, received %s", msg, got)
		}
		messages.Add(1)
		select {
		case <-ctx.Done():
		case <-time.After(25 * time.Millisecond):
		}
	}
	return nil
}
