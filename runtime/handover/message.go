// Package handover passes the sockets of a running gateway to the one that replaces it,
// so that no connection is refused between the two.
package handover

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Bounds of a message.
const (
	// MaxSockets is how many sockets a gateway can pass on: the system's bound for the
	// descriptors of one message is 253.
	MaxSockets = 250
	maxName    = 255
	maxText    = 1024
	maxMessage = head + 2 + MaxSockets*(2+maxName)
)

// A message is magic, version, kind and what the kind carries.
const (
	magic   = "LNTL"
	version = 1
	head    = len(magic) + 2
)

type kind uint8

// The kinds of messages, in the order in which they go.
const (
	hello   kind = 1 + iota // new to old: I am here
	sockets                 // old to new: names; the descriptors come with it, in their order
	ready                   // new to old: I serve
	going                   // old to new: I accept no more, and drain
	refusal                 // either way: why not
)

// message is one step of a handover.
type message struct {
	kind  kind
	names []string // of sockets
	text  string   // of refusal
}

var errMalformed = errors.New("the other process speaks no handover")

// append encodes the message, which is within its bounds.
func (m *message) append(b []byte) []byte {
	b = append(append(b, magic...), version, byte(m.kind))
	switch m.kind {
	case sockets:
		b = binary.BigEndian.AppendUint16(b, uint16(len(m.names)))
		for _, name := range m.names {
			b = binary.BigEndian.AppendUint16(b, uint16(len(name)))
			b = append(b, name...)
		}
	case refusal:
		b = append(b, m.text...)
	}
	return b
}

// parse decodes a whole message.
func parse(b []byte) (message, error) {
	if len(b) < head || string(b[:len(magic)]) != magic {
		return message{}, errMalformed
	}
	if v := b[len(magic)]; v != version {
		return message{}, fmt.Errorf("the other process speaks version %d of the handover, and this one version %d", v, version)
	}
	m := message{kind: kind(b[len(magic)+1])}
	b = b[head:]
	switch m.kind {
	case hello, ready, going:
		if len(b) > 0 {
			return message{}, errMalformed
		}
	case sockets:
		var ok bool
		if m.names, ok = parseNames(b); !ok {
			return message{}, errMalformed
		}
	case refusal:
		if m.text = string(b); len(b) > maxText || !plain(m.text) {
			return message{}, errMalformed
		}
	default:
		return message{}, errMalformed
	}
	return m, nil
}

func parseNames(b []byte) (names []string, ok bool) {
	if len(b) < 2 {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if b = b[2:]; n > MaxSockets {
		return nil, false
	}
	for range n {
		if len(b) < 2 {
			return nil, false
		}
		size := int(binary.BigEndian.Uint16(b))
		if b = b[2:]; size > maxName || size > len(b) || !plain(string(b[:size])) {
			return nil, false
		}
		names = append(names, string(b[:size]))
		b = b[size:]
	}
	return names, len(b) == 0
}

// plain tells that s is printable ASCII: it may be shown.
func plain(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}
