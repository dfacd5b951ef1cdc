package h2

import (
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

// Head is a request's or a response's head. Its strings live as long as the stream.
type Head struct {
	// Method, Scheme, Authority and Path are of a request. Authority is :authority, or
	// Host when there is none; Path is :path as it came. A plain CONNECT has an
	// authority alone.
	Method, Scheme, Authority, Path string
	// Protocol is the :protocol of an extended CONNECT (RFC 8441 section 4), or "".
	Protocol string
	// Status is of a response, 100 to 999.
	Status int
	// Length is content-length, -1 when there is none.
	Length int64
	// Header are the other fields, without those of the connection. Cookies that came
	// in pieces are one field (RFC 9113 section 8.2.3).
	Header filter.Header
	// Trailers tells that "te: trailers" was sent.
	Trailers bool
	// Expect tells of "expect: 100-continue", which is not in Header.
	Expect bool
	// TooLarge tells that the section was over Config.HeadBytes or Config.Fields. What
	// came before that is there, the rest is not: the answer is 431 (RFC 6585 section
	// 5), or 502 for a response.
	TooLarge bool
}

func (h *Head) reset() {
	f := h.Header
	f.Reset()
	*h = Head{Length: -1, Header: f}
}

// section is a field section while it is decoded. The zero section takes nothing and
// serves to keep the state of HPACK.
type section struct {
	head    *Head
	trailer *filter.Header // where a trailer's fields go; head is nil then
	arena   *[]byte
	bytes   int // how much may come yet (RFC 9113 section 6.5.2)
	fields  int

	host     string
	seen     uint16 // of each kind of field that may come once
	regular  bool   // a field that is no pseudo-field came
	crumbs   int    // cookie fields
	bad      string // why the section is malformed
	tooLarge bool
}

// full tells whether a field of n bytes is beyond the limits.
func (s *section) full(n int) bool {
	return s.tooLarge || n > s.bytes || s.fields == 0
}

// keep copies what only this section needs.
func (s *section) keep(b []byte) string {
	a := *s.arena
	n := len(a)
	*s.arena = append(a, b...)
	return view((*s.arena)[n:])
}

// once tells whether a kind of field came for the first time.
func (s *section) once(k kind) bool {
	bit := uint16(1) << k
	ok := s.seen&bit == 0
	s.seen |= bit
	return ok
}

func (s *section) has(k kind) bool { return s.seen&(1<<k) != 0 }

func (s *section) malformed(why string) {
	if s.bad == "" {
		s.bad = why
	}
}

// field takes the next field of the section (RFC 9113 sections 8.2 and 8.3).
func (s *section) field(name, value string, k kind, valid bool) {
	n := len(name) + len(value) + 32
	if s.full(n) {
		s.tooLarge = true
		return
	}
	s.bytes -= n
	s.fields--
	switch {
	case k == kindInvalid:
		s.malformed("a field's name is no lower-case token")
		return
	case k == kindConnection:
		s.malformed("a field belongs to HTTP/1.1")
		return
	case !valid:
		s.malformed("a field's value has bytes that it must not have")
		return
	case k.pseudo():
		s.pseudo(k, value)
		return
	}
	s.regular = true
	if s.head == nil {
		if k == kindPlain && s.trailer != nil {
			s.trailer.Add(name, value)
		}
		return
	}
	h := s.head
	switch k {
	case kindHost:
		if !s.once(k) {
			s.malformed("host came twice")
		}
		s.host = value
		return
	case kindLength:
		v, ok := parseLength(value)
		if !ok || !s.once(k) {
			s.malformed("content-length is wrong or came twice")
		}
		h.Length = v
		return
	case kindTE:
		if !filter.EqualFold(value, "trailers") {
			s.malformed("te is not trailers")
		}
		h.Trailers = true
		return
	case kindExpect:
		if filter.EqualFold(value, "100-continue") {
			h.Expect = true
			return
		}
	case kindCookie:
		s.crumbs++
	}
	h.Header.Add(name, value)
}

func (s *section) pseudo(k kind, value string) {
	switch {
	case s.head == nil:
		s.malformed("a trailer has a pseudo-field")
		return
	case s.regular:
		s.malformed("a pseudo-field came after another field")
		return
	case !s.once(k):
		s.malformed("a pseudo-field came twice")
		return
	}
	h := s.head
	switch k {
	case kindMethod:
		h.Method = value
	case kindScheme:
		h.Scheme = value
	case kindAuthority:
		h.Authority = value
	case kindPath:
		h.Path = value
	case kindProtocol:
		h.Protocol = value
	case kindStatus:
		h.Status = parseStatus(value)
	default:
		s.malformed("a pseudo-field is not known")
	}
}

// crumble joins the pieces of a cookie in the place of the first.
func (s *section) crumble() {
	if s.crumbs < 2 {
		return
	}
	f := s.head.Header.Fields()
	first, out := -1, 0
	start := len(*s.arena)
	for i := range f {
		if f[i].Name != "cookie" {
			f[out] = f[i]
			out++
			continue
		}
		if first < 0 {
			first = out
			out++
		} else {
			*s.arena = append(*s.arena, "; "...)
		}
		*s.arena = append(*s.arena, f[i].Value...)
	}
	joined := view((*s.arena)[start:])
	kept := f[:out]
	kept[first] = filter.Field{Name: "cookie", Value: joined}
	s.head.Header.Reset()
	for _, one := range kept {
		s.head.Header.Add(one.Name, one.Value)
	}
}

// request judges a whole request head (RFC 9113 section 8.3.1). connect tells that
// extended CONNECT was announced.
func (s *section) request(connect bool) {
	h := s.head
	h.TooLarge = s.tooLarge
	if s.tooLarge {
		return
	}
	if s.has(kindStatus) {
		s.malformed("a request has :status")
	}
	if !validToken(h.Method) {
		s.malformed(":method is missing or no token")
	}
	if s.has(kindAuthority) && s.has(kindHost) && !filter.EqualFold(h.Authority, s.host) {
		s.malformed("host differs from :authority")
	}
	if !s.has(kindAuthority) {
		h.Authority = s.host
	}
	if !validAuthority(h.Authority) || s.has(kindAuthority) && h.Authority == "" {
		s.malformed(":authority or host is no host and port")
	}
	if s.has(kindProtocol) && (!connect || h.Method != "CONNECT" || !validToken(h.Protocol)) {
		s.malformed(":protocol is not expected here or no token")
	}
	if h.Method == "CONNECT" && !s.has(kindProtocol) {
		if s.has(kindScheme) || s.has(kindPath) || !s.has(kindAuthority) {
			s.malformed("CONNECT needs :authority, and neither :scheme nor :path")
		}
	} else {
		s.target()
	}
	s.crumble()
}

// target judges :scheme and :path.
func (s *section) target() {
	h := s.head
	if h.Scheme != "http" && h.Scheme != "https" {
		s.malformed(":scheme is missing or neither http nor https")
	}
	if h.Method == "CONNECT" && !s.has(kindAuthority) {
		s.malformed("extended CONNECT needs :authority")
	}
	switch {
	case h.Path == "*" && h.Method == "OPTIONS":
	case h.Path == "" || h.Path[0] != '/':
		s.malformed(":path is missing or does not begin with a slash")
	}
	for i := 0; i < len(h.Path); i++ {
		if c := h.Path[i]; c <= ' ' || c == 0x7f {
			s.malformed(":path has a space or a control byte")
			return
		}
	}
}

// response judges a whole response head (RFC 9113 section 8.3.2).
func (s *section) response() {
	h := s.head
	h.TooLarge = s.tooLarge
	const others = 1<<kindMethod | 1<<kindScheme | 1<<kindAuthority | 1<<kindPath | 1<<kindProtocol
	if s.seen&others != 0 {
		s.malformed("a response has a pseudo-field of requests")
	}
	// 101 has no meaning here (RFC 9113 section 8.6).
	if !s.tooLarge && h.Status == 0 || h.Status == 101 {
		s.malformed(":status is missing or wrong")
	}
}

func parseStatus(s string) int {
	if len(s) != 3 || s[0] < '1' {
		return 0
	}
	n := 0
	for i := range 3 {
		if s[i] < '0' || s[i] > '9' {
			return 0
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}

func parseLength(s string) (int64, bool) {
	if s == "" || len(s) > 19 {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// validAuthority keeps out what no host and port can have, user information included
// (RFC 9113 section 8.3.1). Whether it is one, who routes by it must judge.
func validAuthority(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`@/\?#"<>^{|}`+"`", c) >= 0 {
			return false
		}
	}
	return true
}
