package filter

import (
	"net/netip"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// Exchange is one request and its response as filters see them, the same for
// every protocol. All strings are views that die with the exchange. An Exchange
// is used by one goroutine at a time and reused after it ends.
type Exchange struct {
	// Method, Scheme, Host, Path and Query are the request that the upstream will
	// receive. They begin as the client's (Path canonical and percent-encoded,
	// Host as sent, with its port if any, Query without "?").
	Method string
	Scheme string
	Host   string
	Path   string
	Query  string
	// Header holds the end-to-end request fields that go upstream, without Host,
	// framing and hop-by-hop fields.
	Header Header
	// Original is the request line and host as matched, before any filter.
	Original Original
	// Peer is the other end of the connection; Client is the address that the
	// trusted proxies vouch for, or Peer's.
	Peer   netip.AddrPort
	Client netip.Addr
	// Certificate is that of the client, verified, when it showed one on its connection.
	Certificate *Certificate
	// RouteID and Domain name the route that was matched.
	RouteID string
	Domain  string
	// Match is the route's match as written, such as its path prefix.
	Match *route.Match
	// Web says that a filter made a call of gRPC of a request of gRPC-Web, and in which
	// form the client awaits the answer. The engine changes the content.
	Web Web
	// Params are the parameters of the route's path template.
	Params Params
	// ID is the request's id. Empty until a filter sets it or it is first needed;
	// RequestID gives it.
	ID string
	// NewID makes an id where no filter set one; the server sets it.
	NewID func() string

	// Status and Response are the response's status and end-to-end fields. On the
	// request side they are empty; on the response side filters may change both
	// (Status only for answers of the gateway itself).
	Status   int
	Response Header
	// Reason says why the gateway itself answered; OK when the upstream did.
	Reason reason.Code

	answered    bool
	contentType string
	body        []byte
}

// Original is a request line and host as received: Host without its port and in
// lower case, Path canonical.
type Original struct {
	Method, Host, Path, Query string
}

// Web is a form of gRPC-Web.
type Web uint8

const (
	// NoWeb: the content passes as it is.
	NoWeb Web = iota
	// WebBinary: trailers come at the end of the content.
	WebBinary
	// WebText: the same in base64, in both directions.
	WebText
)

// Certificate is what is known of a client by its certificate.
type Certificate struct {
	// Subject is as RFC 4514 writes it, with what is not printable ASCII as \XX.
	Subject string
	// SHA256 is of its DER, in lower-case hex.
	SHA256 string
	// DNSNames, Emails and URIs are what it is made out for.
	DNSNames, Emails, URIs []string
}

// Param is one value taken from the path, still percent-encoded.
type Param struct{ Name, Value string }

// MaxParams bounds the parameters of one template.
const MaxParams = 16

// Params are the parameters of a matched template, in its order.
type Params struct {
	N    int
	List [MaxParams]Param
}

// Get returns the value of the parameter called name, and whether there is one.
func (p *Params) Get(name string) (string, bool) {
	for i := 0; i < p.N; i++ {
		if p.List[i].Name == name {
			return p.List[i].Value, true
		}
	}
	return "", false
}

// RequestID is the id of the request, made on first use.
func (x *Exchange) RequestID() string {
	if x.ID == "" && x.NewID != nil {
		x.ID = x.NewID()
	}
	return x.ID
}

// ReplacePrefix returns Path with the prefix that the route matched replaced by to.
// A route without a prefix matched "/".
func (x *Exchange) ReplacePrefix(to string) string {
	old := ""
	if x.Match != nil {
		old = strings.TrimSuffix(x.Match.Path.Prefix, "/")
	}
	path := strings.TrimSuffix(to, "/") + strings.TrimPrefix(x.Path, old)
	if path == "" {
		return "/"
	}
	return path
}

// Answer ends the request side with a response of the gateway's own. The body
// must not change afterwards. The filter returns Stop after it.
func (x *Exchange) Answer(status int, contentType string, body []byte) {
	x.answered, x.Status, x.contentType, x.body = true, status, contentType, body
	x.Reason = reason.FilterAnswer
}

// Fail ends the request side with the gateway's error for code: the code's
// status and a JSON body that names it. The filter returns Stop after it.
func (x *Exchange) Fail(code reason.Code) {
	x.answered, x.Status, x.contentType, x.body = true, code.Status(), "", nil
	x.Reason = code
}

// Answered tells whether a filter answered, with what content type and body.
// A Fail answers with an empty content type: the server writes the error body.
func (x *Exchange) Answered() (contentType string, body []byte, ok bool) {
	return x.contentType, x.body, x.answered
}

// Reset empties the exchange for its next request and keeps its storage and
// NewID.
func (x *Exchange) Reset() {
	h, r := x.Header, x.Response
	h.Reset()
	r.Reset()
	newID := x.NewID
	// Emptied in place: a literal with these would be built on the stack first, a
	// kilobyte for each connection.
	*x = Exchange{}
	x.Header, x.Response, x.NewID = h, r, newID
}
