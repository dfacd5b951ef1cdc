package explain

import (
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

// Request is a request as a client sends it.
type Request struct {
	Method string
	// Scheme is "http" or "https"; "" is http.
	Scheme string
	// Host is the Host field, with its port if any.
	Host string
	// Target is the path with the query, as sent.
	Target string
	// Headers are the other fields, in order.
	Headers []filter.Field
}

// Bounds of what is parsed; those of a gateway are lower, and explained.
const (
	maxURL     = 64 << 10 // bytes
	maxHeaders = 1 << 10
)

// Parse reads what a person types: a method, a URL that may lack its scheme, and
// fields as "name: value". The method may be in lower case. A field host replaces the
// URL's host, and a scheme ws or wss asks for a WebSocket. Errors are for people.
func Parse(method, url string, headers []string) (Request, error) {
	q := Request{Method: strings.ToUpper(method)}
	if !token(method) || len(method) > maxMethod {
		return q, fmt.Errorf("%q is no method: give one such as GET", method)
	}
	if len(headers) > maxHeaders {
		return q, fmt.Errorf("%d headers are more than any gateway takes (%d)", len(headers), maxHeaders)
	}
	if err := q.url(url); err != nil {
		return q, err
	}
	named := 0
	for _, h := range headers {
		name, value, ok := strings.Cut(h, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok:
			return q, fmt.Errorf("-H takes a header as \"name: value\", not %q", name)
		case !token(name):
			return q, fmt.Errorf("-H: %q is no header name", name)
		case !filter.ValidFieldValue(value):
			return q, fmt.Errorf("-H: the value of %s holds a control byte or a line break", name)
		}
		if strings.EqualFold(name, "host") {
			q.Host = value
			if named++; named > 1 {
				return q, fmt.Errorf("-H: host is given twice; a request has one")
			}
			continue
		}
		q.Headers = append(q.Headers, filter.Field{Name: strings.ToLower(name), Value: value})
	}
	return q, nil
}

// url reads the scheme, the host and the target.
func (q *Request) url(url string) error {
	if len(url) > maxURL {
		return fmt.Errorf("the URL has %d bytes, more than any gateway takes (%d)", len(url), maxURL)
	}
	for _, c := range []byte(url) {
		if c <= ' ' || c == 0x7f {
			return fmt.Errorf("the URL %q holds a blank or a control byte: write %%20 for a blank", url)
		}
	}
	rest := url
	if i := strings.Index(url, "://"); i >= 0 && !strings.ContainsAny(url[:i], "/?#") {
		q.Scheme, rest = strings.ToLower(url[:i]), url[i+len("://"):]
	}
	switch q.Scheme {
	case "":
		q.Scheme = "http"
	case "http", "https":
	case "ws", "wss":
		q.Scheme = "http" + strings.TrimPrefix(q.Scheme, "ws")
		q.Headers = append(q.Headers, filter.Field{Name: "connection", Value: "upgrade"}, filter.Field{Name: "upgrade", Value: "websocket"})
	default:
		return fmt.Errorf("the URL %q has the scheme %q: a gateway takes http and https", url, q.Scheme)
	}
	rest, _, _ = strings.Cut(rest, "#") // a client keeps it to itself
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	q.Host, q.Target = rest[:end], rest[end:]
	if q.Host == "" {
		return fmt.Errorf("the URL %q has no host: give one such as shop.example/cart", url)
	}
	if strings.Contains(q.Host, "@") {
		return fmt.Errorf("the URL has a user before its host: leave it out, and send an authorization header with -H")
	}
	if !strings.HasPrefix(q.Target, "/") {
		q.Target = "/" + q.Target
	}
	return nil
}

// token tells whether s is a token (RFC 9110 section 5.6.2), as methods and header
// names are.
func token(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
