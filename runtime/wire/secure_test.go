package wire

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
)

// securePair is a TLS connection after its handshake: our end, the client, and the
// client's socket.
func securePair(t *testing.T) (*Conn, *tls.Conn, *net.TCPConn) {
	t.Helper()
	forServer, forClient, err := authority.ServerAndClient("a.example")
	if err != nil {
		t.Fatal(err)
	}
	plain, peer := pair(t)
	c := NewTLS(plain.NetConn(), forServer)
	client := tls.Client(peer, forClient)
	done := make(chan error, 1)
	go func() { done <- client.Handshake() }()
	if _, err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	_ = client.SetDeadline(time.Now().Add(2 * time.Minute))
	return c, client, peer
}

// TestSecureInterrupt: waits end and go on, as those of a plain connection.
func TestSecureInterrupt(t *testing.T) {
	c, client, _ := securePair(t)
	buf := make([]byte, 8)
	for range 3 {
		time.AfterFunc(5*time.Millisecond, func() { c.Interrupt(true, false) })
		if _, err := c.Read(buf); err != ErrInterrupted {
			t.Fatalf("read: %v, want ErrInterrupted", err)
		}
		c.Rearm(true, true)
	}
	_, _ = client.Write([]byte("hi"))
	if n, err := c.Read(buf); string(buf[:n]) != "hi" || err != nil {
		t.Errorf("read %q, %v", buf[:n], err)
	}
}

// TestSecureShortWrites: a client that reads nothing makes Send take a part and Write
// end by an interrupt; what it reads in the end has no gap and no byte twice.
func TestSecureShortWrites(t *testing.T) {
	c, client, _ := securePair(t)
	want := make([]byte, 24<<20)
	for i := range want {
		want[i] = byte(i * 7 >> 8)
	}
	n, err := c.Send(want)
	if err != nil || n == len(want) && !c.Waits() {
		t.Fatalf("sent %d of %d, %v", n, len(want), err)
	}
	for range 3 {
		time.AfterFunc(5*time.Millisecond, func() { c.Interrupt(false, true) })
		m, err := c.Write(want[n:])
		if n += m; err != ErrInterrupted {
			t.Fatalf("after %d bytes: %v, want ErrInterrupted", n, err)
		}
		c.Rearm(false, true)
		if m, err := c.Send(want[n:]); err != nil && err != ErrInterrupted {
			t.Fatal(err)
		} else {
			n += m
		}
	}
	got := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(client)
		got <- b
	}()
	for n < len(want) {
		m, err := c.Write(want[n:])
		if n += m; err != nil {
			t.Fatal(err)
		}
	}
	if err := c.CloseWrite(); err != nil {
		t.Error(err)
	}
	if b := <-got; !bytes.Equal(b, want) {
		t.Errorf("the client got %d bytes of %d, or others", len(b), len(want))
	}
}

// TestSecureLoop: records that come together are all seen before the loop waits, and
// the end is.
func TestSecureLoop(t *testing.T) {
	c, client, _ := securePair(t)
	if c.Waits() {
		t.Skip("no raw access on this system")
	}
	for _, s := range []string{"1", "2", "3"} {
		_, _ = client.Write([]byte(s))
	}
	time.AfterFunc(20*time.Millisecond, func() {
		_, _ = client.Write([]byte("4"))
		_ = client.Close()
	})
	got, buf, waits := "", make([]byte, 8), 0
	err := c.Loop(func() bool {
		for {
			n, err := c.Try(buf)
			got += string(buf[:n])
			if err == ErrAgain {
				waits++
				return false
			}
			if err != nil {
				got += " " + err.Error()
				return true
			}
		}
	})
	if got != "1234 EOF" || err != nil || waits == 0 {
		t.Errorf("got %q after %d waits, %v", got, waits, err)
	}
}

// TestSecureEnds: Close says that it is the end; Abort does not.
func TestSecureEnds(t *testing.T) {
	c, client, _ := securePair(t)
	c.Close()
	if b, err := io.ReadAll(client); len(b) != 0 || err != nil {
		t.Errorf("after Close the client reads %q, %v", b, err)
	}
	c, client, _ = securePair(t)
	c.Abort()
	if _, err := io.ReadAll(client); err == nil {
		t.Error("after Abort the client sees an orderly end")
	}
}

// TestCloseDoesNotWait: a client that takes nothing keeps nobody.
func TestCloseDoesNotWait(t *testing.T) {
	c, _, _ := securePair(t)
	if c.Waits() {
		t.Skip("no raw access on this system")
	}
	for {
		if n, err := c.Send(make([]byte, 1<<20)); n < 1<<20 || err != nil {
			break
		}
	}
	start := time.Now()
	c.Close()
	if d := time.Since(start); d > time.Second {
		t.Errorf("Close took %s", d)
	}
}

// TestHandshakeInterrupt: a client that says nothing is left.
func TestHandshakeInterrupt(t *testing.T) {
	plain, _ := pair(t)
	c := NewTLS(plain.NetConn(), &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, io.EOF }})
	time.AfterFunc(10*time.Millisecond, func() { c.Interrupt(true, true) })
	if _, err := c.Handshake(); err != ErrInterrupted {
		t.Errorf("handshake: %v, want ErrInterrupted", err)
	}
	if _, err := c.Write([]byte("x")); err == nil {
		t.Error("something was written without a handshake")
	}
	c.Close()
}
