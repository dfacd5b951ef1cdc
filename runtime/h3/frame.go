package h3

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go/quicvarint"
	"golang.org/x/net/http/httpguts"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

// Types of frames (RFC 9114 section 7.2).
const (
	frameData    = 0x0
	frameHeaders = 0x1
)

// appendFrame appends what stands before n bytes of payload.
func appendFrame(b []byte, kind, n uint64) []byte {
	return quicvarint.Append(quicvarint.Append(b, kind), n)
}

// appendHead appends the head of a response. A length below 0 is none.
func appendHead(b []byte, status int, h *filter.Header, length int64) []byte {
	return appendSection(b, h, func(field func(name, value string)) {
		field(":status", strconv.Itoa(status))
		if length >= 0 {
			field("content-length", strconv.FormatInt(length, 10))
		}
	})
}

// appendTrailer appends a trailer section.
func appendTrailer(b []byte, t *filter.Header) []byte {
	return appendSection(b, t, func(func(name, value string)) {})
}

// appendSection appends a field section with the fields of h after those of first: names in
// lower case, without those that belong to a connection (RFC 9114 section 4.2) or are none,
// and without values that no field may have.
func appendSection(b []byte, h *filter.Header, first func(field func(name, value string))) []byte {
	var buf bytes.Buffer
	enc := qpack.NewEncoder(&buf)
	field := func(name, value string) {
		_ = enc.WriteField(qpack.HeaderField{Name: name, Value: value}) // a buffer takes all
	}
	first(field)
	for _, f := range h.Fields() {
		name, value := strings.ToLower(f.Name), strings.Trim(f.Value, " \t")
		if httpguts.ValidHeaderFieldName(name) && httpguts.ValidHeaderFieldValue(value) && !ofConnection(name) {
			field(name, value)
		}
	}
	b = appendFrame(b, frameHeaders, uint64(buf.Len()))
	return append(b, buf.Bytes()...)
}

// ofConnection tells of fields that no message of HTTP/3 has, or that we write ourselves.
func ofConnection(name string) bool {
	switch name {
	case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "te", "host", "content-length":
		return true
	}
	return false
}
