// Package route holds the Go types of a compiled route: what the compiler
// emits into a bundle and the runtime builds its table from. It says nothing
// of how routes are written (the CUE in the parent folder does) nor of how they
// are matched (runtime/table does).
//
// The JSON names are the author's names: a compiled route reads like the route
// somebody wrote, with hosts, defaults and templates filled in.
package route

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Domain is one folder under routes/: the hosts a team owns, its upstreams and
// its routes. It is the unit of sharing between snapshots: a domain whose
// canonical bytes did not change is not built again.
type Domain struct {
	// Name is the folder's name, such as "shop.example".
	Name string `json:"name"`
	// Hosts are the host patterns that the domain owns, sorted.
	Hosts []string `json:"hosts"`
	// MethodMismatch is the status of an answer to a request that some route
	// would have taken but for its method: 405 (with Allow) or 404.
	MethodMismatch int `json:"methodMismatch"`
	// Upstreams are the upstreams that only this domain uses, by name.
	Upstreams map[string]Upstream `json:"upstreams,omitempty"`
	// Secrets are the secret references of this domain, by name.
	Secrets map[string]Secret `json:"secrets,omitempty"`
	// Routes are sorted by ID.
	Routes []Route `json:"routes"`
}

// Shared holds what every domain may use by name. A domain never redefines one
// of these names.
type Shared struct {
	Upstreams map[string]Upstream `json:"upstreams,omitempty"`
	Secrets   map[string]Secret   `json:"secrets,omitempty"`
}

// Route is one compiled route.
type Route struct {
	// ID is "<domain>/<name>", unique in the bundle and stable when the route
	// moves to another file.
	ID string `json:"id"`
	Match
	// Upstream names where requests go. Empty when Split is set, or when a
	// filter always answers (redirect, respond).
	Upstream string `json:"upstream,omitempty"`
	// Split shares the requests among upstreams by weight.
	Split []Share `json:"split,omitempty"`
	// Filters are the filters of the route by name.
	Filters  Filters  `json:"filters,omitempty"`
	Timeouts Timeouts `json:"timeouts"`
	Retry    Retry    `json:"retry"`
	// OnRouteChange says what a swap that changes or removes this route does to
	// its upgraded connections: keep, drain or close.
	OnRouteChange string `json:"onRouteChange"`
}

// Target says in words where the requests of the route go: the upstream, the parts of
// the split with their weights, or nowhere.
func (r *Route) Target() string {
	switch {
	case r.Upstream != "":
		return r.Upstream
	case len(r.Split) > 0:
		var out []string
		for _, s := range r.Split {
			out = append(out, fmt.Sprintf("%s:%d", s.Upstream, s.Weight))
		}
		return strings.Join(out, " ")
	}
	return "(answers itself)"
}

// Share is one part of a split.
type Share struct {
	Upstream string `json:"upstream"`
	// Weight is relative to the sum of the split's weights; 0 takes no requests.
	Weight int `json:"weight"`
}

// Filters maps a filter's name to its configuration in canonical JSON
// (sorted keys, no insignificant space).
type Filters map[string]json.RawMessage

// Timeouts bound the life of a request; zero means no bound.
type Timeouts struct {
	// Connect bounds the connection to one endpoint.
	Connect Duration `json:"connect"`
	// Read bounds the silence of the upstream between two reads.
	Read Duration `json:"read"`
	// Write bounds the time in which the upstream takes no byte.
	Write Duration `json:"write"`
	// Request bounds the whole exchange, from the request's head to the last
	// byte of the response.
	Request Duration `json:"request"`
	// Idle bounds the silence in both directions of an upgraded connection.
	Idle Duration `json:"idle"`
}

// Retry says when a request is sent once more. A connect that fails is always
// safe to repeat; On says which other failures are.
type Retry struct {
	// Attempts is how many more times a request may be tried.
	Attempts int `json:"attempts"`
	// On lists the failures that are retried, sorted: connect (no connection;
	// nothing was sent), reset (the connection died before the first byte of the
	// response; only idempotent requests whose body is still at hand).
	On []string `json:"on"`
}

// Upstream is a named group of endpoints.
type Upstream struct {
	Endpoints []Endpoint `json:"endpoints"`
	Ejection  Ejection   `json:"ejection"`
	Pool      Pool       `json:"pool"`
	// HTTP is the version of HTTP that is spoken to the endpoints: "2", or "" for 1.1.
	HTTP string `json:"http,omitempty"`
	// TLS is nil for plain connections.
	TLS *UpstreamTLS `json:"tls,omitempty"`
	// ProxyProtocol is the version of the PROXY protocol with which connections begin:
	// "v1", "v2", or "" for none.
	ProxyProtocol string `json:"proxyProtocol,omitempty"`
}

// UpstreamTLS says how TLS is spoken to an upstream.
type UpstreamTLS struct {
	// ServerName is the name that is asked for and verified; "" means the host of the
	// endpoint's address.
	ServerName string `json:"serverName,omitempty"`
	// Names are verified in place of ServerName; one of them is enough.
	Names []string `json:"names,omitempty"`
	// CA names the secret with the authorities that are trusted; nil means those of the
	// system.
	CA *SecretRef `json:"ca,omitempty"`
	// Certificate and Key name the secrets of the client certificate; both or neither.
	Certificate *SecretRef `json:"certificate,omitempty"`
	Key         *SecretRef `json:"key,omitempty"`
	// MinVersion is the least version of TLS, "1.2" or "1.3".
	MinVersion string `json:"minVersion"`
	// Verify tells whether certificates are verified.
	Verify bool `json:"verify"`
}

// SecretRef names a declared secret.
type SecretRef struct {
	// Secret is the name.
	Secret string `json:"secret"`
}

// Endpoint is one address of an upstream.
type Endpoint struct {
	// Address is host:port.
	Address string `json:"address"`
	// Weight is relative to the sum of the upstream's weights; 0 takes no new
	// requests.
	Weight int `json:"weight"`
	// Labels describe the endpoint, such as stage or zone.
	Labels map[string]string `json:"labels,omitempty"`
}

// Ejection takes an endpoint that cannot be connected to out of the rotation.
type Ejection struct {
	// Failures is how many connects in a row must fail; 0 turns ejection off.
	Failures int `json:"failures"`
	// Duration is how long the endpoint stays out; it doubles with each further
	// ejection up to ten times.
	Duration Duration `json:"duration"`
	// MaxPercent is the greatest share of the endpoints that may be out at once.
	MaxPercent int `json:"maxPercent"`
}

// Pool bounds the idle connections kept to each endpoint.
type Pool struct {
	// MaxIdle is how many idle connections are kept to each endpoint.
	MaxIdle int `json:"maxIdle"`
	// IdleTimeout closes a connection that has been idle for so long.
	IdleTimeout Duration `json:"idleTimeout"`
}

// Secret is a reference to a secret, never the secret itself.
type Secret struct {
	// File is a path below the gateway's secrets folder.
	File string `json:"file"`
}
