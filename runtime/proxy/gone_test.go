package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// TestClientLeaves: whatever the gateway is doing for a client that leaves, it lets
// go of, upstream and all.
func TestClientLeaves(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	head := "HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n"
	for name, c := range map[string]struct {
		in     string
		answer string // then silence
		flood  bool   // then zeros, without end
		reset  bool
		reason reason.Code
	}{
		"waiting, closed":   {get, "", false, false, reason.ClientClosed},
		"waiting, reset":    {get, "", false, true, reason.ClientClosed},
		"in the body":       {get, head, false, true, reason.ClientClosed},
		"flooded":           {get, head, true, true, reason.ClientClosed},
		"in its own body":   {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", "", false, false, reason.ClientClosed},
		"in its own chunks": {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "", false, true, reason.ClientClosed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gone := make(chan bool)
			asked := make(chan bool, 1)
			up := listen(t, func(nc net.Conn) {
				br := bufio.NewReader(nc)
				if _, err := http.ReadRequest(br); err != nil {
					return
				}
				asked <- true
				_, _ = io.WriteString(nc, c.answer)
				if c.flood {
					_, _ = io.Copy(nc, zeros{})
				}
				_, _ = io.Copy(io.Discard, br)
				close(gone)
			})
			g := newGateway(t, up, Config{}, func(r *route.Route) { r.Timeouts.Read = route.Duration(time.Minute) })
			nc := dial(t, g.addr)
			_, _ = io.WriteString(nc, c.in)
			<-asked
			g.looked(t)
			if c.reset {
				_ = nc.SetLinger(0)
			}
			_ = nc.Close()
			select {
			case <-gone:
			case <-time.After(3 * time.Second):
				t.Fatal("upstream was not let go")
			}
			if got := g.records.wait(t, 1).Reason; got != c.reason {
				t.Errorf("reason is %v, want %v", got, c.reason)
			}
		})
	}
}

// looked waits until the sweeper has looked at the client of the only request.
func (g *gateway) looked(t *testing.T) {
	t.Helper()
	for late := time.Now().Add(10 * time.Second); time.Now().Before(late); time.Sleep(time.Millisecond) {
		done := false
		g.srv.each(func(c *session) { done = done || c.flags.Load()&flagLooked != 0 })
		if done {
			return
		}
	}
	t.Fatal("the client was not looked at")
}

// A dial ends with the client that it is for, and with a drain that cuts.
func TestDialEnds(t *testing.T) {
	full := fullAddr(t)
	for _, how := range []string{"client", "drain"} {
		g := newGateway(t, full, Config{}, func(r *route.Route) { r.Timeouts.Connect = route.Duration(time.Minute) })
		nc := dial(t, g.addr)
		_, _ = io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		g.looked(t)
		begin := time.Now()
		if how == "client" {
			_ = nc.Close()
		} else {
			g.srv.each(func(c *session) { c.cut() })
		}
		if rec := g.records.wait(t, 1); rec.Reason != reason.ClientClosed || time.Since(begin) > 2*time.Second {
			t.Errorf("%s: reason %v after %v", how, rec.Reason, time.Since(begin))
		}
	}
}

// An upstream that answers before it has the body ends the request, but not the
// client's chance to read the answer.
func TestEarlyAnswerIsRead(t *testing.T) {
	up := listen(t, func(nc net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
			_, _ = io.WriteString(nc, "HTTP/1.1 413 No\r\ncontent-length: 5\r\nconnection: close\r\n\r\nlarge")
		}
	})
	g := newGateway(t, up, Config{}, nil)
	nc := dial(t, g.addr)
	size := 8 << 20
	go func() {
		_, _ = fmt.Fprintf(nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size)
		_, _ = io.CopyN(nc, zeros{}, int64(size))
	}()
	r, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil || r.StatusCode != 413 {
		t.Fatalf("got %+v, %v", r, err)
	}
	if b, err := io.ReadAll(r.Body); string(b) != "large" || err != nil {
		t.Errorf("body is %q, %v", b, err)
	}
}

// Interim responses come through in order and are bounded.
func TestInterim(t *testing.T) {
	interim := "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
	for n, want := range map[int]string{0: "200", 3: "200", maxInterim: "200", maxInterim + 1: "502"} {
		up := listen(t, func(nc net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
				_, _ = io.WriteString(nc, strings.Repeat(interim, n)+ok2)
			}
		})
		g := newGateway(t, up, Config{}, nil)
		got := ask(t, g.addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if k := strings.Count(got, interim); k != min(n, maxInterim) && want == "200" || !strings.Contains(got, "HTTP/1.1 "+want+" ") {
			t.Errorf("%d interim responses: got %d of them in %q", n, k, got)
		}
		if old := ask(t, g.addr, "GET / HTTP/1.0\r\nHost: a\r\n\r\n"); strings.Contains(old, " 103 ") {
			t.Errorf("HTTP/1.0 got %q", old)
		}
	}
}

// TestLeaks sends thousands of connections that misbehave and expects that nothing
// is left of them: no goroutine, no file, no buffer in use.
func TestLeaks(t *testing.T) {
	up := newRecorder(t, ok2)
	g := newGateway(t, up.addr, Config{Limits: Limits{HeaderTimeout: span, IdleTimeout: span, BodyTimeout: span}}, nil)
	inputs := []string{
		"", "G", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n", "\x16\x03\x01", "\r\n\r\n\r\n", "GET /\x00",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nab", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", upgrade, strings.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 20),
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("y", 70_000), "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
	}
	count := 3000
	if testing.Short() {
		count = 300
	}
	ask(t, g.addr, inputs[2])
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	work := make(chan int)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for i := range work {
				nc, err := net.Dial("tcp", g.addr)
				if err != nil {
					t.Error(err)
					continue
				}
				_, _ = io.WriteString(nc, inputs[i%len(inputs)])
				switch i / len(inputs) % 4 {
				case 0: // leave at once
				case 1:
					_ = nc.(*net.TCPConn).SetLinger(0)
				case 2:
					_ = nc.(*net.TCPConn).CloseWrite()
					_ = nc.SetReadDeadline(time.Now().Add(span))
					_, _ = io.Copy(io.Discard, nc)
				case 3:
					_ = nc.SetReadDeadline(time.Now().Add(span))
					_, _ = nc.Read(make([]byte, 10))
				}
				_ = nc.Close()
			}
		})
	}
	for i := range count {
		work <- i
	}
	close(work)
	wg.Wait()
	// The pool keeps its connections, each with a goroutine and a file at the
	// recorder's end as well.
	const kept = 64
	var left int64
	var now, open int
	for range 100 {
		left, now, open = g.srv.Connections(), runtime.NumGoroutine(), descriptors(t)
		if left == 0 && now <= goroutines+kept+2 && open <= files+2*kept {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if left != 0 || now > goroutines+kept+2 || open > files+2*kept {
		t.Errorf("%d connections are left, %d goroutines (%d before), %d files (%d before)", left, now, goroutines, open, files)
	}
	if n := g.holder.Current().References(); n != 0 {
		t.Errorf("%d references to the snapshot are left", n)
	}
	if got := ask(t, g.addr, inputs[2]); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("afterwards a request got %q", got)
	}
}
