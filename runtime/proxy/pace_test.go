package proxy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/schemas/route"
)

func TestPace(t *testing.T) {
	l := &Limits{BodyRate: 100, BodyTimeout: 10 * time.Second}
	var p pace
	p.begin(l)
	wait := func(seconds float64, n int, more bool) {
		t.Helper()
		if got := p.spend(l, int64(seconds*float64(time.Second)), n); got != more {
			t.Errorf("after %v s with %d bytes: %v, %v left", seconds, n, got, time.Duration(p.left))
		}
	}
	wait(9, 0, true)
	wait(0, 1<<30, true) // what is earned is bounded
	if got := time.Duration(p.patience(l)); got != 10*time.Second {
		t.Errorf("patience is %v", got)
	}
	for range 100 { // as fast as asked for
		wait(5, 500, true)
	}
	for range 99 {
		wait(1, 90, true)
	}
	wait(1, 80, false)
	l.BodyRate = 0
	wait(1000, 0, true)
	if got := time.Duration(p.patience(l)); got != 10*time.Second {
		t.Errorf("without a rate patience is %v", got)
	}
}

// TestSlowBody: a client that trickles a body, never silent for long, is given up; one
// that is as fast as asked for is not, however long it takes.
func TestSlowBody(t *testing.T) {
	up := newRecorder(t, ok2)
	const size = 40
	for _, c := range []struct {
		rate   int
		status int
	}{{1000, 408}, {1, 200}, {0, 200}} {
		g := newGateway(t, up.addr, Config{Limits: Limits{BodyTimeout: 4 * span, BodyRate: c.rate}}, func(r *route.Route) {
			r.Timeouts.Read = route.Duration(time.Minute)
		})
		nc := dial(t, g.addr)
		_ = nc.SetDeadline(time.Now().Add(30 * time.Second))
		_, _ = fmt.Fprintf(nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size)
		go func() {
			for range size {
				time.Sleep(span / 4)
				if _, err := io.WriteString(nc, "x"); err != nil {
					return
				}
			}
		}()
		r, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil || r.StatusCode != c.status {
			t.Errorf("%d bytes a second asked for: %+v, %v", c.rate, r, err)
		}
		if rec := g.records.wait(t, 1); c.status == 408 && (rec.Reason != reason.ClientTimeout || rec.BytesIn >= size) {
			t.Errorf("record is %+v", rec)
		}
	}
}

// TestSlowReader: a client that takes a response more slowly than asked for is given up,
// though it is never silent for long.
func TestSlowReader(t *testing.T) {
	for name, head := range map[string]string{
		"moved by the kernel": "content-length: 1000000000\r\n\r\n",
		"in chunks":           "transfer-encoding: chunked\r\n\r\n40000000\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			up := listen(t, func(nc net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(nc)); err != nil {
					return
				}
				_, _ = io.WriteString(nc, "HTTP/1.1 200 OK\r\n"+head)
				_, _ = io.Copy(nc, zeros{})
			})
			g := newGateway(t, up, Config{Limits: Limits{BodyTimeout: 4 * span, BodyRate: 1 << 30}}, nil)
			nc := dial(t, g.addr)
			_ = nc.SetReadBuffer(4096)
			_ = nc.SetDeadline(time.Now().Add(60 * time.Second))
			_, _ = io.WriteString(nc, get)
			b := make([]byte, 256<<10)
			for {
				time.Sleep(span / 4)
				_, err := nc.Read(b)
				if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
					t.Fatal("it was never given up")
				}
				if err != nil {
					break
				}
			}
			if rec := g.records.wait(t, 1); rec.Reason != reason.ClientClosed || rec.BytesOut >= 1_000_000_000 {
				t.Errorf("record is %+v", rec)
			}
		})
	}
}
