package wire

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

// TestSplice: what one socket sends passes through a pipe to another, whatever the sizes,
// and also where the other end is slow.
func TestSplice(t *testing.T) {
	data := make([]byte, 3_000_000)
	_, _ = rand.Read(data)
	fromPeer, from := sockets(t)
	toPeer, to := sockets(t)
	src, dst := New(from), New(to)
	if !src.Splices() || !dst.Splices() {
		t.Fatal("plain sockets do not splice")
	}
	go func() {
		_, _ = fromPeer.Write(data)
		_ = fromPeer.Close()
	}()
	got := make(chan []byte)
	go func() {
		time.Sleep(50 * time.Millisecond) // the socket is full by then
		b, _ := io.ReadAll(toPeer)
		got <- b
	}()
	p, err := NewPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	sum := 0
	for {
		n, err := src.Fill(p, 1<<20)
		if err == io.EOF {
			break
		}
		if err != nil || n != p.Held() {
			t.Fatalf("%d of %d, %v", n, p.Held(), err)
		}
		m, err := dst.Drain(p)
		if err != nil || m != n || p.Held() != 0 {
			t.Fatalf("%d of %d, %d left, %v", m, n, p.Held(), err)
		}
		sum += m
	}
	dst.Close()
	if b := <-got; !bytes.Equal(b, data) || sum != len(data) {
		t.Errorf("%d bytes of %d, %d counted", len(b), len(data), sum)
	}
}

// TestSpliceInterrupted: both waits end by an interrupt, and go on after it.
func TestSpliceInterrupted(t *testing.T) {
	fromPeer, from := sockets(t)
	toPeer, to := sockets(t)
	_ = to.SetWriteBuffer(4 << 10)
	_ = toPeer.SetReadBuffer(4 << 10)
	src, dst := New(from), New(to)
	p, err := NewPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	time.AfterFunc(20*time.Millisecond, func() { src.Interrupt(true, false) })
	if _, err := src.Fill(p, 100); err != ErrInterrupted {
		t.Fatalf("the wait for bytes ended with %v", err)
	}
	src.Rearm(true, false)
	// More than whatever room the other end makes meanwhile.
	go func() { _, _ = fromPeer.Write(make([]byte, 64<<10)) }()
	sum := 0
	for sum < 32<<10 {
		n, err := src.Fill(p, 64<<10)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	// The other end takes nothing any more.
	_ = to.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	for {
		if _, err := to.Write(make([]byte, 1<<20)); errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	_ = to.SetWriteDeadline(time.Time{})
	time.AfterFunc(20*time.Millisecond, func() { dst.Interrupt(false, true) })
	n, err := dst.Drain(p)
	if err != ErrInterrupted || p.Held() != sum-n || n == sum {
		t.Fatalf("the wait for room ended with %d, %v; %d are held", n, err, p.Held())
	}
	dst.Rearm(false, true)
	go func() { _, _ = io.Copy(io.Discard, toPeer) }()
	if m, err := dst.Drain(p); n+m != sum || err != nil {
		t.Errorf("%d and %d of %d, %v", n, m, sum, err)
	}
}
