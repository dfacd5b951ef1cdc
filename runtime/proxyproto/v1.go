package proxyproto

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
)

// maxLine is the longest header of version 1, its CRLF included.
const maxLine = 107

const prefix = "PROXY "

// parse1 reads a header of version 1: one line of text.
func parse1(b []byte) (h Header, n int, err error) {
	seen := b[:min(len(b), maxLine)]
	if k := min(len(seen), len(prefix)); string(seen[:k]) != prefix[:k] {
		return Header{}, 0, ErrMalformed
	}
	end := bytes.IndexByte(seen, '\r')
	switch {
	case end < 0 && len(seen) == maxLine:
		return Header{}, 0, ErrTooLong
	case end < 0:
		if !printable(seen) {
			return Header{}, 0, ErrMalformed
		}
		return Header{}, 0, nil
	case !printable(seen[:end]):
		return Header{}, 0, ErrMalformed
	case end+1 == maxLine:
		return Header{}, 0, ErrTooLong
	case end+1 == len(seen):
		return Header{}, 0, nil
	case seen[end+1] != '\n':
		return Header{}, 0, ErrMalformed
	}
	line := string(seen[len(prefix):end])
	if line == "UNKNOWN" || strings.HasPrefix(line, "UNKNOWN ") {
		return Header{}, end + 2, nil // what follows the word is to be ignored
	}
	f := strings.Split(line, " ")
	if len(f) != 5 || f[0] != "TCP4" && f[0] != "TCP6" {
		return Header{}, 0, ErrMalformed
	}
	var ok1, ok2 bool
	h.Source, ok1 = endpoint(f[0], f[1], f[3])
	h.Destination, ok2 = endpoint(f[0], f[2], f[4])
	if !ok1 || !ok2 {
		return Header{}, 0, ErrMalformed
	}
	return h, end + 2, nil
}

// printable tells that b holds nothing but what stands in a line of version 1.
func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// endpoint reads an address of the family and a port, both written in one way only.
func endpoint(family, address, port string) (netip.AddrPort, bool) {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Zone() != "" || a.Is4() != (family == "TCP4") {
		return netip.AddrPort{}, false
	}
	p, err := strconv.ParseUint(port, 10, 16)
	if err != nil || strconv.FormatUint(p, 10) != port {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(p)), true
}
