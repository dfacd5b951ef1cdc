package redact

import (
	"net/url"
	"strings"
)

// LearnPairs learns the private values of a query or a form.
func (s *Scope) LearnPairs(raw string) {
	for piece := range strings.SplitSeq(raw, "&") {
		key, text, _ := strings.Cut(piece, "=")
		if s.Named(key) {
			s.Learn(text)
		}
	}
}

// Pairs redacts a query or a form. When f is not nil it is asked first: it returns
// the value to write and true, or false to leave the decision here. A pair that does
// not decode is replaced whole. What comes back holds no other bytes than a query may
// (RFC 3986, section 3.4).
func (s *Scope) Pairs(raw string, f func(name, value string) (string, bool)) string {
	if raw == "" {
		return ""
	}
	pieces := strings.Split(raw, "&")
	for i, piece := range pieces {
		key, text, has := strings.Cut(piece, "=")
		name, err := url.QueryUnescape(key)
		value, err2 := url.QueryUnescape(text)
		if err != nil || err2 != nil {
			pieces[i] = s.Replace("unreadable pair", piece)
			continue
		}
		private := s.Named(name)
		if k := s.Kind(key); k != "" {
			key = s.Replace(k, name)
		}
		public := false
		if f != nil {
			var given string
			if given, public = f(name, value); public && given != value {
				text = url.QueryEscape(given)
			}
		}
		if !public && text != "" {
			what := name
			if !private {
				what = s.Kind(text)
			}
			if what != "" {
				text = s.Replace(what, value)
			}
		}
		if pieces[i] = queryText(key); has {
			pieces[i] += "=" + queryText(text)
		}
	}
	return strings.Join(pieces, "&")
}

// queryText escapes the bytes that a query must not hold.
func queryText(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if classOf(c) != other || strings.IndexByte("-._~!$'()*+,;:@/?%=", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}
