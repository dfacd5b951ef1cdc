package proxy

import (
	"github.com/lintel-gateway/lintel/runtime/filter"
)

// responseHead is a parsed response head; its strings are views of the input.
type responseHead struct {
	framing
	status int
	phrase string
	http10 bool
	date   bool
}

// parse reads a response head at the start of b and puts its end-to-end fields into
// h. It returns the head's length, 0 when b ends before the head does, and whether
// the head is well formed. It is as strict as for requests: an upstream that two
// readers may understand differently is not relayed.
func (r *responseHead) parse(b []byte, h *filter.Header, maxFields int) (int, bool) {
	*r = responseHead{framing: framing{length: -1}}
	h.Reset()
	const least = len("HTTP/1.1 200")
	for i, c := range []byte("HTTP/1.") {
		if i < len(b) && b[i] != c {
			return 0, false
		}
	}
	if len(b) < least+1 {
		return 0, true
	}
	if b[7] != '0' && b[7] != '1' || b[8] != ' ' {
		return 0, false
	}
	r.http10 = b[7] == '0'
	for _, c := range b[9:12] {
		if c < '0' || c > '9' {
			return 0, false
		}
		r.status = r.status*10 + int(c-'0')
	}
	if r.status < 100 || r.status > 599 || b[12] != ' ' && b[12] != '\r' {
		return 0, false
	}
	i := least
	end := valueEnd(b, i)
	switch {
	case end == len(b):
		return 0, true
	case b[end] != '\r':
		return 0, false
	case end+1 == len(b):
		return 0, true
	case b[end+1] != '\n':
		return 0, false
	}
	r.phrase = view(trimOWS(b[i:end]))
	i = end + 2
	for count := 0; ; count++ {
		name, value, next := line(b, i)
		if next < 0 || count > maxFields {
			return 0, false
		}
		if next == 0 {
			return 0, true
		}
		i = next
		if name == "" {
			break
		}
		switch r.take(name, value) {
		case invalid:
			return 0, false
		case endToEnd:
			if len(name) == 4 && filter.EqualFold(name, "date") {
				r.date = true
			}
			h.Add(name, value)
		}
	}
	if r.encoding != "" && (!r.chunked || r.length >= 0 || r.http10) {
		return 0, false
	}
	r.unlist(h)
	return i, true
}

// bodyless tells that no body follows the head, whatever its fields say (RFC 9112
// section 6.3).
func (r *responseHead) bodyless(method string) bool {
	return method == "HEAD" || r.status == 204 || r.status == 304 || r.status < 200
}

// untilClose tells that the body ends with the connection.
func (r *responseHead) untilClose() bool { return !r.chunked && r.length < 0 }

// persistent tells whether the upstream keeps the connection.
func (r *responseHead) persistent() bool { return !r.http10 && !r.close }
