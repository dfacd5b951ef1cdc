//go:build linux

package handover

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var quiet = slog.New(slog.DiscardHandler)

// old is a process that offers a TCP and a Unix socket.
type old struct {
	list   []Socket
	handed chan bool
	done   chan bool
}

func offer(t *testing.T, o *Offer, list []Socket) *old {
	t.Helper()
	p := &old{list: list, handed: make(chan bool, 1), done: make(chan bool, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { p.done <- o.Run(ctx, list, func() { p.handed <- true }) }()
	t.Cleanup(func() {
		cancel()
		for _, s := range list {
			_ = s.Close()
		}
	})
	return p
}

func begin(t *testing.T, path string) (*old, *Offer) {
	t.Helper()
	o, err := Open(path, quiet)
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	unix, err := net.Listen("unix", path+".traffic")
	if err != nil {
		t.Fatal(err)
	}
	unused, err := net.Listen("unix", path+".unused")
	if err != nil {
		t.Fatal(err)
	}
	return offer(t, o, []Socket{{"tcp", tcp}, {"unix", unix}, {"unused", unused}}), o
}

func take(t *testing.T, path string) *Taking {
	t.Helper()
	n, err := Take(path, quiet)
	if err != nil || n == nil {
		t.Fatalf("%v, %v", n, err)
	}
	return n
}

// serves tells who answers at a listener's address.
func serves(t *testing.T, ln net.Listener, by net.Listener) {
	t.Helper()
	go func() {
		if nc, err := by.Accept(); err == nil {
			_, _ = io.WriteString(nc, "x")
			_ = nc.Close()
		}
	}()
	nc, err := net.Dial(ln.Addr().Network(), ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	if b, err := io.ReadAll(nc); string(b) != "x" {
		t.Errorf("%v: %q, %v", ln.Addr(), b, err)
	}
}

// TestHandover: two handovers in a row; the sockets stay, with their files, and end with
// the last process.
func TestHandover(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	first, _ := begin(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	before := first
	for range 2 {
		n := take(t, path)
		tcp, unix := n.Sockets("tcp"), n.Sockets("unix")
		if len(tcp) != 1 || len(unix) != 1 || len(n.Sockets("other")) != 0 {
			t.Fatalf("%v, %v", tcp, unix)
		}
		select {
		case <-before.handed:
			t.Fatal("handed over before the new process is ready")
		case <-time.After(20 * time.Millisecond):
		}
		o := n.Ready()
		if !<-before.handed || !<-before.done {
			t.Fatal("not handed over")
		}
		for _, s := range before.list {
			_ = s.Close()
		}
		serves(t, tcp[0], tcp[0])
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path + ".unused"); err == nil {
			t.Error("a socket that was not taken leaves its file")
		}
		before = offer(t, o, []Socket{{"tcp", tcp[0]}, {"unix", unix[0]}})
	}
	for _, s := range before.list {
		serves(t, s.Listener, s.Listener)
		_ = s.Close()
	}
	if _, err := os.Stat(path + ".traffic"); err == nil {
		t.Error("the last process leaves the file of a socket")
	}
}

// TestNotReady: a new process that dies leaves the old one as it was, and the next may
// try.
func TestNotReady(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	p, _ := begin(t, path)
	for range 3 {
		n := take(t, path)
		for _, ln := range append(n.Sockets("tcp"), n.Sockets("unix")...) {
			_ = ln.Close()
		}
		n.Abandon()
	}
	for _, s := range p.list[:2] {
		serves(t, s.Listener, s.Listener)
	}
	// Nor does one that talks nonsense, or nothing.
	for _, text := range []string{"", "GET / HTTP/1.1\r\n\r\n", "LNTL\x01\x03", "LNTL\x09\x01", string(make([]byte, 1<<16))} {
		nc, err := net.Dial(network, path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(nc, text)
		_ = nc.Close()
	}
	n := take(t, path)
	defer n.Ready().Close()
	if !<-p.handed {
		t.Error("not handed over")
	}
}

// TestImpatience: a new process that never serves is given up.
func TestImpatience(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	o, err := Open(path, quiet)
	if err != nil {
		t.Fatal(err)
	}
	o.patience = 50 * time.Millisecond
	p := offer(t, o, nil)
	slow := take(t, path)
	if err := expect(slow.nc, going, 20*time.Second); err == nil {
		t.Error("handed over")
	}
	slow.Abandon()
	take(t, path).Ready().Close()
	if !<-p.handed {
		t.Error("not handed over to the next")
	}
}

func TestNobodyThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	if n, err := Take(path, quiet); n != nil || err != nil {
		t.Errorf("%v, %v", n, err)
	}
	o, err := Open(path, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, quiet); err == nil {
		t.Error("two processes offer")
	}
	o.ln.SetUnlinkOnClose(false)
	o.Close()
	if n, err := Take(path, quiet); n != nil || err != nil {
		t.Errorf("a file that was left: %v, %v", n, err)
	}
	if o, err = Open(path, quiet); err != nil {
		t.Fatal(err)
	}
	o.Close()
}
