package ir

// Outline is what the whole of a repository has to know of a domain that has not
// changed: all else of it is in the bundle's shards already.
type Outline struct {
	// Hosts are those of the domain, RouteHosts those of its routes that are none of
	// them.
	Hosts      []string `json:"hosts"`
	RouteHosts []string `json:"routeHosts,omitempty"`
	Owner      string   `json:"owner,omitempty"`
	// Upstreams and Secrets are the names that its routes and upstreams use, its own or shared.
	Upstreams []string `json:"upstreams,omitempty"`
	Secrets   []string `json:"secrets,omitempty"`
	// Groups are the gateway groups of its routes, when that is not DefaultGroup alone.
	Groups []string `json:"groups,omitempty"`
	// Routes and OwnUpstreams are how many it has.
	Routes       int `json:"routes"`
	OwnUpstreams int `json:"ownUpstreams"`
	// Weight decides with which others it is packed (bundle.Layout).
	Weight int `json:"weight"`
}
