package proxyproto

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

// signature begins a header of version 2.
const signature = "\r\n\r\n\x00\r\nQUIT\n"

// The parts of a header of version 2.
const (
	fixed    = len(signature) + 4 // with version, family and length
	typeCRC  = 0x03
	tlvHead  = 3
	unixSize = 216
)

// parse2 reads a header of version 2: binary.
func parse2(b []byte) (h Header, n int, err error) {
	if k := min(len(b), len(signature)); string(b[:k]) != signature[:k] {
		return Header{}, 0, ErrMalformed
	}
	if len(b) < fixed {
		// A version or command that is wrong needs no more bytes.
		if len(b) > len(signature) && b[len(signature)]>>4 != 2 {
			return Header{}, 0, ErrMalformed
		}
		return Header{}, 0, nil
	}
	command, family := b[12], b[13]
	n = fixed + int(binary.BigEndian.Uint16(b[14:]))
	switch {
	case command != 0x20 && command != 0x21:
		return Header{}, 0, ErrMalformed
	case n > MaxBytes:
		return Header{}, 0, ErrTooLong
	case len(b) < n:
		return Header{}, 0, nil
	}
	b = b[:n]
	if command == 0x20 {
		return Header{Local: true}, n, nil // the rest is to be ignored
	}
	rest := b[fixed:]
	size := 0
	switch family {
	case 0x00: // not told
	case 0x11:
		size = 12
	case 0x21:
		size = 36
	case 0x31:
		size = unixSize
	default:
		return Header{}, 0, ErrMalformed // no stream, or no family that there is
	}
	if len(rest) < size || family != 0x00 && !options(b, fixed+size) {
		return Header{}, 0, ErrMalformed
	}
	switch family {
	case 0x11:
		h.Source = addrPort(rest[0:4], rest[8:])
		h.Destination = addrPort(rest[4:8], rest[10:])
	case 0x21:
		h.Source = addrPort(rest[0:16], rest[32:])
		h.Destination = addrPort(rest[16:32], rest[34:])
	}
	return h, n, nil
}

func addrPort(address, port []byte) netip.AddrPort {
	a, _ := netip.AddrFromSlice(address) // it has the right length
	return netip.AddrPortFrom(a.Unmap(), binary.BigEndian.Uint16(port))
}

// options passes over what follows the addresses in the header b: type, length and
// value, one after the other. A checksum among them must be right; nothing else of them
// is used.
func options(b []byte, at int) bool {
	for at < len(b) {
		if len(b)-at < tlvHead {
			return false
		}
		size := int(binary.BigEndian.Uint16(b[at+1:]))
		value := at + tlvHead
		if len(b)-value < size {
			return false
		}
		if b[at] == typeCRC && (size != 4 || !sound(b, value)) {
			return false
		}
		at = value + size
	}
	return true
}

// sound checks the CRC32c of the header b, which is taken with zeros in its own place.
func sound(b []byte, at int) bool {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(0, table, b[:at])
	sum = crc32.Update(sum, table, make([]byte, 4))
	sum = crc32.Update(sum, table, b[at+4:])
	return sum == binary.BigEndian.Uint32(b[at:])
}
