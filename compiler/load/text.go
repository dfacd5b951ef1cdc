package load

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/lintel-gateway/lintel/compiler/diag"
)

// textFault says why bytes are no text that people and CUE read alike; nil when they
// are.
func textFault(name string, data []byte) *diag.Diagnostic {
	d := &diag.Diagnostic{Code: "not-utf8", Severity: diag.Error, Pos: diag.Pos{File: name, Line: 1, Column: 1}, Hint: "save it as UTF-8"}
	zero := bytes.IndexByte(data, 0)
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")), wide(data):
		d.Message = "the file is UTF-16 text"
		d.Hint = `save it as UTF-8; some editors call UTF-16 "Unicode"`
		return d
	case zero >= 0 && !utf8.Valid(data):
		d.Message, d.Hint = "the file is no text", "remove it, or give it a name that does not end in .cue"
		return d
	case zero >= 0:
		d.Pos = placeOf(name, data, zero)
		d.Message, d.Hint = "the file holds a zero byte", "remove it"
		return d
	case !utf8.Valid(data):
		d.Pos = placeOf(name, data, invalid(data))
		d.Message = "the file is not UTF-8 text"
		return d
	}
	if i, r := hidden(data); i >= 0 {
		d.Code, d.Pos = "hidden-character", placeOf(name, data, i)
		d.Message = fmt.Sprintf("the character %U is invisible, and may make this line look like another one", r)
		d.Hint = "remove it"
		return d
	}
	return nil
}

// wide tells of UTF-16 without a mark: ASCII text has a zero in every other byte.
func wide(data []byte) bool {
	head := data[:min(len(data), 64)]
	return len(head) >= 8 && bytes.Count(head, []byte{0}) >= len(head)*2/5
}

// invalid is where the first byte stands that is no UTF-8.
func invalid(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return 0
}

// hidden finds the first character that shows nothing and changes what is read: a mark
// of direction, a space without width, a byte order mark inside. Joiners, which some
// scripts need, are none of them.
func hidden(data []byte) (int, rune) {
	for at := 0; at < len(data); {
		// All of them begin with one of two bytes, which few route files hold.
		i := bytes.IndexByte(data[at:], 0xe2)
		if k := bytes.IndexByte(data[at:], 0xef); i < 0 || k >= 0 && k < i {
			i = k
		}
		if i < 0 {
			break
		}
		at += i
		r, n := utf8.DecodeRune(data[at:])
		switch {
		case r == 0x200b, r == 0x2060, r == 0xfeff, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return at, r
		}
		at += n
	}
	return -1, 0
}

// placeOf is the place of a byte.
func placeOf(name string, data []byte, at int) diag.Pos {
	before := data[:at]
	return diag.Pos{File: name, Line: bytes.Count(before, []byte("\n")) + 1, Column: at - bytes.LastIndexByte(before, '\n')}
}
