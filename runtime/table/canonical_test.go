package table

import (
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

func oddPaths() []string {
	return []string{
		"/", "/a/b", "//a//", "/a/./b", "/a/../b", "/a/..", "/..", "/a/../..", "/.", "/a/.", "/%41%2f%2F%7e", "/%zz", "/%4", "/%00",
		"/a b", "/a\\b", "/a\"b", "/é", "/..%2f", "/a/..;x", "/a/.%2e/b", "/a/x;..", "/%5c..", "/a%2F..;v=1", "/%3A..", "/a;b=./c",
		"", "a", "/a?b", "/{id}", "/.well-known/x", "/...", "/%2E%2E%2Fa", "/a/..;x%3A", "/;%3A/..;",
	}
}

// FuzzCanonicalPath holds the engine's way, in place and without garbage, to a plain one
// that was written apart, and checks what is relied on: a canonical path is safe and its
// own canonical path.
func FuzzCanonicalPath(f *testing.F) {
	for _, p := range oddPaths() {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, ok := CanonicalPath(raw)
		want, wantOK := plainCanonical(raw)
		if ok != wantOK || ok && got != want {
			t.Fatalf("%q: got %q %v, plainly it is %q %v", raw, got, ok, want, wantOK)
		}
		if !ok {
			return
		}
		if !filter.SafePath(got) {
			t.Fatalf("%q became %q, which is not safe", raw, got)
		}
		if again, ok := CanonicalPath(got); !ok || again != got {
			t.Fatalf("%q became %q and then %q, %v", raw, got, again, ok)
		}
	})
}

// TestHiddenDots: dots that another reader would find are refused.
func TestHiddenDots(t *testing.T) {
	for _, p := range []string{"/a/..;x%3A", "/a/..;%3A/b", "/..%2F", "/%2e%2e%5Ca", "/a/x%5C..;y", "/a/..;", "/.;a"} {
		if got, ok := CanonicalPath(p); ok {
			t.Errorf("%q became %q", p, got)
		}
	}
	for _, p := range []string{"/a/x;..", "/a/..%3Bx", "/...;x", "/a/b;v=1.2", "/a..%2Fb"} {
		if got, ok := CanonicalPath(p); !ok || got != p {
			t.Errorf("%q became %q, %v", p, got, ok)
		}
	}
}

// pathBytes are the bytes that may stand in a path as themselves: pchar of RFC 3986
// and the slash, without the percent sign.
const pathBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/"

// plainUnreserved is how many of pathBytes are never escaped (RFC 3986, section 2.3).
const plainUnreserved = 26 + 26 + 10 + 4

// plainCanonical brings a path into the form that routes are matched with (RFC 3986,
// sections 5.2.4 and 6.2.2), which the gateway does on its own way: escapes of
// plainUnreserved characters decoded, other escapes in upper case, bytes that no path may
// hold escaped, dot segments removed. It reports false for what the gateway refuses:
// an invalid escape, NUL, control bytes, a backslash, and dot segments that climb out
// or are hidden behind an escape or a parameter.
func plainCanonical(raw string) (string, bool) {
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
			if strings.IndexByte(pathBytes[:plainUnreserved], v) >= 0 {
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
	return plainRemoveDots(b.String())
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
	digit := func(c byte) int {
		if c >= 'a' && c <= 'f' {
			c -= 'a' - 'A'
		}
		return strings.IndexByte(hex, c)
	}
	high, low := digit(s[1]), digit(s[2])
	return byte(high<<4 | low), high >= 0 && low >= 0
}

// plainRemoveDots removes dot segments.
func plainRemoveDots(path string) (string, bool) {
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
		case plainHidesDots(s):
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

// plainHidesDots tells whether a segment becomes a dot segment for a reader that decodes
// %2F or %5C, or that cuts parameters off at ";".
func plainHidesDots(segment string) bool {
	for _, piece := range strings.Split(strings.ReplaceAll(segment, "%5C", "%2F"), "%2F") {
		bare, _, _ := strings.Cut(piece, ";")
		if bare == "." || bare == ".." {
			return true
		}
	}
	return false
}
