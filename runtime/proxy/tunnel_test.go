package proxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/schemas/route"
)

const (
	upgrade  = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"
	switched = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n"
)

// upgraded answers an upgrade and leaves the rest to talk.
func upgraded(t *testing.T, talk func(*net.TCPConn, *bufio.Reader)) string {
	return listen(t, func(nc net.Conn) {
		br := bufio.NewReader(nc)
		if _, err := http.ReadRequest(br); err != nil {
			return
		}
		if _, err := io.WriteString(nc, switched); err == nil {
			talk(nc.(*net.TCPConn), br)
		}
	})
}

func echo(nc *net.TCPConn, br *bufio.Reader) { _, _ = io.Copy(nc, br) }

// open upgrades a connection.
func open(t *testing.T, addr string) (*net.TCPConn, *bufio.Reader) {
	t.Helper()
	nc := dial(t, addr)
	br := bufio.NewReader(nc)
	_, _ = io.WriteString(nc, upgrade)
	if r, err := http.ReadResponse(br, nil); err != nil || r.StatusCode != 101 {
		t.Fatalf("%+v, %v", r, err)
	}
	return nc, br
}

// TestTunnelIdle: a tunnel lives for as long as something moves within its idle timeout.
// A machine that is too slow to send in time proves nothing; it is given more.
func TestTunnelIdle(t *testing.T) {
	for idle := span; !tunnelIdles(t, idle); idle *= 2 {
		if idle > 10*time.Second {
			t.Fatal("this machine never sends in time")
		}
	}
}

// tunnelIdles returns false when the test itself was too slow.
func tunnelIdles(t *testing.T, idle time.Duration) bool {
	g := newGateway(t, upgraded(t, echo), Config{}, func(r *route.Route) { r.Timeouts.Idle = route.Duration(idle) })
	nc, br := open(t, g.addr)
	_ = nc.SetDeadline(time.Now().Add(30*time.Second + 4*idle))
	begin := time.Now()
	for last := begin; last.Sub(begin) < 2*idle; {
		time.Sleep(idle / 5)
		_, _ = nc.Write([]byte("x"))
		_, err := br.ReadByte()
		if late := time.Since(last) > idle*8/10; late {
			return false
		}
		if err != nil {
			t.Fatalf("a busy tunnel ended after %v: %v", time.Since(begin), err)
		}
		last = time.Now()
	}
	begin = time.Now()
	_, err := br.ReadByte()
	if ne, ok := errors.AsType[net.Error](err); err == nil || ok && ne.Timeout() || time.Since(begin) < idle*9/10 {
		t.Errorf("an idle tunnel ended after %v: %v", time.Since(begin), err)
	}
	if rec := g.records.wait(t, 1); !rec.Upgraded || rec.Status != 101 || rec.BytesIn != rec.BytesOut || rec.BytesIn < 2 {
		t.Errorf("record is %+v", rec)
	}
	return true
}

// Each side may end first; the other goes on until it ends too.
func TestTunnelHalfClose(t *testing.T) {
	t.Run("client", func(t *testing.T) {
		addr := upgraded(t, func(nc *net.TCPConn, br *bufio.Reader) {
			b, _ := io.ReadAll(br)
			time.Sleep(300 * time.Millisecond) // past every look at the client
			_, _ = io.WriteString(nc, "got "+string(b))
		})
		g := newGateway(t, addr, Config{}, nil)
		nc, br := open(t, g.addr)
		_, _ = io.WriteString(nc, "abc")
		_ = nc.CloseWrite()
		if b, err := io.ReadAll(br); string(b) != "got abc" || err != nil {
			t.Errorf("got %q, %v", b, err)
		}
	})
	t.Run("upstream", func(t *testing.T) {
		late := make(chan string, 1)
		addr := upgraded(t, func(nc *net.TCPConn, br *bufio.Reader) {
			_, _ = io.WriteString(nc, "bye")
			_ = nc.CloseWrite()
			b, _ := io.ReadAll(br)
			late <- string(b)
		})
		g := newGateway(t, addr, Config{}, nil)
		nc, br := open(t, g.addr)
		if b, err := io.ReadAll(br); string(b) != "bye" || err != nil {
			t.Errorf("got %q, %v", b, err)
		}
		time.Sleep(300 * time.Millisecond)
		_, _ = io.WriteString(nc, "late")
		_ = nc.CloseWrite()
		if got := <-late; got != "late" {
			t.Errorf("upstream got %q", got)
		}
	})
}

// A peer that takes nothing does not keep a connection, with no idle timeout and
// whichever side it is; nor when the other side has ended.
func TestTunnelStall(t *testing.T) {
	flood := func(w io.Writer) { _, _ = io.Copy(w, zeros{}) }
	t.Run("client", func(t *testing.T) {
		addr := upgraded(t, func(nc *net.TCPConn, _ *bufio.Reader) { flood(nc) })
		g := newGateway(t, addr, Config{Limits: Limits{BodyTimeout: span}}, nil)
		nc, _ := open(t, g.addr)
		_ = nc.CloseWrite()
		g.records.wait(t, 1)
	})
	t.Run("upstream", func(t *testing.T) {
		hold := make(chan bool)
		defer close(hold)
		addr := upgraded(t, func(*net.TCPConn, *bufio.Reader) { <-hold })
		g := newGateway(t, addr, Config{}, func(r *route.Route) { r.Timeouts.Write = route.Duration(span) })
		nc, _ := open(t, g.addr)
		go flood(nc)
		g.records.wait(t, 1)
	})
}

// A drain leaves tunnels to the end of its time, and ends them then, stalled ones too.
func TestTunnelDrain(t *testing.T) {
	for name, talk := range map[string]func(*net.TCPConn, *bufio.Reader){
		"echo":  echo,
		"flood": func(nc *net.TCPConn, _ *bufio.Reader) { _, _ = io.Copy(nc, zeros{}) },
	} {
		g := newGateway(t, upgraded(t, talk), Config{}, nil)
		nc, br := open(t, g.addr)
		ctx, cancel := context.WithTimeout(t.Context(), span)
		done := make(chan error, 1)
		go func() { done <- g.srv.Drain(ctx) }()
		if name == "echo" {
			time.Sleep(span / 3)
			_, _ = nc.Write([]byte("x"))
			if b, err := br.ReadByte(); b != 'x' || err != nil {
				t.Errorf("during the drain: %q, %v", b, err)
			}
		}
		select {
		case err := <-done:
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: Drain: %v", name, err)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%s: the drain does not end", name)
		}
		cancel()
	}
}

// A swap that drains ends a tunnel also when the client has half closed.
func TestSwapDrainsHalfClosed(t *testing.T) {
	hold := make(chan bool)
	defer close(hold)
	addr := upgraded(t, func(*net.TCPConn, *bufio.Reader) { <-hold })
	g := newGateway(t, addr, Config{}, func(r *route.Route) { r.OnRouteChange = "drain" })
	nc, br := open(t, g.addr)
	_ = nc.CloseWrite()
	time.Sleep(50 * time.Millisecond)
	next := &snapshot.Snapshot{Table: newTable(t, addr, func(r *route.Route) { r.ID = "d/other" })}
	g.holder.Swap(next)
	g.srv.Swapped(next)
	if _, err := br.ReadByte(); err == nil {
		t.Error("the tunnel sent a byte")
	} else if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		t.Error("the tunnel did not end")
	}
}

// What an upstream may switch to is what the client offered, and no other HTTP.
func TestSwitch(t *testing.T) {
	for _, c := range []struct{ offered, answer, want string }{
		{"Upgrade: echo, other/2", "upgrade: Other/2", "101"},
		{"Upgrade: echo", "upgrade: other", "502"},
		{"Upgrade: echo", "x: y", "502"},
		{"Upgrade: h2c", "upgrade: h2c", "502"},
		{"Upgrade: echo, h2c", "upgrade: echo", "502"},
		{"X: y", "upgrade: echo", "502"},
	} {
		up := listen(t, func(nc net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
				_, _ = io.WriteString(nc, "HTTP/1.1 101 x\r\nconnection: upgrade\r\n"+c.answer+"\r\n\r\n")
			}
		})
		g := newGateway(t, up, Config{}, nil)
		got := ask(t, g.addr, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"+c.offered+"\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 "+c.want+" ") {
			t.Errorf("%s, %s: got %q", c.offered, c.answer, got)
		}
		if rec := g.records.wait(t, 1); c.want == "502" && rec.Reason != reason.UpstreamInvalid {
			t.Errorf("%s, %s: reason is %v", c.offered, c.answer, rec.Reason)
		}
	}
}
