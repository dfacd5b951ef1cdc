package proxy

import (
	"strconv"
	"unsafe"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

// appendField appends a field line. A name or value that would break the head is
// dropped: nothing may write a line of its own.
func appendField(dst []byte, name, value string) []byte {
	if !cleanToken(name) || !cleanValue(value) {
		return dst
	}
	return appendRaw(dst, name, value)
}

func appendRaw(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

// appendFields appends h without the fields that the gateway writes by itself.
// Lines that stand in parsed, a head that was checked when it was parsed, go as they
// came and in one piece where they follow each other, as those of most heads do.
func appendFields(dst []byte, h *filter.Header, parsed []byte) []byte {
	from, to := 0, 0
	for _, f := range h.Fields() {
		if ours(f.Name) {
			continue
		}
		at, end := wholeLine(f, parsed)
		if end > 0 && at == to {
			to = end
			continue
		}
		dst = append(dst, parsed[from:to]...)
		if from, to = at, end; end == 0 {
			dst = appendField(dst, f.Name, f.Value)
		}
	}
	return append(dst, parsed[from:to]...)
}

// wholeLine returns where the line of a field stands in parsed, when both its parts
// are views of one line there and the line is as it would be written: name, ": ",
// value, CRLF. It returns 0, 0 for any other field.
func wholeLine(f filter.Field, parsed []byte) (at, end int) {
	base := uintptr(unsafe.Pointer(unsafe.SliceData(parsed)))
	name := uintptr(unsafe.Pointer(unsafe.StringData(f.Name))) - base
	value := uintptr(unsafe.Pointer(unsafe.StringData(f.Value))) - base
	after := name + uintptr(len(f.Name)) // wraps for a string that lies before parsed
	size := uintptr(len(parsed))
	if f.Name == "" || f.Value == "" || name == 0 || name >= size || after >= size || value != after+2 {
		return 0, 0
	}
	last := value + uintptr(len(f.Value))
	if last+2 > size || parsed[name-1] != '\n' || parsed[after] != ':' || parsed[after+1] != ' ' || parsed[last] != '\r' || parsed[last+1] != '\n' {
		return 0, 0
	}
	return int(name), int(last + 2)
}

// ours tells whether only the gateway itself writes a field: those that frame the
// message or belong to the connection. Trailer announces what is passed on.
func ours(name string) bool {
	switch len(name) {
	case 2:
		return filter.EqualFold(name, "te")
	case 4:
		return filter.EqualFold(name, "host")
	case 7:
		return filter.EqualFold(name, "upgrade")
	case 10:
		return filter.EqualFold(name, "connection") || filter.EqualFold(name, "keep-alive")
	case 14:
		return filter.EqualFold(name, "content-length")
	case 16:
		return filter.EqualFold(name, "proxy-connection")
	case 17:
		return filter.EqualFold(name, "transfer-encoding")
	}
	return false
}

// appendStatus appends the status line.
func appendStatus(dst []byte, status int, phrase string) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	if phrase == "" {
		phrase = statusText(status)
	}
	dst = append(dst, phrase...)
	return append(dst, "\r\n"...)
}

func appendLength(dst []byte, n int64) []byte {
	dst = append(dst, "content-length: "...)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, "\r\n"...)
}

// statusText is the phrase of the statuses that the gateway answers with itself.
// The phrase means nothing to a client (RFC 9112 section 4) and may be empty.
func statusText(status int) string {
	switch status {
	case 200:
		return "OK"
	case 201:
		return "Created"
	case 202:
		return "Accepted"
	case 204:
		return "No Content"
	case 301:
		return "Moved Permanently"
	case 302:
		return "Found"
	case 303:
		return "See Other"
	case 304:
		return "Not Modified"
	case 307:
		return "Temporary Redirect"
	case 308:
		return "Permanent Redirect"
	case 400:
		return "Bad Request"
	case 401:
		return "Unauthorized"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 408:
		return "Request Timeout"
	case 413:
		return "Content Too Large"
	case 414:
		return "URI Too Long"
	case 417:
		return "Expectation Failed"
	case 421:
		return "Misdirected Request"
	case 429:
		return "Too Many Requests"
	case 431:
		return "Request Header Fields Too Large"
	case 500:
		return "Internal Server Error"
	case 501:
		return "Not Implemented"
	case 502:
		return "Bad Gateway"
	case 503:
		return "Service Unavailable"
	case 504:
		return "Gateway Timeout"
	case 505:
		return "HTTP Version Not Supported"
	}
	return ""
}
