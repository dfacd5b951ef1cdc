package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/schemas/route"
)

const span = 150 * time.Millisecond

// TestUpstreamDeadlines: each bound ends with a reason and status of its own, about
// when it is over.
func TestUpstreamDeadlines(t *testing.T) {
	silent := listen(t, func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) })
	full := fullAddr(t)
	deaf := listen(t, func(net.Conn) { time.Sleep(2 * time.Second) })
	halting := listen(t, func(nc net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
			_, _ = io.WriteString(nc, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")
			_, _ = io.Copy(io.Discard, nc)
		}
	})
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	big := fmt.Sprintf("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 64<<20)
	d := route.Duration(span)
	for name, c := range map[string]struct {
		up, in   string
		timeouts route.Timeouts
		retry    route.Retry
		status   string // "" is an abort
		reason   reason.Code
	}{
		"connect":              {full, get, route.Timeouts{Connect: d}, route.Retry{}, "504", reason.ConnectTimeout},
		"connect by deadline":  {full, get, route.Timeouts{Connect: 100 * d, Request: d}, route.Retry{}, "504", reason.RequestDeadline},
		"connect, tried again": {full, get, route.Timeouts{Connect: 2 * d / 3, Request: d}, route.Retry{Attempts: 9, On: []string{"connect"}}, "504", reason.RequestDeadline},
		"read":                 {silent, get, route.Timeouts{Read: d}, route.Retry{}, "504", reason.UpstreamTimeout},
		"request":              {silent, get, route.Timeouts{Read: 100 * d, Request: d}, route.Retry{}, "504", reason.RequestDeadline},
		"request alone":        {silent, get, route.Timeouts{Request: d}, route.Retry{}, "504", reason.RequestDeadline},
		"read in the body":     {halting, get, route.Timeouts{Read: d}, route.Retry{}, "", reason.UpstreamTimeout},
		"request in the body":  {halting, get, route.Timeouts{Request: d}, route.Retry{}, "", reason.RequestDeadline},
		"write":                {deaf, big, route.Timeouts{Write: d}, route.Retry{}, "504", reason.UpstreamTimeout},
		"write by deadline":    {deaf, big, route.Timeouts{Write: 100 * d, Request: d}, route.Retry{}, "504", reason.RequestDeadline},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, c.up, Config{}, func(r *route.Route) { r.Timeouts, r.Retry = c.timeouts, c.retry })
			nc := dial(t, g.addr)
			begin := time.Now()
			_, _ = io.WriteString(nc, c.in)
			if c.in == big {
				go func() { _, _ = io.CopyN(nc, zeros{}, 64<<20) }()
			}
			line, err := bufio.NewReader(nc).ReadString('\n')
			if c.status != "" && (err != nil || !strings.HasPrefix(line, "HTTP/1.1 "+c.status+" ")) {
				t.Errorf("got %q, %v; want %s", line, err, c.status)
			}
			if c.status == "" {
				if b, err := io.ReadAll(nc); err == nil {
					t.Errorf("a short response ended in order: %q", b)
				}
			}
			if took := time.Since(begin); took < span*9/10 {
				t.Errorf("it took only %v", took)
			}
			if got := g.records.wait(t, 1).Reason; got != c.reason {
				t.Errorf("reason is %v, want %v", got, c.reason)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// A body that takes longer than the read timeout is no silence of the upstream's.
func TestSlowUpload(t *testing.T) {
	up := newRecorder(t, ok2)
	g := newGateway(t, up.addr, Config{}, func(r *route.Route) { r.Timeouts.Read = route.Duration(3 * span) })
	nc := dial(t, g.addr)
	_, _ = io.WriteString(nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n")
	for range 20 {
		time.Sleep(span / 4)
		_, _ = io.WriteString(nc, "x")
	}
	if r, err := http.ReadResponse(bufio.NewReader(nc), nil); err != nil || r.StatusCode != 200 {
		t.Errorf("got %+v, %v", r, err)
	}
}

// pipes is a listener of in-memory connections.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if nc, ok := <-p; ok {
		return nc, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// TestClientDeadlines runs over in-memory connections by a clock of its own, which is
// also the path of connections without raw access.
func TestClientDeadlines(t *testing.T) {
	tea := spec("tea", 1, hook{request: func(x *filter.Exchange) filter.Verdict {
		x.Answer(200, "text/plain", []byte("tea"))
		return filter.Stop
	}})
	tab := buildTable(t, []string{"unused:1"}, []filter.Spec{tea}, nil)
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, c := range map[string]struct {
		in    []string // sent a second apart
		want  int      // answers of the route
		last  string   // status of the answer after them, if any
		after time.Duration
	}{
		"nothing":       {nil, 0, "", 75 * time.Second},
		"half a head":   {[]string{"GET / HT"}, 0, "408", 10 * time.Second},
		"byte by byte":  {strings.Split(get[:20], ""), 0, "408", 10 * time.Second},
		"idle":          {[]string{get}, 1, "", 75 * time.Second},
		"second head":   {[]string{get + "GET /"}, 1, "408", 10 * time.Second},
		"slow but done": {[]string{get[:5], get[5:9], get[9:]}, 1, "", 77 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var holder snapshot.Holder
				holder.Swap(&snapshot.Snapshot{Table: tab})
				srv := New(Config{Snapshots: &holder})
				ln := make(pipes)
				done := make(chan error, 1)
				go func() { done <- srv.Serve(t.Context(), ln) }()
				a, b := net.Pipe()
				ln <- b
				begin := time.Now()
				var sent sync.WaitGroup
				sent.Go(func() {
					for i, s := range c.in {
						if i > 0 {
							time.Sleep(time.Second)
						}
						if _, err := io.WriteString(a, s); err != nil {
							return
						}
					}
				})
				got, _ := io.ReadAll(a)
				took := time.Since(begin)
				_ = a.Close()
				sent.Wait()
				if n := strings.Count(string(got), "HTTP/1.1 200 OK\r\n"); n != c.want || c.last != "" && !strings.Contains(string(got), "HTTP/1.1 "+c.last+" ") {
					t.Errorf("got %q", got)
				}
				if took < c.after || took > c.after+4*sweepEvery {
					t.Errorf("it took %v, want %v", took, c.after)
				}
				close(ln)
				<-done
				if err := srv.Drain(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
