package proxy

import (
	"bytes"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
)

// requestHead is a parsed request head; its strings are views of the input.
type requestHead struct {
	framing
	method string
	target string
	path   string // raw, of origin and absolute form
	query  string
	http10 bool
	star   bool // asterisk form
	host   string
	expect bool // Expect: 100-continue

	authority string // of the absolute form
	hasHost   bool
}

// headLimits bound a head.
type headLimits struct{ line, head, fields int }

// parse reads a request head at the start of b and puts its end-to-end fields into
// h. It returns the head's length, 0 when b ends before the head does, or a code
// other than OK when the head is refused. trusted keeps the X-Forwarded-* fields.
func (r *requestHead) parse(b []byte, h *filter.Header, trusted bool, lim headLimits) (int, reason.Code) {
	*r = requestHead{framing: framing{length: -1}}
	i := 0
	// One empty line before the request line is forgiven (RFC 9112 section 2.2).
	if len(b) >= 2 && b[0] == '\r' && b[1] == '\n' {
		i = 2
	}
	n, code := r.requestLine(b[i:], lim.line)
	if n == 0 || code != reason.OK {
		return 0, code
	}
	i += n
	count := 0
	for {
		name, value, next := line(b, i)
		switch {
		case next < 0:
			return 0, reason.BadRequest
		case next == 0 && len(b) >= lim.head, next > lim.head:
			return 0, reason.HeadTooLarge
		case next == 0:
			return 0, reason.OK
		}
		i = next
		if name == "" {
			break
		}
		if count++; count > lim.fields {
			return 0, reason.HeadTooLarge
		}
		switch r.field(name, value, trusted) {
		case invalid:
			return 0, reason.BadRequest
		case endToEnd:
			h.Add(name, value)
		case consumed:
			if r.length == expectFailed {
				return 0, reason.ExpectationFailed
			}
		}
	}
	if code := r.finish(); code != reason.OK {
		return 0, code
	}
	r.unlist(h)
	return i, reason.OK
}

// expectFailed marks an expectation other than 100-continue.
const expectFailed = -2

// requestLine reads "METHOD SP target SP HTTP/1.x CRLF".
func (r *requestHead) requestLine(b []byte, limit int) (int, reason.Code) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		if len(b) > limit {
			return 0, reason.URITooLong
		}
		// What can be no method is refused at once: it may be another protocol.
		for _, c := range b[:min(len(b), maxMethod)] {
			if c == ' ' {
				break
			}
			if !isToken(c) && c != '\r' {
				return 0, reason.BadRequest
			}
		}
		return 0, reason.OK
	}
	if end > limit {
		return 0, reason.URITooLong
	}
	if end == 0 || b[end-1] != '\r' {
		return 0, reason.BadRequest
	}
	l := b[:end-1]
	sp := 0
	for sp < len(l) && isToken(l[sp]) {
		sp++
	}
	if sp == 0 || sp > maxMethod || sp == len(l) || l[sp] != ' ' {
		return 0, reason.BadRequest
	}
	r.method = view(l[:sp])
	l = l[sp+1:]
	if sp = bytes.IndexByte(l, ' '); sp <= 0 {
		return 0, reason.BadRequest
	}
	r.target = view(l[:sp])
	v := l[sp+1:]
	if len(v) != 8 || view(v[:5]) != "HTTP/" || v[5] < '0' || v[5] > '9' || v[6] != '.' || v[7] < '0' || v[7] > '9' {
		return 0, reason.BadRequest
	}
	if v[5] != '1' {
		return 0, reason.VersionUnsupported
	}
	r.http10 = v[7] == '0'
	if code := r.parseTarget(); code != reason.OK {
		return 0, code
	}
	return end + 1, reason.OK
}

// maxMethod bounds a method's name.
const maxMethod = 32

// field takes one field of the request.
func (r *requestHead) field(name, value string, trusted bool) fieldKind {
	switch len(name) {
	case 4:
		if filter.EqualFold(name, "host") {
			if r.hasHost || !validHost(value) {
				return invalid
			}
			r.host, r.hasHost = value, true
			return consumed
		}
	case 5:
		// A CGI behind us would take it for its HTTP_PROXY variable.
		if filter.EqualFold(name, "proxy") {
			return consumed
		}
	case 6:
		if filter.EqualFold(name, "expect") {
			if filter.EqualFold(value, "100-continue") {
				r.expect = true
			} else if !r.http10 {
				r.length = expectFailed
			}
			return consumed
		}
	case 9:
		if filter.EqualFold(name, "forwarded") {
			return consumed
		}
		if !trusted && filter.EqualFold(name, "x-real-ip") {
			return consumed
		}
	}
	if !trusted && len(name) >= 12 && filter.EqualFold(name[:12], "x-forwarded-") {
		return consumed
	}
	return r.take(name, value)
}

// finish applies the rules that need the whole head.
func (r *requestHead) finish() reason.Code {
	if r.encoding != "" {
		switch {
		case r.length >= 0 || r.http10:
			return reason.BadRequest // RFC 9112 section 6.1
		case !r.chunked:
			last := strings.LastIndexByte(r.encoding, ',')
			final, _ := nextListed(r.encoding[last+1:])
			first, _ := nextListed(r.encoding)
			if last > 0 && filter.EqualFold(final, "chunked") && !filter.EqualFold(first, "chunked") && cleanToken(first) {
				return reason.NotImplemented
			}
			return reason.BadRequest
		}
	}
	if !r.hasHost && !r.http10 {
		return reason.BadRequest // RFC 9112 section 3.2
	}
	if r.authority != "" {
		if r.hasHost && !filter.EqualFold(r.authority, r.host) {
			return reason.BadRequest
		}
		r.host = r.authority
	}
	if r.http10 {
		r.expect = false // RFC 9110 section 10.1.1
	}
	return reason.OK
}

// bodyless tells that no body follows.
func (r *requestHead) bodyless() bool { return !r.chunked && r.length <= 0 }

// persistent tells whether the client wants the connection to go on.
func (r *requestHead) persistent() bool {
	if r.http10 {
		return r.keep && !r.close
	}
	return !r.close
}
