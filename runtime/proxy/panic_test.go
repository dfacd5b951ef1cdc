package proxy

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// locked is a buffer that several goroutines write.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// bomb panics where a request's header says so.
var bomb = spec("bomb", 1, hook{
	request: func(x *filter.Exchange) filter.Verdict {
		switch v, _ := x.Header.Get("x-bomb"); v {
		case "request":
			panic("in a request filter")
		case "answer":
			x.Answer(200, "text/plain", []byte("x"))
			return filter.Stop
		}
		return filter.Continue
	},
	response: func(x *filter.Exchange) {
		if v, _ := x.Header.Get("x-bomb"); v == "response" || v == "answer" {
			panic(errors.New("in a response filter"))
		}
	},
})

// TestPanic: a panic is an answer of 500 to its client and harms nobody else. It is
// counted, told with its stack, and leaves nothing.
func TestPanic(t *testing.T) {
	up := newRecorder(t, ok2)
	guard, log := &telemetry.Guard{}, &locked{}
	cfg := Config{Guard: guard, Log: slog.New(slog.NewTextHandler(log, nil))}
	g := serveOn(t, buildTable(t, []string{up.addr}, []filter.Spec{bomb}, func(r *route.Route) { r.OnRouteChange = "keep" }), cfg, Listener{HTTP2: true})
	bystander := keepOpen(t, g.addr)
	h2 := h2Client(t)
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	n := uint64(0)
	for round := range 30 {
		for _, where := range []string{"request", "response", "answer"} {
			for _, body := range []string{"Content-Length: 0\r\n\r\n", "Content-Length: 3\r\n\r\nabc", "Content-Length: 300000\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"} {
				if where == "response" && strings.Contains(body, "300000") {
					continue // the recorder answers whole requests
				}
				if where == "response" && strings.Contains(body, "chunked") {
					body += "0\r\n\r\n"
				}
				got := ask(t, g.addr, "POST / HTTP/1.1\r\nHost: a\r\nX-Bomb: "+where+"\r\n"+body)
				if n++; !strings.HasPrefix(got, "HTTP/1.1 500 ") || !strings.Contains(got, `"code":"internal"`) || !strings.Contains(got, "connection: close") || strings.Contains(got, "filter") {
					t.Fatalf("%s, %q: got %q", where, body, got)
				}
			}
			if round > 2 {
				continue
			}
			req, _ := http.NewRequest("GET", "http://"+g.addr, nil)
			req.Header.Set("X-Bomb", where)
			resp, err := h2.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(resp.Body)
			if n++; resp.StatusCode != 500 || err != nil || !strings.Contains(string(b), "internal") {
				t.Errorf("HTTP/2, %s: %d %q, %v", where, resp.StatusCode, b, err)
			}
		}
	}
	rec := g.records.last()
	if rec.Reason != reason.Internal || rec.Status != 500 || rec.Route != "d/root" {
		t.Errorf("record is %+v", rec)
	}
	if guard.Panics() != n {
		t.Errorf("%d panics are counted, want %d", guard.Panics(), n)
	}
	text := log.String()
	if told := strings.Count(text, "panic, contained"); told == 0 || told > 1+int(time.Duration(g.srv.now())/time.Second) {
		t.Errorf("told %d times", told)
	}
	if !strings.Contains(text, "in a request filter") || !strings.Contains(text, "panic_test.go") {
		t.Errorf("told without the stack: %s", text)
	}
	_, _ = io.WriteString(bystander, get)
	if b := make([]byte, 12); true {
		for !bytes.HasSuffix(b, []byte("ok")) {
			if _, err := bystander.Read(b); err != nil {
				t.Fatalf("another connection: %v", err)
			}
			b = bytes.TrimRight(b, "\x00")
			if bytes.Contains(b, []byte("ok")) {
				break
			}
			b = make([]byte, 500)
		}
	}
	h2.CloseIdleConnections()
	defer func() {
		if t.Failed() {
			t.Logf("%d connections, %d references, %d goroutines (%d before), %d files (%d before)", g.srv.Connections(),
				g.holder.Current().References(), runtime.NumGoroutine(), goroutines, descriptors(t), files)
		}
	}()
	until(t, "free of what panics left", func() bool {
		return g.srv.Connections() <= 1 && g.holder.Current().References() == 0 && runtime.NumGoroutine() <= goroutines+4 && descriptors(t) <= files+4
	})
}

// TestPanicInMidResponse: what has begun ends in a reset.
func TestPanicInMidResponse(t *testing.T) {
	up := listen(t, func(nc net.Conn) {
		_, _ = nc.Read(make([]byte, 1000))
		_, _ = io.WriteString(nc, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
		_, _ = io.Copy(io.Discard, nc)
	})
	guard := &telemetry.Guard{}
	g := newGateway(t, up, Config{Guard: guard, Sink: &broken{}}, nil)
	nc := dial(t, g.addr)
	_, _ = io.WriteString(nc, get)
	b, err := io.ReadAll(nc)
	if !errors.Is(err, syscall.ECONNRESET) && len(b) > 0 {
		t.Errorf("read %q, %v", b, err)
	}
	until(t, "over", func() bool { return g.srv.Connections() == 0 && g.holder.Current().References() == 0 })
	if guard.Panics() < 1 {
		t.Error("the panic is not counted")
	}
}

// broken is a sink that panics.
type broken struct{}

func (*broken) Done(uint32, *telemetry.Record) { panic("in the sink") }

// TestPanicOfHelpers: a panic in the goroutine of a body fails the request, and one in a
// tunnel ends it.
func TestPanicOfHelpers(t *testing.T) {
	guard := &telemetry.Guard{}
	s := New(Config{Guard: guard})
	c := &session{srv: s} // nothing that a body needs is there
	if code := c.body.guarded(c, nil, upLimit{}); code != reason.Internal {
		t.Errorf("the body ends with %v", code)
	}
	a, b := net.Pipe()
	defer b.Close()
	c = newSession(s, a, 1, &intake{})
	stopped := &tunnel{c: c}
	func() {
		defer func() { _ = recover() }() // the end of a tunnel without its upstream
		stopped.guarded(&direction{}, nil)
	}()
	if !stopped.ended.Load() || guard.Panics() != 2 {
		t.Errorf("ended: %v, %d panics", stopped.ended.Load(), guard.Panics())
	}
}
