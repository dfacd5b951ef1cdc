// Package reason is the one table of the codes that say why a request did not
// end well. The same word stands in the error body, the access log and the
// metric labels.
package reason

// Code says why a request ended as it did. The zero Code is a plain success.
type Code uint8

// The codes. Their texts and statuses are in the table below.
const (
	OK Code = iota
	BadRequest
	RequestTimeout
	BodyTooLarge
	URITooLong
	HeadTooLarge
	NotImplemented
	VersionUnsupported
	ExpectationFailed
	MisdirectedHost
	NoBundle
	RouteNotFound
	MethodNotAllowed
	NoUpstream
	NoEndpoint
	ConnectFailed
	ConnectTimeout
	UpstreamReset
	UpstreamTimeout
	UpstreamInvalid
	UpstreamAborted
	RequestDeadline
	ClientClosed
	ClientTimeout
	TooManyConnections
	Draining
	SecretUnavailable
	FilterAnswer
	Internal
	count
)

type entry struct {
	text   string
	status int
}

var table = [count]entry{
	OK:                 {"", 0},
	BadRequest:         {"bad-request", 400},
	RequestTimeout:     {"request-timeout", 408},
	BodyTooLarge:       {"body-too-large", 413},
	URITooLong:         {"uri-too-long", 414},
	HeadTooLarge:       {"head-too-large", 431},
	NotImplemented:     {"not-implemented", 501},
	VersionUnsupported: {"version-unsupported", 505},
	ExpectationFailed:  {"expectation-failed", 417},
	MisdirectedHost:    {"misdirected-host", 421},
	NoBundle:           {"no-bundle", 503},
	RouteNotFound:      {"route-not-found", 404},
	MethodNotAllowed:   {"method-not-allowed", 405},
	NoUpstream:         {"no-upstream", 503},
	NoEndpoint:         {"no-endpoint", 503},
	ConnectFailed:      {"connect-failed", 502},
	ConnectTimeout:     {"connect-timeout", 504},
	UpstreamReset:      {"upstream-reset", 502},
	UpstreamTimeout:    {"upstream-timeout", 504},
	UpstreamInvalid:    {"upstream-invalid", 502},
	UpstreamAborted:    {"upstream-aborted", 502},
	RequestDeadline:    {"request-deadline", 504},
	ClientClosed:       {"client-closed", 499},
	ClientTimeout:      {"client-timeout", 408},
	TooManyConnections: {"too-many-connections", 503},
	Draining:           {"draining", 503},
	SecretUnavailable:  {"secret-unavailable", 503},
	FilterAnswer:       {"filter-answer", 0},
	Internal:           {"internal", 500},
}

// String is the code's word, such as "route-not-found"; "" for OK.
func (c Code) String() string {
	if c >= count {
		return "unknown"
	}
	return table[c].text
}

// Status is the HTTP status that a client is answered with; 0 where the code
// itself sets none.
func (c Code) Status() int {
	if c >= count {
		return 500
	}
	return table[c].status
}

// All lists every code but OK, in the order of the table.
func All() []Code {
	out := make([]Code, 0, count-1)
	for c := BadRequest; c < count; c++ {
		out = append(out, c)
	}
	return out
}
