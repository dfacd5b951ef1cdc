package proxy

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// TestSplicedResponses: large bodies arrive as they were sent, on a connection that goes
// on, also where the client reads slowly.
func TestSplicedResponses(t *testing.T) {
	data := make([]byte, 5_000_000)
	_, _ = rand.Read(data)
	up := origin(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscan(r.URL.Query().Get("n"), &n)
		w.Header().Set("content-length", fmt.Sprint(n))
		_, _ = w.Write(data[:n])
	})
	g := newGateway(t, up, Config{}, nil)
	c := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}, Timeout: 20 * time.Second}
	defer c.CloseIdleConnections()
	for _, n := range []int{0, 1, 8 << 10, 16<<10 + 1, 64 << 10, 300_000, len(data)} {
		resp, err := c.Get(fmt.Sprintf("http://%s/?n=%d", g.addr, n))
		if err != nil {
			t.Fatal(err)
		}
		if n == len(data) {
			time.Sleep(span)
		}
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || !bytes.Equal(b, data[:n]) {
			t.Errorf("%d of %d bytes, %v", len(b), n, err)
		}
		if rec := g.records.last(); n > 0 && rec.BytesOut > int64(n) {
			t.Errorf("%d bytes are counted of %d", rec.BytesOut, n)
		}
	}
}

// TestSplicedFaults: what breaks off in the kernel's hands is told like all else.
func TestSplicedFaults(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"
	up := listen(t, func(nc net.Conn) {
		b := make([]byte, 4096)
		n, _ := nc.Read(b)
		_, _ = io.WriteString(nc, head+strings.Repeat("x", 100_000))
		if strings.Contains(string(b[:n]), "/silent") {
			_, _ = nc.Read(b)
		}
	})
	for path, want := range map[string]reason.Code{"/cut": reason.UpstreamAborted, "/silent": reason.UpstreamTimeout} {
		g := newGateway(t, up, Config{}, func(r *route.Route) { r.Timeouts.Read = route.Duration(2 * span) })
		nc := dial(t, g.addr)
		_, _ = io.WriteString(nc, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n")
		if _, err := io.Copy(io.Discard, nc); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: the response ends with %v, which could pass for its end", path, err)
		}
		if rec := g.records.wait(t, 1); rec.Reason != want || rec.BytesOut != 100_000 {
			t.Errorf("%s: the record says %q after %d bytes", path, rec.Reason, rec.BytesOut)
		}
	}
	// A client that takes nothing, and one that leaves.
	g := newGateway(t, origin(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("content-length", "500000000")
		for range 500 {
			if _, err := w.Write(make([]byte, 1_000_000)); err != nil {
				return
			}
		}
	}), Config{Limits: Limits{BodyTimeout: span}}, nil)
	nc := dial(t, g.addr)
	_, _ = io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if rec := g.records.wait(t, 1); rec.Reason != reason.ClientClosed {
		t.Errorf("a client that takes nothing: %q", rec.Reason)
	}
	nc = dial(t, g.addr)
	_, _ = io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	_, _ = io.ReadFull(nc, make([]byte, 100_000))
	_ = nc.Close()
	if rec := g.records.wait(t, 2); rec.Reason != reason.ClientClosed {
		t.Errorf("a client that left: %q", rec.Reason)
	}
}
