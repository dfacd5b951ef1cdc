package upstream

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// signature begins a header of the PROXY protocol's version 2.
const signature = "\r\n\r\n\x00\r\nQUIT\n"

// announceTime bounds the writing of a header: an empty socket takes it at once.
const announceTime = time.Second

// announce sends the header that tells of a client.
func announce(nc net.Conn, version string, c Client) bool {
	_ = nc.SetWriteDeadline(time.Now().Add(announceTime))
	_, err := nc.Write(appendHeader(nil, version, c))
	_ = nc.SetWriteDeadline(time.Time{})
	return err == nil
}

// appendHeader appends a header of the PROXY protocol for a TCP connection. Both
// addresses are of one family there: an IPv4 address beside one of IPv6 is written as an
// IPv4-mapped one. Where an address is not known the header says so (UNKNOWN, UNSPEC).
func appendHeader(dst []byte, version string, c Client) []byte {
	from, to := c.From.Addr().Unmap().WithZone(""), c.To.Addr().Unmap().WithZone("")
	known := from.IsValid() && to.IsValid()
	if known && from.Is4() != to.Is4() {
		from, to = netip.AddrFrom16(from.As16()), netip.AddrFrom16(to.As16())
	}
	if version == "v1" {
		switch {
		case !known:
			return append(dst, "PROXY UNKNOWN\r\n"...)
		case from.Is4():
			return fmt.Appendf(dst, "PROXY TCP4 %s %s %d %d\r\n", from, to, c.From.Port(), c.To.Port())
		}
		return fmt.Appendf(dst, "PROXY TCP6 %s %s %d %d\r\n", from, to, c.From.Port(), c.To.Port())
	}
	const versionAndCommand, unspec, tcp4, tcp6 = 0x21, 0x00, 0x11, 0x21
	dst = append(dst, signature...)
	if !known {
		return append(dst, versionAndCommand, unspec, 0, 0)
	}
	family := byte(tcp6)
	if from.Is4() {
		family = tcp4
	}
	addresses := append(from.AsSlice(), to.AsSlice()...)
	dst = append(dst, versionAndCommand, family)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(addresses)+4))
	dst = append(dst, addresses...)
	dst = binary.BigEndian.AppendUint16(dst, c.From.Port())
	return binary.BigEndian.AppendUint16(dst, c.To.Port())
}
