package h3

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/proxy"
)

// fieldCost is what a field counts beside its name and value (RFC 9114 section 4.2.2).
const fieldCost = 32

// headOf is the head of a request, which http3 has checked (RFC 9114 section 4.3.1). Fields
// of one name keep their order; names come in that of the alphabet, for their own order is
// lost. It is called before the content is read, which changes the request.
func headOf(r *http.Request, lim proxy.Limits) *h2.Head {
	h := &h2.Head{Method: r.Method, Scheme: "https", Authority: r.Host, Path: r.RequestURI, Length: r.ContentLength}
	if r.Method == http.MethodConnect {
		if h.Protocol = r.Proto; r.Proto == "HTTP/3.0" {
			h.Protocol, h.Path = "", "" // a plain one
		}
	}
	fields, size := 0, len(h.Method)+len(h.Authority)+len(h.Path)+4*fieldCost
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		low := strings.ToLower(name)
		for _, value := range r.Header[name] {
			fields++
			size += len(name) + len(value) + fieldCost
			if fields > lim.Fields || size > lim.HeadBytes {
				h.TooLarge = true
				return h
			}
			switch {
			case low == "host", low == "content-length":
			case low == "te":
				h.Trailers = true // it says no more than that (RFC 9114 section 4.2)
			case low == "expect" && strings.EqualFold(value, "100-continue"):
				h.Expect = true
			default:
				h.Header.Add(low, value)
			}
		}
	}
	if names := announced(r); names != "" {
		fields++
		size += len("trailer") + len(names) + fieldCost
		h.Header.Add("trailer", names)
	}
	h.TooLarge = fields > lim.Fields || size > lim.HeadBytes
	return h
}

// announced is the field trailer, out of which http3 has made the keys of Trailer. Upstreams
// may pass over fields that were not announced (RFC 9110 section 6.6.2).
func announced(r *http.Request) string {
	return strings.ToLower(strings.Join(slices.Sorted(maps.Keys(r.Trailer)), ", "))
}

// trailerOf is a request's trailer, which http3 has checked; nil when none came.
func trailerOf(t http.Header) *filter.Header {
	var out *filter.Header
	for _, name := range slices.Sorted(maps.Keys(t)) {
		for _, value := range t[name] {
			if out == nil {
				out = &filter.Header{}
			}
			out.Add(strings.ToLower(name), value)
		}
	}
	return out
}
