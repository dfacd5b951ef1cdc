package upstream

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/netip"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// TestProxyProtocol: the header comes first, before TLS too, and a connection that
// carries one is not kept for others.
func TestProxyProtocol(t *testing.T) {
	root := ca(t, "root")
	cert := pairOf(t, issue(t, root, authority.Request{Names: []string{"a.example"}}))
	s := secrets{}
	s.set("ca", root.PEM)
	lines := make(chan string, 4)
	for _, secure := range []bool{false, true} {
		addr := accept(t, func(nc net.Conn) {
			br := bufio.NewReader(nc)
			line, err := br.ReadString('\n')
			if err != nil {
				return
			}
			lines <- line
			var c net.Conn = &buffered{nc, br}
			if secure {
				c = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
			}
			buf := make([]byte, 8)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				_, _ = c.Write(buf[:n])
			}
		})
		e := over(t, addr, s, func(u *route.Upstream) {
			u.ProxyProtocol = "v1"
			if !secure {
				u.TLS = nil
			}
		}, Config{}).Pick(nil)
		for _, from := range []string{"192.0.2.7:1", "192.0.2.8:2"} {
			c, err := e.Dial(t.Context(), patience, Client{netip.MustParseAddrPort(from), netip.MustParseAddrPort("192.0.2.1:80")})
			if err != nil {
				t.Fatal(err)
			}
			if err := echoed(c); err != nil {
				t.Fatal(err)
			}
			host, port, _ := net.SplitHostPort(from)
			if got, want := <-lines, "PROXY TCP4 "+host+" 192.0.2.1 "+port+" 80\r\n"; got != want {
				t.Errorf("TLS %v: the endpoint is told %q, want %q", secure, got, want)
			}
			c.Release(0)
			if c := e.Idle(0, false); c != nil {
				t.Fatal("a connection that speaks of one client waits for another")
			}
		}
	}
}

// buffered is a connection whose first bytes are in a reader.
type buffered struct {
	net.Conn
	br *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.br.Read(p) }
