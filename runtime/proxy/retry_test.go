package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// resetter reads a request and closes without an answer.
func resetter(t *testing.T, count *atomic.Int64) string {
	return listen(t, func(nc net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
			count.Add(1)
		}
	})
}

func TestRetry(t *testing.T) {
	const get, post = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
	streamed := "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
	retry := func(n int, on ...string) route.Retry { return route.Retry{Attempts: n, On: on} }
	for name, c := range map[string]struct {
		first, in string // what the first endpoint does: refuse or reset
		rule      route.Retry
		status    string
		reason    reason.Code
		attempts  int
	}{
		"connect":           {"refuse", get, retry(1, "connect"), "200", reason.OK, 2},
		"connect, POST":     {"refuse", post, retry(1, "connect"), "200", reason.OK, 2},
		"connect, streamed": {"refuse", streamed, retry(1, "connect"), "200", reason.OK, 2},
		"connect, no rule":  {"refuse", get, retry(0), "502", reason.ConnectFailed, 1},
		"connect, other":    {"refuse", get, retry(3, "reset"), "502", reason.ConnectFailed, 1},
		"reset":             {"reset", get, retry(1, "reset"), "200", reason.OK, 2},
		"reset, POST":       {"reset", post, retry(1, "reset", "connect"), "502", reason.UpstreamReset, 1},
		"reset, streamed":   {"reset", streamed, retry(1, "reset", "connect"), "502", reason.UpstreamReset, 1},
		"reset, no rule":    {"reset", get, retry(0), "502", reason.UpstreamReset, 1},
		"reset, other":      {"reset", get, retry(3, "connect"), "502", reason.UpstreamReset, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var resets atomic.Int64
			first := closedAddr(t)
			if c.first == "reset" {
				first = resetter(t, &resets)
			}
			good := newRecorder(t, ok2)
			g := serve(t, buildTable(t, []string{first, good.addr}, nil, func(r *route.Route) { r.Retry = c.rule }), Config{})
			got := ask(t, g.addr, c.in)
			if !strings.HasPrefix(got, "HTTP/1.1 "+c.status+" ") {
				t.Errorf("got %q, want %s", got, c.status)
			}
			rec := g.records.wait(t, 1)
			if rec.Reason != c.reason || rec.Attempts != c.attempts {
				t.Errorf("reason %v after %d attempts, want %v after %d", rec.Reason, rec.Attempts, c.reason, c.attempts)
			}
			want := 0
			if c.status == "200" {
				want = 1
				if rec.Endpoint != good.addr {
					t.Errorf("the record names %s", rec.Endpoint)
				}
			}
			if seen := good.seen(); len(seen) != want {
				t.Errorf("the good endpoint saw %q", seen)
			}
			if c.first == "reset" && resets.Load() != 1 {
				t.Errorf("the endpoint that resets was asked %d times", resets.Load())
			}
		})
	}
}

// All attempts fail: no more than the rule allows, and the last failure is told.
func TestRetryEnds(t *testing.T) {
	var asked atomic.Int64
	g := serve(t, buildTable(t, []string{resetter(t, &asked), resetter(t, &asked)}, nil, func(r *route.Route) {
		r.Retry = route.Retry{Attempts: 2, On: []string{"connect", "reset"}}
	}), Config{})
	got := ask(t, g.addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 502 ") || asked.Load() != 3 {
		t.Errorf("got %q after %d attempts", got, asked.Load())
	}
}

// sleeper answers the first request of each connection and closes it when told to,
// with last words if there are any.
type sleeper struct {
	addr  string
	conns atomic.Int64
	close chan string
}

func newSleeper(t *testing.T) *sleeper {
	s := &sleeper{close: make(chan string)}
	s.addr = listen(t, func(nc net.Conn) {
		s.conns.Add(1)
		br := bufio.NewReader(nc)
		for {
			q, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, q.Body)
			if _, err := io.WriteString(nc, ok2); err != nil {
				return
			}
			select {
			case words := <-s.close:
				_, _ = io.WriteString(nc, words)
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return s
}

// A connection that the upstream ended in the pool is never the end of a request,
// and what the upstream said on it meanwhile never an answer.
func TestPooledConnectionCloses(t *testing.T) {
	for _, method := range []string{"GET", "POST", "PUT"} {
		for _, words := range []string{"", "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"} {
			s := newSleeper(t)
			g := newGateway(t, s.addr, Config{}, nil)
			in := method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
			if got := ask(t, g.addr, in); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
				t.Fatalf("%s: %q", method, got)
			}
			s.close <- words
			time.Sleep(10 * time.Millisecond) // for the end to arrive; within the pool's own sweep
			if got := ask(t, g.addr, in); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
				t.Errorf("%s after a close with %q: %q", method, words, got)
			}
			if rec := g.records.wait(t, 2); rec.Attempts != 1 || s.conns.Load() != 2 {
				t.Errorf("%s: %d attempts over %d connections", method, rec.Attempts, s.conns.Load())
			}
		}
	}
}

// A careless upstream sends a body after a response that has none. It is not taken
// for the answer to the next request.
func TestSurplusIsNotAnAnswer(t *testing.T) {
	const evil = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"
	for name, head := range map[string]string{
		"HEAD": "HTTP/1.1 200 OK\r\ncontent-length: 42\r\n\r\n",
		"GET":  "HTTP/1.1 304 Not Modified\r\n\r\n",
		"PUT":  ok2,
	} {
		var count atomic.Int64
		up := listen(t, func(nc net.Conn) {
			br := bufio.NewReader(nc)
			for {
				if _, err := http.ReadRequest(br); err != nil {
					return
				}
				if count.Add(1) > 1 {
					_, _ = io.WriteString(nc, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood")
					continue
				}
				_, _ = io.WriteString(nc, head)
				time.Sleep(time.Millisecond)
				_, _ = io.WriteString(nc, evil)
			}
		})
		g := newGateway(t, up, Config{}, nil)
		ask(t, g.addr, name+" / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
		time.Sleep(10 * time.Millisecond)
		got := ask(t, g.addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 200 ") || !strings.HasSuffix(got, "\r\n\r\ngood") {
			t.Errorf("after %s the next client got %q", name, got)
		}
	}
}
