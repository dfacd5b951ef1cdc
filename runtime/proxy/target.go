package proxy

import (
	"net/netip"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
)

// parseTarget splits the request target (RFC 9112 section 3.2).
func (r *requestHead) parseTarget() reason.Code {
	t := r.target
	mark := -1
	for i := 0; i < len(t); i++ {
		c := t[i]
		if c <= ' ' || c == 0x7f || c == '#' {
			return reason.BadRequest
		}
		if c == '?' && mark < 0 {
			mark = i
		}
	}
	if r.method == "CONNECT" {
		return reason.NotImplemented
	}
	if t == "*" {
		if r.method != "OPTIONS" {
			return reason.BadRequest
		}
		r.star = true
		return reason.OK
	}
	if t[0] != '/' {
		rest, ok := cutScheme(t)
		if !ok {
			return reason.BadRequest
		}
		end := strings.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		r.authority = rest[:end]
		if r.authority == "" || !validHost(r.authority) {
			return reason.BadRequest
		}
		t = rest[end:]
		mark = strings.IndexByte(t, '?')
		if t == "" && r.method == "OPTIONS" {
			r.star = true // RFC 9112 section 3.2.4
			return reason.OK
		}
	}
	r.path = t
	if mark >= 0 {
		r.path, r.query = t[:mark], t[mark+1:]
	}
	if r.path == "" {
		r.path = "/"
	}
	return reason.OK
}

func cutScheme(t string) (string, bool) {
	for _, scheme := range [...]string{"http://", "https://"} {
		if len(t) > len(scheme) && filter.EqualFold(t[:len(scheme)-3], scheme[:len(scheme)-3]) && t[len(scheme)-3:len(scheme)] == "://" {
			return t[len(scheme):], true
		}
	}
	return "", false
}

// validHost tells whether s is a host with an optional port (RFC 3986 section
// 3.2.2): a registered name without percent-encoding and empty labels, an IPv4
// address, or an IPv6 address without a zone in brackets. User information is refused.
func validHost(s string) bool {
	if s == "" || len(s) > 261 {
		return false
	}
	i, dots := 0, false
	if s[0] == '[' {
		end := strings.IndexByte(s, ']')
		if end < 3 {
			return false
		}
		if a, err := netip.ParseAddr(s[1:end]); err != nil || a.Is4() || a.Zone() != "" {
			return false
		}
		i = end + 1
	} else {
		for i < len(s) && s[i] != ':' {
			c := s[i]
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_') {
				return false
			}
			dots = dots || c == '.' && i > 0 && s[i-1] == '.'
			i++
		}
		if i == 0 || s[0] == '.' || dots {
			return false
		}
	}
	if i == len(s) {
		return true
	}
	if s[i] != ':' || len(s) > i+6 {
		return false
	}
	port, ok := parseLength(s[i+1:])
	return ok && port <= 1<<16-1
}

// matchHost is the host that the table sees: lower case, without port and without
// the dot of a fully qualified name. It appends to dst only what must change.
func matchHost(dst []byte, host string) ([]byte, string) {
	if host == "" {
		return dst, ""
	}
	end := 0
	if host[0] == '[' {
		end = strings.IndexByte(host, ']') + 1
	} else {
		for end < len(host) && host[end] != ':' {
			end++
		}
	}
	if end > 1 && host[end-1] == '.' {
		end--
	}
	host = host[:end]
	for i := 0; i < len(host); i++ {
		if c := host[i]; c >= 'A' && c <= 'Z' {
			from := len(dst)
			for j := 0; j < len(host); j++ {
				c := host[j]
				if c >= 'A' && c <= 'Z' {
					c |= 0x20
				}
				dst = append(dst, c)
			}
			return dst, view(dst[from:])
		}
	}
	return dst, host
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
