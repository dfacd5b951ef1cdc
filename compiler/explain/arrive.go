package explain

import (
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/table"
)

// Bounds of a request's head, as a gateway has them by default.
const (
	maxMethod = 32       // bytes
	maxLine   = 8 << 10  // bytes of the request line
	maxHead   = 64 << 10 // bytes of the whole head
	maxFields = 128
)

// The peer and the id of a simulated request.
const (
	clientText = "<client address>"
	idText     = "<request id>"
)

// arrival is a request as it stands before the table is asked.
type arrival struct {
	x       filter.Exchange
	request table.Request
	// client are the fields that the client sent and that may go upstream, to compare
	// with.
	client  []filter.Field
	refusal refusal
	star    bool
}

// refusal is why a gateway answers without asking its table.
type refusal struct {
	status     int
	code, text string
}

func badRequest(format string, args ...any) refusal {
	return refusal{400, "bad-request", fmt.Sprintf(format, args...)}
}

// arrive does what a gateway does with the head of a request of a client that is no
// trusted proxy: it refuses what is no request, takes the fields of the connection
// away, and adds those that say who asked.
func arrive(q Request) (a arrival) {
	path, query, _ := strings.Cut(q.Target, "?")
	a.x.Method, a.x.Scheme, a.x.Host, a.x.Path, a.x.Query = q.Method, q.Scheme, q.Host, path, query
	if a.x.Scheme == "" {
		a.x.Scheme = "http"
	}
	switch {
	case !token(q.Method) || len(q.Method) > maxMethod:
		a.refusal = badRequest("%q is no method", q.Method)
	case len(q.Method)+len(q.Target)+len("  HTTP/1.1\r") > maxLine:
		a.refusal = refusal{414, "uri-too-long", fmt.Sprintf("the request line is longer than %d bytes, unless the gateway's limits say otherwise", maxLine)}
	case headBytes(&q) > maxHead || len(q.Headers)+1 > maxFields:
		a.refusal = refusal{431, "head-too-large", fmt.Sprintf("the head is larger than %d bytes or %d fields, unless the gateway's limits say otherwise", maxHead, maxFields)}
	case q.Method == "CONNECT":
		a.refusal = refusal{501, "not-implemented", "the gateway opens no tunnels: CONNECT is for forward proxies"}
	case !hostname(q.Host):
		a.refusal = badRequest("%q is no host name", q.Host)
	case q.Target == "*" && q.Method == "OPTIONS":
		a.star = true
	case strings.ContainsFunc(q.Target, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '#' }):
		a.refusal = badRequest("the path holds a blank, a control byte or a #")
	}
	if a.refusal.code != "" || a.star {
		return a
	}
	var ok bool
	if a.x.Path, ok = table.CanonicalPath(path); !ok {
		a.x.Path, a.refusal = path, badRequest("the path has an invalid escape, a backslash, or dots that climb out")
		return a
	}
	a.fields(q.Headers)
	if a.refusal.code != "" {
		return a
	}
	a.x.Header.Add("x-forwarded-for", clientText)
	a.x.Header.Add("x-forwarded-proto", a.x.Scheme)
	a.x.Header.Add("x-forwarded-host", a.x.Host)
	a.x.Header.Add("via", "1.1 lintel")
	host := table.CanonicalHost(q.Host)
	a.x.Original = filter.Original{Method: q.Method, Host: host, Path: a.x.Path, Query: query}
	a.x.NewID = func() string { return idText }
	a.request = table.Request{Method: q.Method, Host: host, Path: a.x.Path, Query: query, Header: &filter.Header{}}
	for _, f := range a.x.Header.Fields() {
		a.request.Header.Add(f.Name, f.Value) // a copy: filters change theirs
	}
	return a
}

// headBytes is the size of the head as it is sent.
func headBytes(q *Request) int {
	n := len(q.Method) + len(q.Target) + len("  HTTP/1.1\r\nhost: \r\n\r\n") + len(q.Host)
	for _, f := range q.Headers {
		n += len(f.Name) + len(f.Value) + len(": \r\n")
	}
	return n
}

// fields sorts the client's fields (RFC 9110 section 7.6.1, RFC 9112 section 6).
func (a *arrival) fields(fields []filter.Field) {
	lengths, codings, listed, upgrade := 0, 0, []string(nil), false
	for _, f := range fields {
		name := strings.ToLower(f.Name)
		switch name {
		case "content-length":
			if lengths++; lengths > 1 || strings.Trim(f.Value, "0123456789") != "" || f.Value == "" {
				a.refusal = badRequest("content-length is no single length")
			}
		case "transfer-encoding":
			if codings++; codings > 1 || !strings.EqualFold(f.Value, "chunked") {
				a.refusal = badRequest("transfer-encoding is something else than chunked")
			}
		case "expect":
			if !strings.EqualFold(f.Value, "100-continue") {
				a.refusal = refusal{417, "expectation-failed", "the gateway knows no expectation but 100-continue"}
			}
		case "connection":
			for item := range strings.SplitSeq(f.Value, ",") {
				item = strings.ToLower(strings.TrimSpace(item))
				listed, upgrade = append(listed, item), upgrade || item == "upgrade"
			}
			a.client = append(a.client, filter.Field{Name: name, Value: f.Value})
		case "te":
		case "upgrade", "proxy", "keep-alive", "proxy-connection", "forwarded", "x-real-ip":
			a.client = append(a.client, filter.Field{Name: name, Value: f.Value})
		case "host":
			a.refusal = badRequest("there are two host fields")
		default:
			a.client = append(a.client, filter.Field{Name: name, Value: f.Value})
			if !strings.HasPrefix(name, "x-forwarded-") {
				a.x.Header.Add(name, f.Value)
			}
		}
	}
	if lengths > 0 && codings > 0 {
		a.refusal = badRequest("content-length and transfer-encoding are both there")
	}
	for _, name := range listed {
		a.x.Header.Del(name)
	}
	if upgrade {
		// Both go on with the connection that is upgraded: they are no change.
		a.client = without(a.client, "connection", "upgrade")
	}
}

func without(fields []filter.Field, names ...string) (out []filter.Field) {
	var h filter.Header
	for _, f := range fields {
		h.Add(f.Name, f.Value)
	}
	for _, n := range names {
		h.Del(n)
	}
	return h.Fields()
}

// hostname tells whether s may stand in a Host field (RFC 3986 section 3.2.2).
func hostname(s string) bool {
	name, port := s, ""
	if end := strings.IndexByte(s, ']'); strings.HasPrefix(s, "[") && end > 2 {
		name, port = s[1:end], s[end+1:]
		if strings.Trim(name, "0123456789abcdefABCDEF:.") != "" {
			return false
		}
	} else {
		if i := strings.IndexByte(s, ':'); i >= 0 {
			name, port = s[:i], s[i:]
		}
		if name == "" || name[0] == '.' {
			return false
		}
		for _, c := range []byte(name) {
			if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' {
				continue
			}
			return false
		}
	}
	return port == "" || len(port) > 1 && len(port) <= 6 && port[0] == ':' && strings.Trim(port[1:], "0123456789") == ""
}
