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
// Fields that are views of parsed were checked when they were parsed.
func appendFields(dst []byte, h *filter.Header, parsed []byte) []byte {
	for _, f := range h.Fields() {
		if within(f.Name, parsed) && within(f.Value, parsed) {
			dst = appendRaw(dst, f.Name, f.Value)
			continue
		}
		if filter.CheckFieldName(f.Name) == nil || filter.EqualFold(f.Name, "trailer") {
			dst = appendField(dst, f.Name, f.Value)
		}
	}
	return dst
}

// within tells whether s is a view of b.
func within(s string, b []byte) bool {
	at := uintptr(unsafe.Pointer(unsafe.StringData(s)))
	from := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	return s == "" || at >= from && at+uintptr(len(s)) <= from+uintptr(len(b))
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
