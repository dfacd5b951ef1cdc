package hostile_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/gatewaytest"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// held is what the process holds.
type held struct {
	goroutines, files int
	heap              uint64
}

func holds(t *testing.T) held {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("open files cannot be counted on this system")
	}
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return held{runtime.NumGoroutine(), len(files), m.HeapInuse + m.StackInuse}
}

// pooled is how many connections to the upstream the gateway may keep.
const pooled = 64

// TestLeavesNothing plays the corpus again and again, whole and cut anywhere, with
// clients that reset, half close, go silent or never read, beside floods of connections
// that send nothing. Of LINTEL_HOSTILE connections (3,000) no goroutine, file or buffer
// is left, and the gateway serves as before.
func TestLeavesNothing(t *testing.T) {
	count := 3000
	if n, err := strconv.Atoi(os.Getenv("LINTEL_HOSTILE")); err == nil {
		count = n
	} else if testing.Short() {
		count = 1000
	}
	cases := corpus(t)
	up := discard(t)
	address, connections := guarded(t, up)
	play := func(from, to int) {
		work := make(chan int)
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for i := range work {
					misbehave(t, address, cases[i%len(cases)].Bytes, i/len(cases)+i)
				}
			})
		}
		for i := from; i < to; i++ {
			work <- i
		}
		close(work)
		wg.Wait()
	}
	settled := func(limit held) held {
		var h held
		for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			h = holds(t)
			if connections() == 0 && h.goroutines <= limit.goroutines && h.files <= limit.files || time.Now().After(end) {
				return h
			}
		}
	}
	// What a first round makes, such as pools, is no leak.
	warm := count / 10
	play(0, warm)
	before := settled(held{1 << 30, 1 << 30, 0})
	play(warm, count)
	limit := held{before.goroutines + 2*pooled + 10, before.files + 2*pooled + 10, before.heap + before.heap/2 + 16<<20}
	after := settled(limit)
	t.Logf("%d hostile connections: %d goroutines, then %d; %d files, then %d; %d KiB of heap and stacks, then %d",
		count, before.goroutines, after.goroutines, before.files, after.files, before.heap>>10, after.heap>>10)
	if n := connections(); n != 0 || after.goroutines > limit.goroutines || after.files > limit.files || after.heap > limit.heap {
		t.Errorf("%d connections are left; before %+v, after %+v, at most %+v", n, before, after, limit)
	}
	await(t, address)
}

// misbehave is one hostile connection; how picks in which way.
func misbehave(t *testing.T, address, raw string, how int) {
	nc, err := net.DialTimeout("tcp", address, 20*time.Second)
	if err != nil {
		t.Error(err)
		return
	}
	tcp := nc.(*net.TCPConn)
	defer nc.Close()
	patience := func(d time.Duration) { _ = nc.SetDeadline(time.Now().Add(d)) }
	patience(100 * time.Millisecond)
	switch how % 8 {
	case 0: // whole, and gone at once
		_, _ = io.WriteString(nc, raw)
	case 1: // whole, then a reset
		_, _ = io.WriteString(nc, raw)
		_ = tcp.SetLinger(0)
	case 2: // half of it, then silence until the gateway has enough
		_, _ = io.WriteString(nc, raw[:len(raw)/2])
		patience(10 * time.Second)
		_, _ = io.Copy(io.Discard, nc)
	case 3: // half of it, then a reset
		_, _ = io.WriteString(nc, raw[:len(raw)/2])
		_ = tcp.SetLinger(0)
	case 4: // whole, half closed, read to the end
		_, _ = io.WriteString(nc, raw)
		_ = tcp.CloseWrite()
		_, _ = io.Copy(io.Discard, nc)
	case 5: // many requests, and none of their answers read
		_, _ = io.WriteString(nc, strings.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200)+raw)
		patience(100 * time.Millisecond)
		_, _ = nc.Read(make([]byte, 1))
		_ = tcp.SetLinger(0)
	case 6: // nothing at all
	case 7: // a body that stops
		_, _ = fmt.Fprintf(nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(raw)+1000, raw)
		patience(10 * time.Second)
		_, _ = io.Copy(io.Discard, nc)
	}
}

// discard is an upstream that answers whatever it can read as a request's head, and
// keeps nothing.
func discard(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				b := make([]byte, 4<<10)
				for {
					_ = nc.SetReadDeadline(time.Now().Add(time.Minute))
					if _, err := nc.Read(b); err != nil {
						return
					}
					if _, err := io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"); err != nil {
						return
					}
				}
			}()
		}
	}()
	return ln.Addr().String()
}

// guarded starts a gateway with short limits, and returns a count of its connections.
func guarded(t *testing.T, up string) (address string, connections func() int) {
	t.Helper()
	d := runtimetest.Domain("d", route.Route{ID: "all", Match: route.Match{Hosts: []string{"*"}, Path: route.Path{Prefix: "/"}}, Upstream: "u"})
	d.Hosts = []string{"*"}
	u := runtimetest.Upstream(up)
	u.Pool.MaxIdle = pooled
	d.Upstreams = map[string]route.Upstream{"u": u}
	dir := t.TempDir() + "/bundle"
	if err := runtimetest.Bundle(t, "hostile", d).WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	short := boot.Duration(200 * time.Millisecond)
	g, _ := gatewaytest.Start(t, dir, func(c *boot.Config) {
		c.Limits.HeaderTimeout, c.Limits.IdleTimeout, c.Limits.BodyTimeout = short, short, short
		c.Limits.BodyBytes = 1 << 20
	})
	address = fmt.Sprint(g.Addresses()[0])
	await(t, address)
	return address, func() int { return int(g.Connections()) }
}
