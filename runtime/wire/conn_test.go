package wire

import (
	"io"
	"net"
	"testing"
	"time"
)

func pair(t *testing.T) (*Conn, *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	a, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(); _ = b.Close() })
	return New(a), b.(*net.TCPConn)
}

func TestInterrupt(t *testing.T) {
	c, peer := pair(t)
	time.AfterFunc(10*time.Millisecond, func() { c.Interrupt(true, false) })
	buf := make([]byte, 8)
	if _, err := c.Read(buf); err != ErrInterrupted {
		t.Errorf("read: %v, want ErrInterrupted", err)
	}
	if _, sent, err := c.Exchange([]byte("x"), buf); err != ErrInterrupted || sent != 0 && !c.Waits() {
		t.Errorf("exchange while interrupted: %d bytes sent, %v", sent, err)
	}
	c.Rearm(true, true)
	_, _ = peer.Write([]byte("hi"))
	if n, err := c.Read(buf); string(buf[:n]) != "hi" || err != nil {
		t.Errorf("after Rearm read %q, %v", buf[:n], err)
	}
}

func TestExchange(t *testing.T) {
	c, peer := pair(t)
	go func() {
		b := make([]byte, 4)
		if _, err := io.ReadFull(peer, b); err == nil {
			_, _ = peer.Write([]byte("pong"))
		}
	}()
	buf := make([]byte, 8)
	if n, sent, err := c.Exchange([]byte("ping"), buf); string(buf[:n]) != "pong" || sent != 4 || err != nil {
		t.Errorf("got %q after %d bytes, %v", buf[:n], sent, err)
	}
}

// Bytes that arrive while the step is busy wake the next wait.
func TestLoopKeepsReadiness(t *testing.T) {
	c, peer := pair(t)
	if c.Waits() {
		t.Skip("no raw access on this system")
	}
	_, _ = peer.Write([]byte("1"))
	got, buf := "", make([]byte, 8)
	done := make(chan error, 1)
	go func() {
		done <- c.Loop(func() bool {
			n, err := c.Try(buf)
			if err != nil {
				return err != ErrAgain
			}
			got += string(buf[:n])
			if len(got) < 3 {
				_, _ = peer.Write([]byte{byte('1' + len(got))})
				time.Sleep(5 * time.Millisecond)
			}
			return len(got) == 3
		})
	}()
	select {
	case err := <-done:
		if got != "123" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	case <-time.After(2 * time.Second):
		t.Fatal("a readiness was lost")
	}
}

func TestPeer(t *testing.T) {
	c, peer := pair(t)
	if c.Waits() {
		t.Skip("no raw access on this system")
	}
	want := func(s PeerState) {
		t.Helper()
		for range 100 {
			if c.Peer() == s {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Errorf("peer is %d, want %d", c.Peer(), s)
	}
	want(Open)
	_ = peer.CloseWrite()
	want(HalfClosed)
	_ = peer.SetLinger(0)
	_ = peer.Close()
	want(Gone)
}
