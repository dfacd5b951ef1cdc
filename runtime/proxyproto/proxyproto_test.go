package proxyproto

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/netip"
	"strings"
	"testing"
)

func ap(s string) netip.AddrPort {
	if s == "" {
		return netip.AddrPort{}
	}
	return netip.MustParseAddrPort(s)
}

// v2 builds a header of version 2.
func v2(command, family byte, payload string) string {
	b := append([]byte(signature), command, family)
	b = binary.BigEndian.AppendUint16(b, uint16(len(payload)))
	return string(b) + payload
}

// summed puts the right checksum into the last four bytes.
func summed(s string) string {
	b := []byte(s)
	clear(b[len(b)-4:])
	binary.BigEndian.PutUint32(b[len(b)-4:], crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	return string(b)
}

const (
	four = "\xc0\x00\x02\x01\xc6\x33\x64\x02\x30\x39\x01\xbb"
	six  = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x30\x39\x01\xbb"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		in, source, destination string
		local                   bool
	}{
		"v1 four":           {in: "PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n", source: "192.0.2.1:12345", destination: "198.51.100.2:443"},
		"v1 six":            {in: "PROXY TCP6 2001:db8::1 2001:db8::2 12345 443\r\n", source: "[2001:db8::1]:12345", destination: "[2001:db8::2]:443"},
		"v1 mapped":         {in: "PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", source: "192.0.2.1:1", destination: "[::1]:2"},
		"v1 ports":          {in: "PROXY TCP4 192.0.2.1 198.51.100.2 0 65535\r\n", source: "192.0.2.1:0", destination: "198.51.100.2:65535"},
		"v1 unknown":        {in: "PROXY UNKNOWN\r\n"},
		"v1 unknown, words": {in: "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"},
		"v1 longest":        {in: "PROXY UNKNOWN " + strings.Repeat("x", maxLine-16) + "\r\n"},
		"v2 four":           {in: v2(0x21, 0x11, four), source: "192.0.2.1:12345", destination: "198.51.100.2:443"},
		"v2 six":            {in: v2(0x21, 0x21, six), source: "[2001:db8::1]:12345", destination: "[2001:db8::2]:443"},
		"v2 unix":           {in: v2(0x21, 0x31, strings.Repeat("u", unixSize))},
		"v2 unspecified":    {in: v2(0x21, 0x00, "what is this")},
		"v2 local":          {in: v2(0x20, 0x00, ""), local: true},
		"v2 local, more":    {in: v2(0x20, 0x11, "ab"), local: true},
		"v2 options":        {in: v2(0x21, 0x11, four+"\x01\x00\x02h2"+"\x04\x00\x00"+"\xee\x00\x01x"), source: "192.0.2.1:12345", destination: "198.51.100.2:443"},
		"v2 checksum":       {in: summed(v2(0x21, 0x11, four+"\x03\x00\x04....")), source: "192.0.2.1:12345", destination: "198.51.100.2:443"},
	} {
		for _, rest := range []string{"", "GET / HTTP/1.1\r\n", "\x16\x03\x01", "\r\n"} {
			h, n, err := Parse([]byte(c.in + rest))
			if err != nil || n != len(c.in) || h != (Header{ap(c.source), ap(c.destination), c.local}) {
				t.Errorf("%s: %+v, %d of %d, %v", name, h, n, len(c.in), err)
			}
		}
		for n := range len(c.in) {
			if _, got, err := Parse([]byte(c.in[:n])); got != 0 || err != nil {
				t.Errorf("%s: of the first %d bytes: %d, %v", name, n, got, err)
			}
		}
	}
}

func TestMalformed(t *testing.T) {
	for name, in := range map[string]string{
		"a request":            "GET / HTTP/1.1\r\n",
		"a handshake":          "\x16\x03\x01\x02",
		"lower case":           "proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n",
		"v1 bare LF":           "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n",
		"v1 bare CR":           "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\rx",
		"v1 two spaces":        "PROXY TCP4  192.0.2.1 198.51.100.2 1 2\r\n",
		"v1 space at the end":  "PROXY TCP4 192.0.2.1 198.51.100.2 1 2 \r\n",
		"v1 tab":               "PROXY TCP4\t192.0.2.1 198.51.100.2 1 2\r\n",
		"v1 NUL":               "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\x00\r\n",
		"v1 family":            "PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n",
		"v1 four as six":       "PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n",
		"v1 six as four":       "PROXY TCP4 ::1 ::1 1 2\r\n",
		"v1 mapped as four":    "PROXY TCP4 ::ffff:192.0.2.1 192.0.2.1 1 2\r\n",
		"v1 zone":              "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
		"v1 leading zero":      "PROXY TCP4 192.0.2.01 198.51.100.2 1 2\r\n",
		"v1 port":              "PROXY TCP4 192.0.2.1 198.51.100.2 65536 2\r\n",
		"v1 port, zero before": "PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n",
		"v1 port, sign":        "PROXY TCP4 192.0.2.1 198.51.100.2 +1 2\r\n",
		"v1 no port":           "PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n",
		"v1 one more":          "PROXY TCP4 192.0.2.1 198.51.100.2 1 2 3\r\n",
		"v1 UNKNOWNs":          "PROXY UNKNOWNS\r\n",
		"v1 empty":             "PROXY \r\n",
		"v2 version":           strings.Replace(v2(0x21, 0x11, four), "\x21", "\x11", 1),
		"v2 command":           v2(0x22, 0x11, four),
		"v2 family":            v2(0x21, 0x41, six),
		"v2 datagram":          v2(0x21, 0x12, four),
		"v2 no transport":      v2(0x21, 0x10, four),
		"v2 short four":        v2(0x21, 0x11, four[:11]),
		"v2 short six":         v2(0x21, 0x21, four),
		"v2 short unix":        v2(0x21, 0x31, four),
		"v2 half an option":    v2(0x21, 0x11, four+"\x01\x00"),
		"v2 option beyond":     v2(0x21, 0x11, four+"\x01\x00\x03h2"),
		"v2 checksum":          v2(0x21, 0x11, four+"\x03\x00\x04...."),
		"v2 checksum's size":   v2(0x21, 0x11, four+"\x03\x00\x03..."),
	} {
		if h, n, err := Parse([]byte(in)); !errors.Is(err, ErrMalformed) || n != 0 || h != (Header{}) {
			t.Errorf("%s: %+v, %d, %v", name, h, n, err)
		}
	}
	for name, in := range map[string]string{
		"v1":       "PROXY UNKNOWN " + strings.Repeat("x", maxLine),
		"v1, a CR": "PROXY UNKNOWN " + strings.Repeat("x", maxLine-15) + "\r\n",
		"v2":       v2(0x21, 0x11, "")[:14] + "\xff\xff",
	} {
		if _, n, err := Parse([]byte(in)); !errors.Is(err, ErrTooLong) || n != 0 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

// FuzzProxyProtocol: whatever comes, a header is found at one length only, does not
// depend on what follows it, and is within its bounds.
func FuzzProxyProtocol(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\nGET /"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add([]byte(v2(0x21, 0x11, four+"\x01\x00\x02h2")))
	f.Add([]byte(v2(0x21, 0x21, six)))
	f.Add([]byte(v2(0x20, 0x00, "")))
	f.Add([]byte(summed(v2(0x21, 0x11, four+"\x03\x00\x04...."))))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := Parse(b)
		if err != nil || n == 0 {
			if h != (Header{}) || n != 0 {
				t.Fatalf("%+v, %d with %v", h, n, err)
			}
			if err == nil && len(b) >= MaxBytes {
				t.Fatalf("%d bytes are not enough", len(b))
			}
			return
		}
		if n > len(b) || n > MaxBytes || n < len("PROXY UNKNOWN\r\n") {
			t.Fatalf("a header of %d of %d bytes", n, len(b))
		}
		if h.Source.IsValid() != h.Destination.IsValid() || h.Local && h.Source.IsValid() || h.Source.Addr().Is4In6() {
			t.Fatalf("%+v", h)
		}
		if again, m, err := Parse(b[:n]); again != h || m != n || err != nil {
			t.Fatalf("without what follows: %+v, %d, %v", again, m, err)
		}
		if _, m, err := Parse(b[:n-1]); m != 0 || err != nil {
			t.Fatalf("without the last byte: %d, %v", m, err)
		}
	})
}
