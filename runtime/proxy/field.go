package proxy

import (
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

// framing is what the fields of a message head say about the message and its
// connection, for requests and responses alike.
type framing struct {
	length   int64 // -1 when there is no Content-Length
	chunked  bool
	encoding string // Transfer-Encoding as received, "" when absent
	close    bool   // Connection: close
	keep     bool   // Connection: keep-alive
	upgrade  bool   // Connection: upgrade
	trailers bool   // TE: trailers
	protocol string // Upgrade

	nlisted int
	listed  [8]string // other names in Connection
}

// fieldKind is the outcome of one field line.
type fieldKind uint8

const (
	endToEnd fieldKind = iota // to be kept
	consumed                  // belongs to the connection
	invalid
)

// take looks at a field that both directions share.
func (f *framing) take(name, value string) fieldKind {
	switch len(name) {
	case 2:
		if filter.EqualFold(name, "te") {
			for value != "" {
				var item string
				item, value = nextListed(value)
				f.trailers = f.trailers || filter.EqualFold(item, "trailers")
			}
			return consumed
		}
	case 7:
		if filter.EqualFold(name, "upgrade") {
			f.protocol = value
			return consumed
		}
	case 10:
		if filter.EqualFold(name, "connection") {
			return f.options(value)
		}
		if filter.EqualFold(name, "keep-alive") {
			return consumed
		}
	case 14:
		if filter.EqualFold(name, "content-length") {
			n, ok := parseLength(value)
			if !ok || f.length >= 0 {
				return invalid
			}
			f.length = n
			return consumed
		}
	case 16:
		if filter.EqualFold(name, "proxy-connection") {
			return consumed
		}
	case 17:
		if filter.EqualFold(name, "transfer-encoding") {
			if f.encoding != "" || value == "" {
				return invalid
			}
			f.encoding = value
			f.chunked = filter.EqualFold(value, "chunked")
			return consumed
		}
	}
	return endToEnd
}

// options reads a Connection field (RFC 9110 section 7.6.1).
func (f *framing) options(list string) fieldKind {
	for list != "" {
		var item string
		item, list = nextListed(list)
		switch {
		case item == "":
		case filter.EqualFold(item, "close"):
			f.close = true
		case filter.EqualFold(item, "keep-alive"):
			f.keep = true
		case filter.EqualFold(item, "upgrade"):
			f.upgrade = true
		default:
			if !cleanToken(item) || f.nlisted == len(f.listed) {
				return invalid
			}
			f.listed[f.nlisted] = item
			f.nlisted++
		}
	}
	return consumed
}

// unlist removes the fields that Connection named.
func (f *framing) unlist(h *filter.Header) {
	for i := range f.nlisted {
		h.Del(f.listed[i])
	}
}

// tunnels tells whether the protocols of an Upgrade field may be switched to (RFC
// 9110 section 7.8). Those that are HTTP or TLS again would carry requests past the
// route table: one of them refuses the list.
func tunnels(protocols string) bool {
	found := false
	for protocols != "" {
		var item string
		item, protocols = nextListed(protocols)
		if item == "" {
			continue
		}
		name, version, versioned := strings.Cut(item, "/")
		if !cleanToken(name) || versioned && !cleanToken(version) {
			return false
		}
		for _, no := range [...]string{"http", "https", "h2", "h2c", "h3", "tls"} {
			if filter.EqualFold(name, no) {
				return false
			}
		}
		found = true
	}
	return found
}

// offers tells whether each protocol that an upstream switched to stands in the
// client's list.
func offers(list, switched string) bool {
	for switched != "" {
		var item string
		item, switched = nextListed(switched)
		found := false
		for rest := list; rest != "" && !found; {
			var one string
			one, rest = nextListed(rest)
			found = filter.EqualFold(one, item)
		}
		if !found {
			return false
		}
	}
	return true
}

// line reads one field line at b[i:]. next is 0 when b ends before the line does
// and -1 when the line is malformed; name is "" at the empty line that ends a
// section. It takes CRLF only, no folding and no space before the colon (RFC 9112
// sections 2.2, 5.1 and 5.2).
func line(b []byte, i int) (name, value string, next int) {
	if i >= len(b) {
		return "", "", 0
	}
	if b[i] == '\r' {
		if i+1 == len(b) {
			return "", "", 0
		}
		if b[i+1] != '\n' {
			return "", "", -1
		}
		return "", "", i + 2
	}
	start := i
	for i < len(b) && isToken(b[i]) {
		i++
	}
	if i == len(b) {
		return "", "", 0
	}
	if b[i] != ':' || i == start {
		return "", "", -1
	}
	name = view(b[start:i])
	i++
	end := valueEnd(b, i)
	if end == len(b) {
		return "", "", 0
	}
	if b[end] != '\r' {
		return "", "", -1
	}
	if end+1 == len(b) {
		return "", "", 0
	}
	if b[end+1] != '\n' {
		return "", "", -1
	}
	return name, view(trimOWS(b[i:end])), end + 2
}
