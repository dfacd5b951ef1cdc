package coverage

import "strings"

// pathBytes are the bytes that may stand in a path as themselves: pchar of RFC 3986
// and the slash, without the percent sign.
const pathBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/"

// unreserved is how many of pathBytes are never escaped (RFC 3986, section 2.3).
const unreserved = 26 + 26 + 10 + 4

// canonicalPath brings a path into the form that routes are matched with (RFC 3986,
// sections 5.2.4 and 6.2.2), which the gateway does on its own way: escapes of
// unreserved characters decoded, other escapes in upper case, bytes that no path may
// hold escaped, dot segments removed. It reports false for what the gateway refuses:
// an invalid escape, NUL, control bytes, a backslash, and dot segments that climb out
// or are hidden behind an escape or a parameter.
func canonicalPath(raw string) (string, bool) {
	if !strings.HasPrefix(raw, "/") {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c <= ' ' || c == 0x7f || c == '\\' || c == '?' || c == '#':
			return "", false
		case c == '%':
			v, ok := unescape(raw[i:])
			if !ok || v == 0 {
				return "", false
			}
			i += 2
			if strings.IndexByte(pathBytes[:unreserved], v) >= 0 {
				b.WriteByte(v)
			} else {
				escape(&b, v)
			}
		case strings.IndexByte(pathBytes, c) >= 0:
			b.WriteByte(c)
		default:
			escape(&b, c)
		}
	}
	return removeDots(b.String())
}

const hex = "0123456789ABCDEF"

func escape(b *strings.Builder, c byte) {
	b.WriteByte('%')
	b.WriteByte(hex[c>>4])
	b.WriteByte(hex[c&15])
}

// unescape reads the escape that s begins with.
func unescape(s string) (byte, bool) {
	if len(s) < 3 {
		return 0, false
	}
	s = strings.ToUpper(s[1:3])
	high, low := strings.IndexByte(hex, s[0]), strings.IndexByte(hex, s[1])
	return byte(high<<4 | low), high >= 0 && low >= 0
}

// removeDots removes dot segments.
func removeDots(path string) (string, bool) {
	segments := strings.Split(path[1:], "/")
	kept := make([]string, 0, len(segments))
	for i, s := range segments {
		last := i == len(segments)-1
		switch {
		case s == ".":
		case s == "..":
			if len(kept) == 0 {
				return "", false
			}
			kept = kept[:len(kept)-1]
		case hidesDots(s):
			return "", false
		default:
			kept = append(kept, s)
			continue
		}
		if last { // a dot segment at the end leaves its slash
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/"), true
}

// hidesDots tells whether a segment becomes a dot segment for a reader that decodes
// %2F or %5C, or that cuts parameters off at ";".
func hidesDots(segment string) bool {
	for _, piece := range strings.Split(strings.ReplaceAll(segment, "%5C", "%2F"), "%2F") {
		bare, _, _ := strings.Cut(piece, ";")
		if bare == "." || bare == ".." {
			return true
		}
	}
	return false
}
