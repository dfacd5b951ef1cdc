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

// TestAppendHeader holds the bytes of the PROXY protocol.
func TestAppendHeader(t *testing.T) {
	ap := netip.MustParseAddrPort
	v4 := Client{ap("192.0.2.7:51000"), ap("198.51.100.1:443")}
	v6 := Client{ap("[2001:db8::7]:51000"), ap("[2001:db8::1]:443")}
	sig := "\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
	for _, test := range []struct {
		version string
		client  Client
		want    string
	}{
		{"v1", v4, "PROXY TCP4 192.0.2.7 198.51.100.1 51000 443\r\n"},
		{"v1", v6, "PROXY TCP6 2001:db8::7 2001:db8::1 51000 443\r\n"},
		{"v1", Client{v4.From, v6.To}, "PROXY TCP6 ::ffff:192.0.2.7 2001:db8::1 51000 443\r\n"},
		{"v1", Client{ap("[::ffff:192.0.2.7]:51000"), v4.To}, "PROXY TCP4 192.0.2.7 198.51.100.1 51000 443\r\n"},
		{"v1", Client{ap("[fe80::1%eth0]:1"), ap("[fe80::2%eth0]:2")}, "PROXY TCP6 fe80::1 fe80::2 1 2\r\n"},
		{"v1", Client{To: v4.To}, "PROXY UNKNOWN\r\n"},
		{"v2", v4, sig + "\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\xc7\x38\x01\xbb"},
		{"v2", v6, sig + "\x21\x21\x00\x24" +
			"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07" +
			"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\xc7\x38\x01\xbb"},
		{"v2", Client{}, sig + "\x21\x00\x00\x00"},
	} {
		if got := string(appendHeader(nil, test.version, test.client)); got != test.want {
			t.Errorf("%s %+v: %q, want %q", test.version, test.client, got, test.want)
		}
	}
}

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
