package wire

import (
	"io"
	"net"
	"testing"
	"time"
)

func pair(t *testing.T) (*Conn, *net.TCPConn) {
	t.Helper()
	own, peer := sockets(t)
	return New(own), peer
}

// sockets are the two ends of a TCP connection.
func sockets(t *testing.T) (peer, own *net.TCPConn) {
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
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return a.(*net.TCPConn), b.(*net.TCPConn)
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

// Quiet sees bytes and an end, and takes nothing.
func TestQuiet(t *testing.T) {
	c, peer := pair(t)
	if c.Waits() {
		t.Skip("no raw access on this system")
	}
	loud := func(why string) {
		t.Helper()
		for range 100 {
			if !c.Quiet() {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Errorf("%s is not seen", why)
	}
	if !c.Quiet() {
		t.Error("a fresh connection is not quiet")
	}
	_, _ = peer.Write([]byte("x"))
	loud("a byte")
	buf := make([]byte, 8)
	if n, err := c.Read(buf); n != 1 || err != nil || !c.Quiet() {
		t.Errorf("read %d, %v; quiet again: %v", n, err, c.Quiet())
	}
	_ = peer.Close()
	loud("an end")
}

// An Exchange whose request the system does not take whole does not wait for room:
// its write has no bound there.
func TestExchangeDoesNotWaitToWrite(t *testing.T) {
	c, peer := pair(t)
	if c.Waits() {
		t.Skip("no raw access on this system")
	}
	req := make([]byte, 64<<20)
	n, sent, err := c.Exchange(req, make([]byte, 8))
	if n != 0 || sent <= 0 || sent == len(req) || err != nil {
		t.Fatalf("exchange: %d, %d sent, %v", n, sent, err)
	}
	go func() {
		_, _ = io.CopyN(io.Discard, peer, int64(len(req)))
		_, _ = peer.Write([]byte("pong"))
	}()
	if m, err := c.Write(req[sent:]); sent+m != len(req) || err != nil {
		t.Fatalf("write: %d, %v", m, err)
	}
	buf := make([]byte, 8)
	if n, err := c.Read(buf); string(buf[:n]) != "pong" || err != nil {
		t.Errorf("read %q, %v", buf[:n], err)
	}
}
