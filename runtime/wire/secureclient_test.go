package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
)

// clientPair is our end as a TLS client after its handshake, the server, and the
// server's socket.
func clientPair(t *testing.T, edit func(*tls.Config)) (*Conn, *tls.Conn, *net.TCPConn) {
	t.Helper()
	forServer, forClient, err := authority.ServerAndClient("a.example")
	if err != nil {
		t.Fatal(err)
	}
	plain, peer := pair(t)
	c := NewTLSClient(plain.NetConn(), forClient)
	if edit != nil {
		edit(forServer)
	}
	server := tls.Server(peer, forServer)
	_ = server.SetDeadline(time.Now().Add(2 * time.Minute))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Handshake() // it may refuse the client: that is for the test to see
	}()
	if state, err := c.Handshake(); err != nil || state.ServerName != "a.example" {
		t.Fatalf("handshake: %q, %v", state.ServerName, err)
	}
	<-done
	return c, server, peer
}

// TestClientExchange: a request and its answer in one wait, several times, with the
// session tickets of the server in between, which are no noise.
func TestClientExchange(t *testing.T) {
	c, server, _ := clientPair(t, nil)
	go func() {
		b := make([]byte, 4)
		for {
			if _, err := io.ReadFull(server, b); err != nil {
				return
			}
			_, _ = server.Write([]byte("pong"))
		}
	}()
	buf := make([]byte, 8)
	for range 3 {
		n, sent, err := c.Exchange([]byte("ping"), buf)
		if c.Waits() && sent == 0 {
			if _, err = c.Write([]byte("ping")); err == nil {
				n, err = c.Read(buf)
			}
			sent = 4
		}
		if string(buf[:n]) != "pong" || sent != 4 || err != nil {
			t.Fatalf("got %q after %d bytes, %v", buf[:n], sent, err)
		}
		if !c.Quiet() {
			t.Error("after an answer the connection is not quiet")
		}
	}
}

// TestClientExchangeInterrupt: an interrupted exchange goes on with a read.
func TestClientExchangeInterrupt(t *testing.T) {
	c, server, _ := clientPair(t, nil)
	if c.Waits() {
		t.Skip("no raw access on this system")
	}
	buf := make([]byte, 8)
	time.AfterFunc(20*time.Millisecond, func() { c.Interrupt(true, true) })
	if _, sent, err := c.Exchange([]byte("ping"), buf); sent != 4 || err != ErrInterrupted {
		t.Fatalf("%d bytes sent, %v", sent, err)
	}
	c.Rearm(true, true)
	go func() {
		_, _ = io.ReadFull(server, make([]byte, 4))
		_, _ = server.Write([]byte("late"))
	}()
	if n, err := c.Read(buf); string(buf[:n]) != "late" || err != nil {
		t.Errorf("read %q, %v", buf[:n], err)
	}
}

// TestClientQuiet sees bytes that nobody asked for, and an end, inside TLS.
func TestClientQuiet(t *testing.T) {
	for _, end := range []bool{false, true} {
		c, server, _ := clientPair(t, nil)
		if c.Waits() {
			t.Skip("no raw access on this system")
		}
		go func() {
			if end {
				_ = server.Close()
			} else {
				_, _ = server.Write([]byte("x"))
			}
		}()
		for until := time.Now().Add(time.Minute); c.Quiet(); time.Sleep(time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("end %v is not seen", end)
			}
		}
	}
}

// TestClientEnds: only close_notify is an orderly end.
func TestClientEnds(t *testing.T) {
	for _, orderly := range []bool{true, false} {
		c, server, peer := clientPair(t, nil)
		go func() {
			_, _ = server.Write([]byte("half"))
			if orderly {
				_ = server.Close()
			} else {
				_ = peer.Close()
			}
		}()
		want := io.EOF
		if !orderly {
			want = io.ErrUnexpectedEOF
		}
		got, err := "", error(nil)
		for buf := make([]byte, 8); err == nil; {
			var n int
			n, err = c.Read(buf)
			got += string(buf[:n])
		}
		if got != "half" || err != want {
			t.Errorf("read %q, %v; want %v", got, err, want)
		}
	}
}

// TestClientAlert: with TLS 1.3 a server refuses the client's certificate after the
// client's handshake; what it said can be had.
func TestClientAlert(t *testing.T) {
	c, _, _ := clientPair(t, func(cfg *tls.Config) { cfg.ClientAuth = tls.RequireAnyClientCert })
	_, err := c.Read(make([]byte, 8))
	var op *net.OpError
	if !errors.As(err, &op) || c.Alert() == nil {
		t.Errorf("read: %v, alert: %v", err, c.Alert())
	}
	c, server, _ := clientPair(t, nil)
	go func() { _ = server.Close() }()
	if _, err := c.Read(make([]byte, 8)); err != io.EOF || c.Alert() != nil {
		t.Errorf("after an orderly end: %v, alert: %v", err, c.Alert())
	}
}
