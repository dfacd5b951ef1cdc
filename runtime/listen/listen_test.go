package listen

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func open(t *testing.T, s Socket) []net.Listener {
	t.Helper()
	list, err := Open(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Close(list) })
	return list
}

// connects tells whether somebody listens.
func connects(network, address string) bool {
	nc, err := net.Dial(network, address)
	if err == nil {
		_ = nc.Close()
	}
	return err == nil
}

func TestTCP(t *testing.T) {
	address := open(t, Socket{Address: "127.0.0.1:0"})[0].Addr().String()
	if !connects("tcp", address) {
		t.Error("nobody listens")
	}
	_, err := Open(Socket{Address: address})
	if err == nil || err.Error() != "cannot listen on "+address+": another process listens there; stop it, or choose another address" {
		t.Errorf("a busy address: %v", err)
	}
}

// TestSpread: the sockets share the address, also one that the system chose, and each
// of many connections reaches one of them.
func TestSpread(t *testing.T) {
	list := open(t, Socket{Address: "127.0.0.1:0", Spread: 3})
	if len(list) != 3 || list[0].Addr().String() != list[2].Addr().String() {
		t.Fatalf("%v", list)
	}
	taken := make(chan int)
	for i, ln := range list {
		go func() {
			for {
				nc, err := ln.Accept()
				if err != nil {
					return
				}
				_ = nc.Close()
				taken <- i
			}
		}()
	}
	seen := map[int]int{}
	for range 200 {
		if !connects("tcp", list[0].Addr().String()) {
			t.Fatal("nobody listens")
		}
		seen[<-taken]++
	}
	if len(seen) != 3 {
		t.Errorf("connections went to %v", seen)
	}
	if _, err := Open(Socket{Address: list[0].Addr().String()}); err == nil {
		t.Error("who does not share got the address too")
	}
}

func TestUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for _, c := range []struct{ mode, want fs.FileMode }{{0, 0o660}, {0o606, 0o606}, {0o777, 0o777}} {
		list := open(t, Socket{Address: UnixPrefix + path, Mode: c.mode})
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != c.want {
			t.Errorf("mode %o: the file has %o, %v", c.mode, info.Mode().Perm(), err)
		}
		if !connects("unix", path) {
			t.Error("nobody listens")
		}
		if _, err := Open(Socket{Address: UnixPrefix + path}); err == nil || !strings.Contains(err.Error(), "another process listens there") {
			t.Errorf("a busy path: %v", err)
		}
		if !connects("unix", path) {
			t.Error("the second one broke the first")
		}
		Close(list)
		if _, err := os.Lstat(path); err == nil {
			t.Error("the file is left after the end")
		}
	}
}

// A file that a process left behind is replaced; one that is no socket is not.
func TestStale(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	left := open(t, Socket{Address: UnixPrefix + path})[0].(*net.UnixListener)
	left.SetUnlinkOnClose(false)
	_ = left.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Fatal(err)
	}
	Close(open(t, Socket{Address: UnixPrefix + path}))
	if err := os.WriteFile(path, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Socket{Address: UnixPrefix + path}); err == nil || !strings.Contains(err.Error(), "is no socket") {
		t.Errorf("a file in the way: %v", err)
	}
	if b, err := os.ReadFile(path); string(b) != "data" {
		t.Errorf("the file is gone: %v", err)
	}
}
