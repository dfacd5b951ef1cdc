package port

import (
	"net"
	"testing"
)

// TestFree: the address can be listened on, again and again.
func TestFree(t *testing.T) {
	for range 50 {
		a, err := Free()
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", a)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if p := l.Addr().(*net.TCPAddr).Port; p < low || p >= high {
			t.Errorf("port %d may be handed to somebody else", p)
		}
	}
}
