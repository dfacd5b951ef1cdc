package proxy

import (
	"bytes"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

// Bounds of the chunked coding that no setting raises.
const (
	maxChunkLine = 1 << 10 // size and extensions
	maxTrailer   = 8 << 10
	maxTrailers  = 32
)

// chunkState is where a chunked body stands.
type chunkState uint8

const (
	inSize chunkState = iota
	inData
	inDataEnd
	inTrailer
	chunksDone
)

// chunks decodes the chunked coding (RFC 9112 section 7.1), strictly: CRLF only, no
// space in the size line before an extension, bounded extensions and trailers.
type chunks struct {
	state chunkState
	left  int64 // of the present chunk
	// trailer holds the trailer fields once the body is done; their strings are
	// views of the bytes that next was given last.
	trailer filter.Header
}

func (c *chunks) reset() {
	c.state, c.left = inSize, 0
	c.trailer.Reset()
}

// next consumes n bytes at the start of b. data are bytes of the body, a view of b.
// n is 0 when b ends too early to go on; ok is false when the coding is broken.
func (c *chunks) next(b []byte) (data []byte, n int, ok bool) {
	switch c.state {
	case inSize:
		return c.size(b)
	case inData:
		k := int(min(int64(len(b)), c.left))
		c.left -= int64(k)
		if c.left == 0 {
			c.state = inDataEnd
		}
		return b[:k], k, true
	case inDataEnd:
		if len(b) > 0 && b[0] != '\r' || len(b) > 1 && b[1] != '\n' {
			return nil, 0, false
		}
		if len(b) < 2 {
			return nil, 0, true
		}
		c.state = inSize
		return nil, 2, true
	case inTrailer:
		return c.trailers(b)
	}
	return nil, 0, true
}

// fold decodes what b holds. data is the content of all its chunks, joined in place;
// n bytes of b are used up. ok is false when the coding is broken.
func (c *chunks) fold(b []byte) (data []byte, n int, ok bool) {
	at := 0 // of data in b
	for c.state != chunksDone {
		part, k, ok := c.next(b[n:])
		if !ok {
			return nil, n, false
		}
		if k == 0 {
			break
		}
		switch {
		case len(part) == 0:
		case len(data) == 0:
			at, data = n, part
		default:
			end := at + len(data)
			copy(b[end:], part)
			data = b[at : end+len(part)]
		}
		n += k
	}
	return data, n, true
}

func (c *chunks) size(b []byte) ([]byte, int, bool) {
	v, i := int64(0), 0
	for i < len(b) && isHex(b[i]) {
		if i == 15 {
			return nil, 0, false
		}
		v = v<<4 | int64(unhex(b[i]))
		i++
	}
	if i == len(b) {
		return nil, 0, true
	}
	if i == 0 || b[i] != '\r' && b[i] != ';' {
		return nil, 0, false
	}
	end := valueEnd(b[:min(len(b), maxChunkLine)], i)
	switch {
	case end == maxChunkLine:
		return nil, 0, false
	case end == len(b):
		return nil, 0, true
	case b[end] != '\r':
		return nil, 0, false
	case end+1 == len(b):
		return nil, 0, true
	case b[end+1] != '\n':
		return nil, 0, false
	}
	c.left, c.state = v, inData
	if v == 0 {
		c.state = inTrailer
	}
	return nil, end + 2, true
}

// trailers reads the whole trailer section at once; it is bounded.
func (c *chunks) trailers(b []byte) ([]byte, int, bool) {
	c.trailer.Reset()
	for i, count := 0, 0; ; count++ {
		name, value, next := line(b, i)
		switch {
		case next < 0 || next == 0 && len(b) > maxTrailer || next > maxTrailer || count > maxTrailers:
			return nil, 0, false
		case next == 0:
			return nil, 0, true
		case name == "":
			c.state = chunksDone
			return nil, next, true
		}
		i = next
		if trailerAllowed(name) {
			c.trailer.Add(name, value)
		}
	}
}

// trailerAllowed tells whether a field may stand in a trailer section: none that
// frames, routes, authenticates or describes the content (RFC 9110 section 6.5.1).
// Those are dropped.
func trailerAllowed(name string) bool {
	for _, no := range [...]string{
		"content-length", "transfer-encoding", "host", "connection", "keep-alive", "upgrade", "te", "trailer",
		"proxy-connection", "expect", "range", "authorization", "proxy-authorization", "cookie", "set-cookie",
		"content-encoding", "content-type", "content-range", "cache-control", "forwarded", "location", "www-authenticate",
	} {
		if filter.EqualFold(name, no) {
			return false
		}
	}
	return len(name) < 12 || !filter.EqualFold(name[:12], "x-forwarded-")
}

// appendChunk appends one chunk; an empty one would end the body.
func appendChunk(dst, data []byte) []byte {
	if len(data) == 0 {
		return dst
	}
	dst = appendHex(dst, len(data))
	dst = append(dst, "\r\n"...)
	dst = append(dst, data...)
	return append(dst, "\r\n"...)
}

func appendHex(dst []byte, n int) []byte {
	shift := 0
	for n>>shift > 15 {
		shift += 4
	}
	for ; shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[n>>shift&15])
	}
	return dst
}

// appendLastChunk ends a chunked body.
func appendLastChunk(dst []byte, trailer *filter.Header) []byte {
	dst = append(dst, "0\r\n"...)
	for _, f := range trailer.Fields() {
		dst = appendField(dst, f.Name, f.Value)
	}
	return append(dst, "\r\n"...)
}

// headEnd looks for the end of a head that did not come whole, so that it is parsed
// once and not at each byte. It remembers what it has seen.
type headEnd struct{ seen, lineStart int }

// found tells whether b holds a whole head, or a line that ends in a bare LF: then
// parsing it gives the verdict.
func (h *headEnd) found(b []byte) bool {
	for {
		i := bytes.IndexByte(b[h.seen:], '\n')
		if i < 0 {
			h.seen = len(b)
			return false
		}
		at := h.seen + i
		if at == 0 || b[at-1] != '\r' {
			return true
		}
		if at-1 == h.lineStart && at > 1 {
			return true
		}
		h.seen, h.lineStart = at+1, at+1
	}
}
