package h2

import (
	"unsafe"

	"golang.org/x/net/http2/hpack"
)

// kind is what a field's name means to a head.
type kind uint8

const (
	kindPlain  kind = iota
	kindMethod      // pseudo-fields, to kindOther
	kindScheme
	kindAuthority
	kindPath
	kindProtocol
	kindStatus
	kindOther // an unknown pseudo-field
	kindHost
	kindCookie
	kindLength
	kindTE
	kindExpect
	kindConnection // a field of HTTP/1 that RFC 9113 section 8.2.2 forbids
	kindInvalid    // no lower-case token
)

func (k kind) pseudo() bool { return k >= kindMethod && k <= kindOther }

// meant gives the kind of a name that means something, or kindPlain.
func meant(name string) kind {
	switch name {
	case ":method":
		return kindMethod
	case ":scheme":
		return kindScheme
	case ":authority":
		return kindAuthority
	case ":path":
		return kindPath
	case ":protocol":
		return kindProtocol
	case ":status":
		return kindStatus
	case "host":
		return kindHost
	case "cookie":
		return kindCookie
	case "content-length":
		return kindLength
	case "te":
		return kindTE
	case "expect":
		return kindExpect
	case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade":
		return kindConnection
	}
	return kindPlain
}

// lower maps the bytes of a token to lower case, others to 0 (RFC 9110 section 5.6.2).
var lower = func() (t [256]byte) {
	for c := range 256 {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			t[c] = byte(c)
		case c >= 'A' && c <= 'Z':
			t[c] = byte(c) | 0x20
		}
	}
	for _, c := range []byte("!#$%&'*+-.^_`|~") {
		t[c] = c
	}
	return t
}()

// kindOf judges a name as it came.
func kindOf(name string) kind {
	if k := meant(name); k != kindPlain {
		return k
	}
	if name == "" {
		return kindInvalid
	}
	if name[0] == ':' {
		return kindOther
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; lower[c] != c || c == 0 {
			return kindInvalid
		}
	}
	return kindPlain
}

// validToken tells whether s is a token, in any case.
func validToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if lower[s[i]] == 0 {
			return false
		}
	}
	return s != ""
}

// validValue tells whether a text may be a field's value: no control byte but tab, and
// neither space nor tab at its ends (RFC 9113 section 8.2.1, RFC 9110 section 5.5).
func validValue(s string) bool {
	if s == "" {
		return true
	}
	if blank(s[0]) || blank(s[len(s)-1]) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if control[s[i]] {
			return false
		}
	}
	return true
}

// control are the bytes that no value may have.
var control = func() (t [256]bool) {
	for c := range ' ' {
		t[c] = c != '\t'
	}
	t[0x7f] = true
	return t
}()

func blank(c byte) bool { return c == ' ' || c == '\t' }

// entry is a field of an HPACK table, with what is known of it.
type entry struct {
	name, value string
	kind        kind
	valid       bool // the value is
}

func (e *entry) size() int { return len(e.name) + len(e.value) + 32 }

const staticCount = 61

// static is the static table (RFC 7541 appendix A); its first entry has no meaning.
var static = func() (t [staticCount + 1]entry) {
	d := hpack.NewDecoder(0, nil)
	for i := 1; i <= staticCount; i++ {
		f, err := d.DecodeFull([]byte{0x80 | byte(i)})
		if err != nil || len(f) != 1 {
			panic("h2: the static table cannot be had")
		}
		t[i] = entry{f[0].Name, f[0].Value, kindOf(f[0].Name), true}
	}
	return t
}()

// view is b as a string without a copy; b is not changed any more.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
