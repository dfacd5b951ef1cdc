package h2

import (
	"hash/maphash"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

// encoder is the state of HPACK for what we send. Strings are sent as they are, without
// Huffman's code: that costs more time than the bytes are worth. Only fields that
// repeat and are no secrets go into the dynamic table (RFC 7541 section 7.1), and those
// when their value comes for the second time.
type encoder struct {
	table
	added  uint32 // entries, ever; it may begin anew
	resize bool   // the peer must be told of a new size
	least  int    // the smallest size since the last section
	seed   maphash.Seed
	slots  [32]slot
}

// slot is what was seen of the values that share a hash.
type slot struct {
	hash uint32
	at   uint32 // which entry it is, from 1; 0 for none
}

// fieldName is how a name is encoded.
type fieldName struct {
	index  int // in the static table, or 0
	repeat bool
	secret bool // never indexed (RFC 7541 section 7.1.3)
	drop   bool
}

// fieldNames are the names with a way of their own.
var fieldNames = func() map[string]fieldName {
	m := map[string]fieldName{}
	for i := staticCount; i > 0; i-- {
		m[static[i].name] = fieldName{index: i}
	}
	for _, name := range strings.Fields("host content-length te connection proxy-connection keep-alive transfer-encoding upgrade") {
		f := m[name]
		f.drop = true
		m[name] = f
	}
	for _, name := range strings.Fields(`:authority accept accept-charset accept-encoding accept-language accept-ranges
		access-control-allow-credentials access-control-allow-headers access-control-allow-methods
		access-control-allow-origin access-control-expose-headers access-control-max-age allow alt-svc cache-control
		content-encoding content-language content-security-policy content-type cross-origin-opener-policy
		cross-origin-resource-policy dnt grpc-accept-encoding grpc-encoding grpc-status origin permissions-policy pragma
		referrer-policy server strict-transport-security upgrade-insecure-requests user-agent vary via
		x-content-type-options x-forwarded-host x-forwarded-proto x-frame-options x-powered-by x-xss-protection`) {
		f := m[name]
		f.repeat = true
		m[name] = f
	}
	for _, name := range strings.Fields("authorization cookie proxy-authorization set-cookie x-api-key") {
		f := m[name]
		f.secret = true
		m[name] = f
	}
	return m
}()

// The indexes of pseudo-fields in the static table (RFC 7541 appendix A).
const (
	indexAuthority  = 1
	indexGet        = 2
	indexPost       = 3
	indexPath       = 4
	indexHTTP       = 6
	indexHTTPS      = 7
	indexStatus     = 8
	indexLength     = 28
	indexStatusHere = 14
)

func newEncoder() encoder {
	return encoder{table: table{max: tableBytes}, seed: maphash.MakeSeed()}
}

// limit takes SETTINGS_HEADER_TABLE_SIZE of the peer (RFC 7541 section 4.2).
func (e *encoder) limit(n uint32) {
	size := int(min(n, tableBytes))
	if size == e.max && !e.resize {
		return
	}
	if !e.resize {
		e.least = size
	}
	e.resize = true
	e.least = min(e.least, size)
	e.table.resize(size)
}

// begin starts a section. Where the size went down and up again both must be said (RFC
// 7541 section 4.2). We say 0 for the first: x/net's decoder takes a second update only
// when the table is empty.
func (e *encoder) begin(b []byte) []byte {
	if !e.resize {
		return b
	}
	e.resize = false
	if size := e.max; e.least < size {
		e.table.resize(0)
		e.table.resize(size)
		b = appendInteger(b, 5, 0x20, 0)
	}
	return appendInteger(b, 5, 0x20, e.max)
}

func appendInteger(b []byte, prefix uint, first byte, n int) []byte {
	mask := 1<<prefix - 1
	if n < mask {
		return append(b, first|byte(n))
	}
	b = append(b, first|byte(mask))
	for n -= mask; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

func appendText(b []byte, s string) []byte {
	return append(appendInteger(b, 7, 0, len(s)), s...)
}

func appendIndexed(b []byte, i int) []byte { return appendInteger(b, 7, 0x80, i) }

// named appends a field whose name is in the static table, without indexing.
func appendNamed(b []byte, index int, value string) []byte {
	return appendText(appendInteger(b, 4, 0, index), value)
}

func (e *encoder) status(b []byte, status int) []byte {
	switch status {
	case 200:
		return appendIndexed(b, indexStatus)
	case 204, 206, 304, 400, 404, 500:
		for i := indexStatus + 1; i <= indexStatusHere; i++ {
			if parseStatus(static[i].value) == status {
				return appendIndexed(b, i)
			}
		}
	}
	return strconv.AppendInt(append(appendInteger(b, 4, 0, indexStatus), 3), int64(status), 10)
}

func (e *encoder) length(b []byte, n int64) []byte {
	b = append(appendInteger(b, 4, 0, indexLength), 0)
	at := len(b)
	b = strconv.AppendInt(b, n, 10)
	b[at-1] = byte(len(b) - at)
	return b
}

// request appends the pseudo-fields of a request.
func (e *encoder) request(b []byte, h *Head) []byte {
	switch h.Method {
	case "GET":
		b = appendIndexed(b, indexGet)
	case "POST":
		b = appendIndexed(b, indexPost)
	default:
		b = appendNamed(b, indexGet, h.Method)
	}
	if h.Method != "CONNECT" || h.Protocol != "" {
		switch h.Scheme {
		case "http":
			b = appendIndexed(b, indexHTTP)
		case "https":
			b = appendIndexed(b, indexHTTPS)
		default:
			b = appendNamed(b, indexHTTP, h.Scheme)
		}
		if h.Path == "/" {
			b = appendIndexed(b, indexPath)
		} else {
			b = appendNamed(b, indexPath, h.Path)
		}
	}
	if h.Authority != "" {
		b = e.repeated(b, ":authority", h.Authority, indexAuthority)
	}
	if h.Protocol != "" {
		b = appendText(appendText(append(b, 0), ":protocol"), h.Protocol)
	}
	return b
}

// fields appends what may be sent of a header: names in lower case, without those that
// belong to a connection or are none, and without values that no field may have.
func (e *encoder) fields(b []byte, h *filter.Header) []byte {
	if h == nil {
		return b
	}
	for _, f := range h.Fields() {
		b = e.field(b, f.Name, f.Value)
	}
	return b
}

func (e *encoder) field(b []byte, name, value string) []byte {
	var room [64]byte
	low := room[:0]
	for i := 0; i < len(name); i++ {
		c := lower[name[i]]
		if c == 0 {
			return b
		}
		low = append(low, c)
	}
	value = strings.Trim(value, " \t")
	if len(low) == 0 || !validValue(value) {
		return b
	}
	f := fieldNames[string(low)]
	switch {
	case f.drop:
		return b
	case f.repeat:
		return e.repeated(b, string(low), value, f.index)
	}
	first := byte(0)
	if f.secret {
		first = 0x10
	}
	b = appendInteger(b, 4, first, f.index)
	if f.index == 0 {
		b = append(appendInteger(b, 7, 0, len(low)), low...)
	}
	return appendText(b, value)
}

// repeated appends a field that may go into the dynamic table. What stays there is a
// copy: the strings are views that live as long as an exchange.
func (e *encoder) repeated(b []byte, name, value string, index int) []byte {
	first, prefix := byte(0), uint(4)
	if len(name)+len(value)+32 <= e.max/4 {
		hash := uint32(maphash.String(e.seed, value)) ^ uint32(len(name))<<24 ^ uint32(name[len(name)-1])<<16
		s := &e.slots[hash%uint32(len(e.slots))]
		switch {
		case s.hash != hash:
			*s = slot{hash: hash}
		case s.at != 0 && e.added-s.at < uint32(e.count):
			i := int(e.added - s.at)
			if x := e.at(i); x.name == name && x.value == value {
				return appendIndexed(b, staticCount+1+i)
			}
			*s = slot{}
		default:
			kept := name + value
			e.add(entry{name: kept[:len(name)], value: kept[len(name):]})
			e.added++
			s.at = e.added
			first, prefix = 0x40, 6
		}
	}
	b = appendInteger(b, prefix, first, index)
	if index == 0 {
		b = appendText(b, name)
	}
	return appendText(b, value)
}
