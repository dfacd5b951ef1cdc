package proxy

import (
	"encoding/base64"
	"encoding/binary"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
)

// webTrailer marks the frame of gRPC-Web that holds the trailers.
const webTrailer = 0x80

// webRequest makes the request of gRPC-Web a call of gRPC. What differs of the content is
// only its base64, where it is text; it is taken off at once when all of the content is at
// hand, and while it passes otherwise.
func (c *session) webRequest() reason.Code {
	w := c.w
	w.req.trailers = true
	if w.x.Web != filter.WebText || w.req.bodyless() {
		return reason.OK
	}
	size := int(w.req.length)
	if w.req.chunked || w.req.length > int64(w.end-w.start) {
		w.req.length, w.req.chunked = -1, true
		c.body.text = true
		c.body.quantum = quantum{}
		return reason.OK
	}
	var q quantum
	plain, ok := q.decode(nil, w.in[w.start:w.start+size])
	if !ok || q.n > 0 {
		return reason.BadRequest
	}
	w.start += size - copy(w.in[w.start+size-len(plain):], plain)
	w.req.length, c.body.left = int64(len(plain)), int64(len(plain))
	return reason.OK
}

// quantum is base64 that came in part: its next four characters. Each may end in padding,
// for a text of gRPC-Web may be several texts one after the other.
type quantum struct {
	n    int
	text [4]byte
}

// decode appends what the characters of p stand for to dst. It reports false for what is no
// base64 (RFC 4648 section 4).
func (q *quantum) decode(dst, p []byte) ([]byte, bool) {
	for _, c := range p {
		q.text[q.n] = c
		if q.n++; q.n < len(q.text) {
			continue
		}
		q.n = 0
		var plain [3]byte
		n, err := base64.StdEncoding.Strict().Decode(plain[:], q.text[:])
		if err != nil {
			return dst, false
		}
		dst = append(dst, plain[:n]...)
	}
	return dst, true
}

// webContent is content of a response of gRPC as gRPC-Web has it: the trailers come at its
// end, and all of it is base64 where it is text.
func (c *session) webContent(data []byte, end bool) []byte {
	w := c.w
	trailer := &w.chunks.trailer
	if end && len(trailer.Fields()) > 0 {
		w.web = append(w.web[:0], data...)
		at := len(w.web)
		w.web = append(w.web, webTrailer, 0, 0, 0, 0)
		for _, f := range trailer.Fields() {
			w.web = appendLower(w.web, f.Name)
			w.web = append(w.web, ':')
			w.web = append(w.web, f.Value...)
			w.web = append(w.web, "\r\n"...)
		}
		binary.BigEndian.PutUint32(w.web[at+1:], uint32(len(w.web)-at-5))
		trailer.Reset()
		data = w.web
	}
	if w.x.Web == filter.WebText && len(data) > 0 {
		data = base64.StdEncoding.AppendEncode(nil, data)
	}
	return data
}

func appendLower(dst []byte, name string) []byte {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}
