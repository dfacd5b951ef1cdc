package filter

import (
	"fmt"
	"strings"
)

// framing tells whether a field is one that the gateway itself writes: message
// framing, routing and the connection (RFC 9110 section 7.6.1, RFC 9112 section 6).
func framing(name string) bool {
	switch len(name) {
	case 2:
		return EqualFold(name, "te")
	case 4:
		return EqualFold(name, "host")
	case 7:
		return EqualFold(name, "trailer") || EqualFold(name, "upgrade")
	case 10:
		return EqualFold(name, "connection") || EqualFold(name, "keep-alive")
	case 14:
		return EqualFold(name, "content-length")
	case 16:
		return EqualFold(name, "proxy-connection")
	case 17:
		return EqualFold(name, "transfer-encoding")
	}
	return false
}

// CheckFieldName tells whether a filter may touch a field: a token (RFC 9110
// section 5.6.2) that does not belong to the gateway itself.
func CheckFieldName(name string) error {
	if !validToken(name) {
		return fmt.Errorf("%q is no header name", name)
	}
	if framing(name) {
		if strings.EqualFold(name, "host") {
			return fmt.Errorf("the host header is set by the filter rewrite (host: ...), not here")
		}
		return fmt.Errorf("the header %s belongs to the connection and is set by the gateway itself", strings.ToLower(name))
	}
	return nil
}

func validToken(s string) bool {
	if s == "" {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return true
}

// ValidFieldValue tells whether a text may stand as a field's value: no control
// bytes but tab (RFC 9110 section 5.5).
func ValidFieldValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
