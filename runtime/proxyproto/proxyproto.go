// Package proxyproto parses and writes the header of the PROXY protocol, versions 1 and
// 2, with which a load balancer says whose connection it passes on.
package proxyproto

import (
	"errors"
	"net/netip"
)

// MaxBytes bounds a header in bytes: what a load balancer adds to the addresses is a
// few hundred.
const MaxBytes = 4 << 10

// ErrMalformed is the error of bytes that are no header.
var ErrMalformed = errors.New("not a header of the PROXY protocol")

// ErrTooLong is the error of a header longer than MaxBytes.
var ErrTooLong = errors.New("the header of the PROXY protocol is too long")

// Header is what a header says.
type Header struct {
	// Source and Destination are the ends of the connection that is passed on. Both are
	// invalid when the header names none (LOCAL, UNKNOWN, Unix sockets): then the
	// connection's own ends hold.
	Source, Destination netip.AddrPort
	// Local tells that the load balancer speaks for itself, to see whether we are there.
	Local bool
}

// Parse reads the header at the start of b. n is its length; 0 means that b ends before
// the header does. Bytes that can be no header are an error as soon as that is certain.
func Parse(b []byte) (h Header, n int, err error) {
	if len(b) > 0 && b[0] == signature[0] {
		return parse2(b)
	}
	return parse1(b)
}
