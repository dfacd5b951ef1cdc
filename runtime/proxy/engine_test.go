package proxy

import (
	"bufio"
	"fmt"
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

const ok2 = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

func TestRelay(t *testing.T) {
	up := newRecorder(t, ok2)
	g := newGateway(t, up.addr, Config{Dev: true}, nil)
	got := ask(t, g.addr, "GET /a/./b?x=1 HTTP/1.1\r\nHost: a.example\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(got, "\r\n\r\nok") || !strings.Contains(got, "x-lintel-route: d/root\r\n") ||
		!strings.Contains(got, "x-lintel-upstream: u\r\n") {
		t.Errorf("answer is %q", got)
	}
	if seen := up.seen(); len(seen) != 1 || !strings.HasPrefix(seen[0], "GET /a/b?x=1 ") {
		t.Errorf("upstream saw %q", seen)
	}
}

func TestPipelined(t *testing.T) {
	up := listen(t, func(nc net.Conn) {
		br := bufio.NewReader(nc)
		for {
			q, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			time.Sleep(30 * time.Millisecond) // the client's next request comes meanwhile
			fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s", len(q.RequestURI), q.RequestURI)
		}
	})
	g := newGateway(t, up, Config{}, nil)
	nc := dial(t, g.addr)
	br := bufio.NewReader(nc)
	for i := range 5 {
		fmt.Fprintf(nc, "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", i)
		time.Sleep(5 * time.Millisecond)
	}
	for i := range 5 {
		r, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(r.Body); string(b) != fmt.Sprintf("/%d", i) {
			t.Errorf("answer %d is %q", i, b)
		}
	}
}

func TestBodies(t *testing.T) {
	up := newRecorder(t, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n")
	g := newGateway(t, up.addr, Config{}, nil)
	big := strings.Repeat("0123456789", 20_000)
	for name, c := range map[string]struct{ in, want string }{
		"length":          {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz", `"xyz" map[]`},
		"chunked":         {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n1;e\r\nz\r\n0\r\nX-T: 1\r\n\r\n", `"xyz"`},
		"big":             {fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(big), big), big},
		"big chunked":     {fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(big), big), big},
		"pipelined after": {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nq\r\n0\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n", `GET /next`},
	} {
		got := ask(t, g.addr, c.in)
		if !strings.Contains(got, "3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n") {
			t.Errorf("%s: answer is %q", name, got)
		}
		if seen := up.seen(); len(seen) == 0 || !strings.Contains(seen[len(seen)-1], c.want) {
			t.Errorf("%s: upstream did not see the body", name)
		}
	}
}

func TestContinue(t *testing.T) {
	up := newRecorder(t, ok2)
	g := newGateway(t, up.addr, Config{}, nil)
	nc := dial(t, g.addr)
	br := bufio.NewReader(nc)
	io.WriteString(nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
	if l, _ := br.ReadString('\n'); !strings.HasPrefix(l, "HTTP/1.1 100 ") {
		t.Fatalf("got %q before the body", l)
	}
	br.ReadString('\n')
	io.WriteString(nc, "hi")
	if l, _ := br.ReadString('\n'); !strings.HasPrefix(l, "HTTP/1.1 200 ") {
		t.Errorf("got %q after the body", l)
	}
}

func TestUpstreamFaults(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		want   string // prefix of the answer; "" wants an abort
		reason reason.Code
	}{
		"reset":         {"", "HTTP/1.1 502", reason.UpstreamReset},
		"garbage":       {"SSH-2.0-x\r\n", "HTTP/1.1 502", reason.UpstreamInvalid},
		"both framings": {"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", "HTTP/1.1 502", reason.UpstreamInvalid},
		"two lengths":   {"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", "HTTP/1.1 502", reason.UpstreamInvalid},
		"half a head":   {"HTTP/1.1 200 OK\r\ncontent-", "HTTP/1.1 502", reason.UpstreamAborted},
		"short":         {"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", "", reason.UpstreamAborted},
		"short chunks":  {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", "", reason.UpstreamAborted},
		"until close":   {"HTTP/1.1 200 OK\r\n\r\nabc", "HTTP/1.1 200", reason.OK},
		"early hints":   {"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + ok2, "HTTP/1.1 103", reason.OK},
		"no content":    {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204", reason.OK},
		"not modified":  {"HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n", "HTTP/1.1 304", reason.OK},
	} {
		t.Run(name, func(t *testing.T) {
			up := listen(t, func(nc net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
					io.WriteString(nc, c.answer)
				}
			})
			g := newGateway(t, up, Config{}, nil)
			nc := dial(t, g.addr)
			io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			b, err := io.ReadAll(nc)
			if c.want == "" && err == nil {
				t.Errorf("a short response ended in order: %q", b)
			}
			if c.want != "" && (err != nil || !strings.HasPrefix(string(b), c.want)) {
				t.Errorf("answer is %q, %v; want %s", b, err, c.want)
			}
			time.Sleep(10 * time.Millisecond)
			if got := g.records.last().Reason; got != c.reason {
				t.Errorf("reason is %v, want %v", got, c.reason)
			}
		})
	}
}

func TestTimeouts(t *testing.T) {
	silent := listen(t, func(nc net.Conn) { io.Copy(io.Discard, nc) })
	g := newGateway(t, silent, Config{Limits: Limits{HeaderTimeout: 100 * time.Millisecond, IdleTimeout: 100 * time.Millisecond}}, func(r *route.Route) {
		r.Timeouts.Read = route.Duration(100 * time.Millisecond)
	})
	for in, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n": "HTTP/1.1 504",
		"GET / HTTP/1.1\r\nHos":             "HTTP/1.1 408",
		"":                                  "",
	} {
		nc := dial(t, g.addr)
		io.WriteString(nc, in)
		b, err := io.ReadAll(nc)
		if err != nil || !strings.HasPrefix(string(b), want) || want == "" && len(b) > 0 {
			t.Errorf("%q: got %q, %v; want %q", in, b, err, want)
		}
	}
}

func TestClientGone(t *testing.T) {
	gone := make(chan struct{})
	up := listen(t, func(nc net.Conn) {
		io.Copy(io.Discard, nc)
		close(gone)
	})
	g := newGateway(t, up, Config{}, nil)
	nc := dial(t, g.addr)
	io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	time.Sleep(300 * time.Millisecond)
	nc.Close()
	select {
	case <-gone:
	case <-time.After(time.Second):
		t.Fatal("upstream was not let go")
	}
}

func TestStaleConnection(t *testing.T) {
	var served atomic.Int64
	up := listen(t, func(nc net.Conn) {
		br := bufio.NewReader(nc)
		for {
			if _, err := http.ReadRequest(br); err != nil {
				return
			}
			io.WriteString(nc, ok2)
			if served.Add(1) == 1 {
				http.ReadRequest(br)
				return // closes on the second request
			}
		}
	})
	g := newGateway(t, up, Config{}, nil)
	for range 2 {
		if got := ask(t, g.addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200") {
			t.Errorf("answer is %q", got)
		}
	}
}

func TestUpgrade(t *testing.T) {
	up := listen(t, func(nc net.Conn) {
		br := bufio.NewReader(nc)
		if _, err := http.ReadRequest(br); err != nil {
			return
		}
		io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhello ")
		io.Copy(nc, br)
		io.WriteString(nc, " bye")
	})
	g := newGateway(t, up, Config{Dev: true}, nil)
	got := ask(t, g.addr, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nabc")
	if !strings.HasPrefix(got, "HTTP/1.1 101 ") || !strings.Contains(got, "\r\nx-lintel-route: d/root\r\n") || !strings.HasSuffix(got, "\r\n\r\nhello abc bye") {
		t.Errorf("got %q", got)
	}
}
