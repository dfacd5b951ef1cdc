package proxy

import (
	"encoding/binary"
	"unsafe"
)

// view reads bytes of a connection's buffer as a string without a copy. It lives
// as long as the exchange does.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// The characters of a token (RFC 9110 section 5.6.2) as bits.
const (
	tokenLow  = 0x3ff6cfa00000000
	tokenHigh = 0x57ffffffc7fffffe
)

func isToken(c byte) bool {
	if c < 64 {
		return uint64(tokenLow)>>c&1 == 1
	}
	return c < 128 && uint64(tokenHigh)>>(c-64)&1 == 1
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// valueEnd returns the index of the first byte from i on that cannot be part of a
// field value: a control byte other than tab (RFC 9110 section 5.5), or len(b).
func valueEnd(b []byte, i int) int {
	for {
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			low := (w - 0x20*ones) &^ w & highs
			del := w ^ 0x7f*ones
			del = (del - ones) &^ del & highs
			if low|del != 0 {
				break
			}
			i += 8
		}
		for n := 0; ; n++ {
			if i >= len(b) {
				return i
			}
			if c := b[i]; c < ' ' && c != '\t' || c == 0x7f {
				return i
			}
			i++
			if n == 7 { // past the word that held a tab
				break
			}
		}
	}
}

// cleanValue tells whether s may be written as a field value.
func cleanValue(s string) bool {
	return valueEnd(unsafe.Slice(unsafe.StringData(s), len(s)), 0) == len(s)
}

func cleanToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isToken(s[i]) {
			return false
		}
	}
	return s != ""
}

func trimOWS(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// nextListed cuts the first element off a comma-separated list and trims it.
func nextListed(list string) (item, rest string) {
	end := len(list)
	for i := 0; i < len(list); i++ {
		if list[i] == ',' {
			end = i
			rest = list[i+1:]
			break
		}
	}
	item = list[:end]
	for item != "" && (item[0] == ' ' || item[0] == '\t') {
		item = item[1:]
	}
	for item != "" && (item[len(item)-1] == ' ' || item[len(item)-1] == '\t') {
		item = item[:len(item)-1]
	}
	return item, rest
}

// parseLength reads a Content-Length: digits only, and no more than 18 of them.
func parseLength(s string) (int64, bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	var n int64
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}
