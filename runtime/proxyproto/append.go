package proxyproto

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// Append appends the header, in version 1 or 2, of a TCP connection. Both addresses are
// of one family there: an IPv4 address beside one of IPv6 is written as an IPv4-mapped
// one. Where one of them is not known the header says so (UNKNOWN, UNSPEC).
func Append(dst []byte, version int, h Header) []byte {
	from, to := h.Source.Addr().Unmap().WithZone(""), h.Destination.Addr().Unmap().WithZone("")
	known := from.IsValid() && to.IsValid()
	if known && from.Is4() != to.Is4() {
		from, to = netip.AddrFrom16(from.As16()), netip.AddrFrom16(to.As16())
	}
	if version == 1 {
		return append1(dst, known, netip.AddrPortFrom(from, h.Source.Port()), netip.AddrPortFrom(to, h.Destination.Port()))
	}
	const versionAndProxy, unspec, tcp4, tcp6 = 0x21, 0x00, 0x11, 0x21
	dst = append(dst, signature...)
	if !known {
		return append(dst, versionAndProxy, unspec, 0, 0)
	}
	family := byte(tcp6)
	if from.Is4() {
		family = tcp4
	}
	addresses := append(from.AsSlice(), to.AsSlice()...)
	dst = append(dst, versionAndProxy, family)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(addresses)+4))
	dst = append(dst, addresses...)
	dst = binary.BigEndian.AppendUint16(dst, h.Source.Port())
	return binary.BigEndian.AppendUint16(dst, h.Destination.Port())
}

// append1 appends the line of version 1.
func append1(dst []byte, known bool, from, to netip.AddrPort) []byte {
	dst = append(dst, prefix...)
	if !known {
		return append(dst, "UNKNOWN\r\n"...)
	}
	family := "TCP6 "
	if from.Addr().Is4() {
		family = "TCP4 "
	}
	dst = append(dst, family...)
	dst = from.Addr().AppendTo(dst)
	dst = append(dst, ' ')
	dst = to.Addr().AppendTo(dst)
	dst = append(dst, ' ')
	dst = strconv.AppendUint(dst, uint64(from.Port()), 10)
	dst = append(dst, ' ')
	dst = strconv.AppendUint(dst, uint64(to.Port()), 10)
	return append(dst, "\r\n"...)
}
