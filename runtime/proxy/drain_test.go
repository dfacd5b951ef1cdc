package proxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/schemas/route"
)

func TestDrain(t *testing.T) {
	asked, let := make(chan bool, 1), make(chan bool)
	up := listen(t, func(nc net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
			asked <- true
			<-let
			io.WriteString(nc, ok2)
		}
	})
	g := newGateway(t, up, Config{}, nil)
	idle, busy := dial(t, g.addr), dial(t, g.addr)
	io.WriteString(busy, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	<-asked
	done := make(chan error, 1)
	go func() { done <- g.srv.Drain(context.Background()) }()
	if b, err := io.ReadAll(idle); err != nil || len(b) != 0 {
		t.Errorf("idle connection got %q, %v", b, err)
	}
	close(let)
	b, err := io.ReadAll(busy)
	if err != nil || !strings.Contains(string(b), "connection: close\r\n") || !strings.HasSuffix(string(b), "ok") {
		t.Errorf("request in flight got %q, %v", b, err)
	}
	if err := <-done; err != nil {
		t.Errorf("Drain: %v", err)
	}
}

// TestDrainAnswersIdleConnections takes the request that an idle connection sends
// after the drain began, and tells the client that it is the last one.
func TestDrainAnswersIdleConnections(t *testing.T) {
	up := newRecorder(t, ok2)
	g := newGateway(t, up.addr, Config{DrainGrace: time.Minute}, nil)
	nc := dial(t, g.addr)
	br := bufio.NewReader(nc)
	io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	r, err := http.ReadResponse(br, nil)
	if err != nil || r.Close {
		t.Fatalf("got %+v, %v", r, err)
	}
	_, _ = io.Copy(io.Discard, r.Body)
	done := make(chan error, 1)
	go func() { done <- g.srv.Drain(context.Background()) }()
	for !g.srv.draining.Load() {
		time.Sleep(time.Millisecond)
	}
	io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	r, err = http.ReadResponse(br, nil)
	if err != nil || r.StatusCode != 200 || !r.Close {
		t.Errorf("after the drain began: got %+v, %v", r, err)
	}
	if err := <-done; err != nil {
		t.Errorf("Drain: %v", err)
	}
}

func TestDrainCuts(t *testing.T) {
	silent := listen(t, func(nc net.Conn) { io.Copy(io.Discard, nc) })
	g := newGateway(t, silent, Config{}, nil)
	nc := dial(t, g.addr)
	io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	time.Sleep(50 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := g.srv.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Drain: %v", err)
	}
}

func TestSwapped(t *testing.T) {
	for rule, ends := range map[string]bool{"keep": false, "drain": true, "close": true} {
		up := listen(t, func(nc net.Conn) {
			br := bufio.NewReader(nc)
			if _, err := http.ReadRequest(br); err == nil {
				io.WriteString(nc, "HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n")
				io.Copy(nc, br)
			}
		})
		g := newGateway(t, up, Config{}, func(r *route.Route) { r.OnRouteChange = rule })
		nc := dial(t, g.addr)
		br := bufio.NewReader(nc)
		io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
		if r, err := http.ReadResponse(br, nil); err != nil || r.StatusCode != 101 {
			t.Fatalf("%s: %v, %v", rule, r, err)
		}
		next := &snapshot.Snapshot{Table: newTable(t, up, func(r *route.Route) { r.ID = "d/other" })}
		old := g.holder.Swap(next)
		g.srv.Swapped(next)
		_ = nc.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		_, err := br.ReadByte()
		var ne net.Error
		if timedOut := errors.As(err, &ne) && ne.Timeout(); timedOut == ends {
			t.Errorf("%s: after the swap the connection reads %v", rule, err)
		}
		_ = nc.Close()
		for i := 0; old.References() != 0 && i < 100; i++ {
			time.Sleep(10 * time.Millisecond)
		}
		if n := old.References(); n != 0 {
			t.Errorf("%s: %d references to the old snapshot are left", rule, n)
		}
	}
}

func TestEarlyAnswer(t *testing.T) {
	up := listen(t, func(nc net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
			io.WriteString(nc, "HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\nno")
		}
	})
	g := newGateway(t, up, Config{}, nil)
	nc := dial(t, g.addr)
	io.WriteString(nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin")
	r, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil || r.StatusCode != 401 || !r.Close {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestLimits(t *testing.T) {
	up := newRecorder(t, ok2)
	g := newGateway(t, up.addr, Config{Limits: Limits{BodyBytes: 4, BodyTimeout: 100 * time.Millisecond, Connections: 2}}, nil)
	for in, want := range map[string]string{
		"Content-Length: 5\r\n\r\nabcde":                   "413",
		"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n": "413",
		"Content-Length: 4\r\n\r\nab":                      "408",
		"Content-Length: 4\r\n\r\nabcd":                    "200",
	} {
		nc := dial(t, g.addr)
		fmt.Fprintf(nc, "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s", in)
		r, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil || r.Status[:3] != want {
			t.Errorf("%q: got %+v, %v; want %s", in, r, err, want)
		}
		_ = nc.Close()
		for i := 0; g.srv.Connections() > 0 && i < 100; i++ {
			time.Sleep(10 * time.Millisecond)
		}
	}
	dial(t, g.addr)
	dial(t, g.addr)
	nc := dial(t, g.addr)
	if r, err := http.ReadResponse(bufio.NewReader(nc), nil); err != nil || r.StatusCode != 503 {
		t.Errorf("one connection too many got %+v, %v", r, err)
	}
}
