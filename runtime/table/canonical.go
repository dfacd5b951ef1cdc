package table

import (
	"strings"
	"unsafe"
)

// CanonicalPath is the path of a request as routes are matched with it, from the
// path as it was sent. It reports false for a path that a gateway refuses with 400.
func CanonicalPath(raw string) (string, bool) {
	_, path, ok := AppendCanonical(nil, raw)
	return path, ok
}

// AppendCanonical brings a raw path into the one form that is matched and sent
// upstream: escapes of unreserved characters decoded, other escapes in upper case
// and kept (%2F stays), characters that no path may hold escaped, dot segments
// removed (RFC 3986 sections 5.2.4 and 6.2.2), empty segments kept. It fails on
// what two readers may understand differently: an invalid escape, %00, a
// backslash, a control byte, dot segments that climb above the root or that only
// appear when %2F, %5C or a path parameter is taken apart.
//
// A path that is canonical is returned as it is; otherwise the form is appended to
// dst, and its capacity bounds nothing.
func AppendCanonical(dst []byte, raw string) (buf []byte, path string, ok bool) {
	if raw == "" || raw[0] != '/' {
		return dst, "", false
	}
	plain := true
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if pathByte(c) {
			if c == '.' && raw[i-1] == '/' {
				plain = false
			}
			continue
		}
		if c <= ' ' || c == 0x7f || c == '\\' || c == '?' || c == '#' {
			return dst, "", false
		}
		plain = false
	}
	if plain {
		return dst, raw, true
	}
	from := len(dst)
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '%':
			if i+2 >= len(raw) || !isHex(raw[i+1]) || !isHex(raw[i+2]) {
				return dst, "", false
			}
			v := unhex(raw[i+1])<<4 | unhex(raw[i+2])
			i += 2
			switch {
			case v == 0:
				return dst, "", false
			case unreserved(v):
				dst = append(dst, v)
			default:
				dst = appendEscape(dst, v)
			}
		case pathByte(c):
			dst = append(dst, c)
		default:
			dst = appendEscape(dst, c)
		}
	}
	clean, ok := removeDots(dst[from:])
	if !ok {
		return dst, "", false
	}
	dst = dst[:from+len(clean)]
	return dst, view(dst[from:]), true
}

// removeDots removes dot segments in place.
func removeDots(p []byte) ([]byte, bool) {
	w := 0
	for r := 0; r < len(p); {
		end := r + 1
		for end < len(p) && p[end] != '/' {
			end++
		}
		seg := view(p[r+1 : end])
		switch {
		case seg == "." || seg == "..":
			if seg == ".." {
				if w == 0 {
					return nil, false
				}
				for w--; p[w] != '/'; w-- {
				}
			}
			if end == len(p) { // a dot segment at the end leaves its slash
				p[w] = '/'
				w++
			}
		case hidesDots(seg):
			return nil, false
		default:
			w += copy(p[w:], p[r:end])
		}
		r = end
	}
	return p[:w], true
}

// hidesDots tells whether a segment becomes a dot segment for a reader that
// decodes %2F or %5C, or that cuts parameters off at ";".
func hidesDots(seg string) bool {
	if !strings.Contains(seg, ".") || !strings.ContainsAny(seg, "%;") {
		return false
	}
	for {
		end := nextSeparator(seg)
		piece, _, _ := strings.Cut(seg[:end], ";")
		if piece == "." || piece == ".." {
			return true
		}
		if end == len(seg) {
			return false
		}
		seg = seg[end+len("%2F"):]
	}
}

// nextSeparator is the index of the first %2F or %5C in s, or its length.
func nextSeparator(s string) int {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' && (s[i+1] == '2' && s[i+2] == 'F' || s[i+1] == '5' && s[i+2] == 'C') {
			return i
		}
	}
	return len(s)
}

// pathByte tells whether c may stand in a path as itself: pchar of RFC 3986 and
// the slash, without the percent sign.
func pathByte(c byte) bool {
	if c < 64 {
		// ! $ & ' ( ) * + , - . / 0-9 : ; =
		return uint64(0x2fffffd200000000)>>c&1 == 1
	}
	// @ A-Z _ a-z ~
	return c < 128 && uint64(0x47fffffe87ffffff)>>(c-64)&1 == 1
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

const upperHex = "0123456789ABCDEF"

func appendEscape(dst []byte, c byte) []byte {
	return append(dst, '%', upperHex[c>>4], upperHex[c&15])
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// view is the bytes as a string that lives as long as they stay as they are.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
