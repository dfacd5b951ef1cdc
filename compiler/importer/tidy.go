package importer

import (
	"strings"
	"unicode/utf8"

	"github.com/lintel-gateway/lintel/runtime/table"
)

// tidy brings an exchange into the form in which it is matched and written: the path
// canonical, names of fields in lower case, without what the connection alone needs.
// It reports false for what no gateway would take as a request.
func (x *Exchange) tidy() bool {
	if !isMethod(x.Method) || x.Method == "CONNECT" {
		return false
	}
	path, query, has := strings.Cut(x.Target, "?")
	path, ok := table.CanonicalPath(path)
	if !ok {
		return false
	}
	if x.Target = path; has {
		x.Target += "?" + queryBytes(query)
	}
	if x.Host = tidyHost(x.Host, x.Scheme); x.Host == "" {
		return false
	}
	size := len(x.Target)
	fields := x.Header[:0]
	for _, f := range x.Header {
		f.Name = strings.ToLower(f.Name)
		f.Value = strings.TrimSpace(f.Value)
		size += len(f.Name) + len(f.Value) + 4
		if isToken(f.Name) && isFieldValue(f.Value) && !framing(f.Name) {
			fields = append(fields, f)
		}
	}
	if size > maxHead || len(x.Target) > maxTarget {
		return false
	}
	x.Header = fields
	x.Body = bounded(x.Body)
	if x.Answer != nil {
		x.Answer.Body = bounded(x.Answer.Body)
		for i := range x.Answer.Header {
			x.Answer.Header[i].Name = strings.ToLower(x.Answer.Header[i].Name)
		}
	}
	return true
}

// bounded is nil for a body that is not kept.
func bounded(b *Body) *Body {
	if b == nil || len(b.Text) > maxBody || !utf8.ValidString(b.Text) {
		return nil
	}
	return b
}

// tidyHost is the authority in lower case, without the port that the scheme implies
// and without the dot of a fully qualified name; "" when it is none.
func tidyHost(host, scheme string) string {
	host = strings.ToLower(host)
	for i := 0; i < len(host); i++ {
		if c := host[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte(".-_:[]", c) < 0 {
			return ""
		}
	}
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	bare := table.CanonicalHost(host)
	rest := strings.TrimPrefix(strings.TrimPrefix(host[min(len(bare), len(host)):], "."), ":")
	if len(host) > 255 || bare == "" || len(rest) > 5 || strings.Trim(rest, "0123456789") != "" {
		return ""
	}
	return host
}

func isMethod(s string) bool {
	if s == "" || len(s) > 16 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}

// isToken tells whether s may be a field's name in a case: a token of RFC 9110,
// section 5.6.2, of moderate length.
func isToken(s string) bool {
	if s == "" || len(s) > 100 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return true
}

// isFieldValue tells whether s can be sent as a field's value and written as text.
func isFieldValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return utf8.ValidString(s)
}

// framing tells whether a field belongs to the connection or to the message's frame
// (RFC 9110, section 7.6.1), which the replay writes itself.
func framing(name string) bool {
	switch name {
	case "host", "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "te", "trailer",
		"upgrade", "expect", "http2-settings", "content-encoding":
		return true
	}
	return strings.HasPrefix(name, "sec-websocket-")
}

// queryBytes escapes what no query can hold on the wire.
func queryBytes(query string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(query); i++ {
		if c := query[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '#' {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// has tells whether a field was sent.
func (x *Exchange) has(name string) bool {
	for _, f := range x.Header {
		if f.Name == name {
			return true
		}
	}
	return false
}
