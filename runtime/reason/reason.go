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
	NoBundle
	RouteNotFound
	MethodNotAllowed
	NoUpstream
	NoEndpoint
	ConnectFailed
	ConnectTimeout
	UpstreamTLS
	UpstreamReset
	UpstreamTimeout
	UpstreamInvalid
	UpstreamAborted
	RequestDeadline
	ClientClosed
	ClientTimeout
	TooManyConnections
	SecretUnavailable
	ClientCertificate
	FilterAnswer
	Internal
	count
)

type entry struct {
	text            string
	status          int
	meaning, advice string
}

var table = [count]entry{
	OK: {
		"", 0,
		"",
		"",
	},
	BadRequest: {
		"bad-request", 400,
		"The request breaks the grammar of HTTP/1.1 (RFC 9112), could be read in two ways, or has a path that climbs out of its root, also after a rewrite.",
		"Send it with curl -v: look at the request line, Host, Content-Length with Transfer-Encoding, and dot segments in the path.",
	},
	RequestTimeout: {
		"request-timeout", 408,
		"The head of the request was not whole within limits.headerTimeout.",
		"Look for slow or stuck clients; the limit is in the boot config.",
	},
	BodyTooLarge: {
		"body-too-large", 413,
		"The body is larger than limits.bodyBytes.",
		"Send less, or raise the limit in the boot config.",
	},
	URITooLong: {
		"uri-too-long", 414,
		"The request line is longer than limits.requestLineBytes.",
		"Move data from the query into the body, or raise the limit in the boot config.",
	},
	HeadTooLarge: {
		"head-too-large", 431,
		"The head has more bytes or fields than limits.headBytes and limits.fields allow.",
		"Mostly cookies: send fewer, or raise the limits in the boot config.",
	},
	NotImplemented: {
		"not-implemented", 501,
		"The method is CONNECT, or the body has a transfer coding other than chunked.",
		"Use another method, or send the body chunked or with its length.",
	},
	VersionUnsupported: {
		"version-unsupported", 505,
		"The request names a version of HTTP other than 1.0 and 1.1.",
		"Make the client speak HTTP/1.1.",
	},
	ExpectationFailed: {
		"expectation-failed", 417,
		"The request expects something other than 100-continue.",
		"Leave the Expect field out.",
	},
	NoBundle: {
		"no-bundle", 503,
		"The gateway has no bundle yet.",
		"Look at /-/bundle: last_error says why none could be loaded.",
	},
	RouteNotFound: {
		"route-not-found", 404,
		"No route takes the request; or only the method is wrong, and the domain answers that with 404.",
		"lintel explain with the method and URL, or /-/explain, says which routes were asked and why each declined.",
	},
	MethodNotAllowed: {
		"method-not-allowed", 405,
		"Routes take the host and path, but not with this method; the field Allow has those they take.",
		"Use one of them, or add the method to the route.",
	},
	NoUpstream: {
		"no-upstream", 503,
		"The route's split gives none of its upstreams any weight.",
		"Give a part of the split a weight above 0.",
	},
	NoEndpoint: {
		"no-endpoint", 503,
		"Every endpoint of the upstream was tried for this request, is ejected, or has weight 0.",
		"Look at /-/upstreams for the state of the endpoints.",
	},
	ConnectFailed: {
		"connect-failed", 502,
		"No connection to an endpoint could be made.",
		"Is the endpoint up, and is its address right? The access log names it.",
	},
	ConnectTimeout: {
		"connect-timeout", 504,
		"The connection to an endpoint took longer than timeouts.connect.",
		"Look at the network between gateway and endpoint, and at the endpoint's backlog.",
	},
	UpstreamTLS: {
		"upstream-tls", 502,
		"A connection to an endpoint was made, but TLS with it was not: its certificate does not verify, it does not accept the gateway's, or the two have no version or protocol in common.",
		"The log says what is wrong (\"no TLS with an endpoint\"), and so does /-/upstreams; lintel_upstream_tls_handshakes_total counts it. Look at the upstream's tls: ca, serverName, names, certificate.",
	},
	UpstreamReset: {
		"upstream-reset", 502,
		"The upstream closed the connection before it answered anything.",
		"Look at the upstream's log for a crash or a limit; retry.on: [\"reset\"] asks idempotent requests again.",
	},
	UpstreamTimeout: {
		"upstream-timeout", 504,
		"The upstream was silent for longer than timeouts.read, or took no byte for longer than timeouts.write.",
		"Make the upstream faster, or raise the route's timeout.",
	},
	UpstreamInvalid: {
		"upstream-invalid", 502,
		"What the upstream answered is no response of HTTP/1.1, or has a head larger than the limits.",
		"Ask the endpoint itself with curl -v; does it speak TLS or HTTP/2 only?",
	},
	UpstreamAborted: {
		"upstream-aborted", 502,
		"The upstream closed the connection in the middle of its answer. When the answer had begun, the client sees it break off.",
		"Look at the upstream's log for a crash or a timeout of its own.",
	},
	RequestDeadline: {
		"request-deadline", 504,
		"The exchange took longer than timeouts.request, with all its tries.",
		"Make the upstream faster, or raise the route's timeout.",
	},
	ClientClosed: {
		"client-closed", 499,
		"The client went away before the answer was whole. It sees no status; the log has it.",
		"Nothing, when it is seldom; many mean that clients wait for less long than answers take.",
	},
	ClientTimeout: {
		"client-timeout", 408,
		"The client sent nothing of the body for longer than limits.bodyTimeout, or sent it more slowly than limits.bodyRate.",
		"Look for slow or stuck clients; the limit is in the boot config.",
	},
	TooManyConnections: {
		"too-many-connections", 503,
		"There are as many client connections as limits.connections allows, or of this client as limits.connectionsPerSource allows.",
		"Raise the limit in the boot config, or run more gateways. A proxy in front that many clients share belongs into trustedProxies.",
	},
	SecretUnavailable: {
		"secret-unavailable", 503,
		"A filter of the route, or TLS to its upstream, needs a secret whose file is not there, is empty, or does not hold what it is for.",
		"Put the file below secretsDir; it is read without a restart.",
	},
	ClientCertificate: {
		"client-certificate", 403,
		"The route takes only clients with a certificate (filter clientCertificate), and this one showed none, or not one that the filter names.",
		"Does the listener ask for certificates (tls.clientAuth.mode)? x-client-cert-subject shows upstreams what clients have.",
	},
	FilterAnswer: {
		"filter-answer", 0,
		"A filter answered in the upstream's place, such as a redirect. This is no error, and the status is the filter's.",
		"Nothing.",
	},
	Internal: {
		"internal", 500,
		"The gateway could not do what the route says.",
		"Report it, with the request and the bundle's digest.",
	},
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

// Meaning says in a sentence what happened; "" for OK.
func (c Code) Meaning() string {
	if c >= count {
		return ""
	}
	return table[c].meaning
}

// Advice says what an operator or author can do about it; "" for OK.
func (c Code) Advice() string {
	if c >= count {
		return ""
	}
	return table[c].advice
}

// All lists every code but OK, in the order of the table.
func All() []Code {
	out := make([]Code, 0, count-1)
	for c := BadRequest; c < count; c++ {
		out = append(out, c)
	}
	return out
}
