package proxyproto

import (
	"net/netip"
	"testing"
)

// TestAppend holds the bytes of the PROXY protocol.
func TestAppend(t *testing.T) {
	ap := netip.MustParseAddrPort
	v4 := Header{Source: ap("192.0.2.7:51000"), Destination: ap("198.51.100.1:443")}
	v6 := Header{Source: ap("[2001:db8::7]:51000"), Destination: ap("[2001:db8::1]:443")}
	sig := "\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
	for _, test := range []struct {
		version int
		header  Header
		want    string
	}{
		{1, v4, "PROXY TCP4 192.0.2.7 198.51.100.1 51000 443\r\n"},
		{1, v6, "PROXY TCP6 2001:db8::7 2001:db8::1 51000 443\r\n"},
		{1, Header{Source: v4.Source, Destination: v6.Destination}, "PROXY TCP6 ::ffff:192.0.2.7 2001:db8::1 51000 443\r\n"},
		{1, Header{Source: ap("[::ffff:192.0.2.7]:51000"), Destination: v4.Destination}, "PROXY TCP4 192.0.2.7 198.51.100.1 51000 443\r\n"},
		{1, Header{Source: ap("[fe80::1%eth0]:1"), Destination: ap("[fe80::2%eth0]:2")}, "PROXY TCP6 fe80::1 fe80::2 1 2\r\n"},
		{1, Header{Destination: v4.Destination}, "PROXY UNKNOWN\r\n"},
		{2, v4, sig + "\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\xc7\x38\x01\xbb"},
		{2, v6, sig + "\x21\x21\x00\x24" +
			"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07" +
			"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\xc7\x38\x01\xbb"},
		{2, Header{}, sig + "\x21\x00\x00\x00"},
	} {
		if got := string(Append(nil, test.version, test.header)); got != test.want {
			t.Errorf("%d %+v: %q, want %q", test.version, test.header, got, test.want)
		}
		if h, n, err := Parse([]byte(test.want + "x")); n != len(test.want) || err != nil || h.Source.IsValid() != test.header.Source.IsValid() {
			t.Errorf("%q is read as %+v of %d bytes, %v", test.want, h, n, err)
		}
	}
}
