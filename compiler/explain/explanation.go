package explain

import (
	"encoding/json"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// The outcomes of an Explanation; the first three are the table's.
const (
	Matched        = "matched"
	MethodMismatch = "method-mismatch"
	NotFound       = "not-found"
	// Refused is a request that never reaches the table.
	Refused = "refused"
)

// Explanation is the account of one request. The package's comment documents its JSON.
type Explanation struct {
	Request     Seen            `json:"request"`
	Outcome     string          `json:"outcome"`
	Status      int             `json:"status"`
	Code        string          `json:"code,omitempty"`
	Reason      string          `json:"reason,omitempty"`
	Route       string          `json:"route,omitempty"`
	Description string          `json:"description,omitempty"`
	Domain      string          `json:"domain,omitempty"`
	Source      *Place          `json:"source,omitempty"`
	Why         []Step          `json:"why,omitempty"`
	Preflight   string          `json:"preflight,omitempty"`
	Params      []Param         `json:"params,omitempty"`
	Filters     []Filter        `json:"filters,omitempty"`
	Upstream    *Upstream       `json:"upstream,omitempty"`
	Answer      *Answer         `json:"answer,omitempty"`
	Timeouts    *route.Timeouts `json:"timeouts,omitempty"`
	Retry       *route.Retry    `json:"retry,omitempty"`
	RunnerUp    *Rival          `json:"runnerUp,omitempty"`
	Chain       []Rival         `json:"chain"`
	Allow       []string        `json:"allow,omitempty"`
	Near        []Near          `json:"near,omitempty"`
	Advice      []string        `json:"advice,omitempty"`
}

// Seen is the request as the gateway sees it: Path is canonical, Host as sent.
type Seen struct {
	Method string `json:"method"`
	Scheme string `json:"scheme"`
	Host   string `json:"host"`
	Path   string `json:"path"`
	Query  string `json:"query,omitempty"`
}

// Place is a line of a route file. Name is the template or anchor that stands there.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Name string `json:"name,omitempty"`
}

// Step is one step of the order. Before are the routes that take the request too and
// lost at this step.
type Step struct {
	Step   string   `json:"step"`
	Text   string   `json:"text"`
	Before []string `json:"before,omitempty"`
}

// Param is a value taken from the path.
type Param struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Filter is one filter of the route.
type Filter struct {
	Name  string `json:"name"`
	Phase string `json:"phase"`
	// Sides are "request" and "response": where the filter does something. The
	// response side runs in the reverse order.
	Sides []string `json:"sides"`
	// Ran tells that the request reached the filter: none before it has answered.
	Ran    bool            `json:"ran"`
	Source *Place          `json:"source,omitempty"`
	From   []Place         `json:"from,omitempty"`
	Config json.RawMessage `json:"config"`
}

// Upstream is what goes upstream.
type Upstream struct {
	Targets []Target `json:"targets"`
	Method  string   `json:"method"`
	Host    string   `json:"host"`
	// Path holds the query too.
	Path    string  `json:"path"`
	Headers Changes `json:"headers"`
	// Response are the fields that filters set on the upstream's answer; what they
	// remove depends on the answer.
	Response []Field `json:"response,omitempty"`
}

// Target is one upstream that may be chosen. Domain is "" for a shared one; Percent is
// its share of the requests.
type Target struct {
	Name      string   `json:"name"`
	Domain    string   `json:"domain,omitempty"`
	Weight    int      `json:"weight"`
	Percent   float64  `json:"percent"`
	Endpoints []string `json:"endpoints"`
}

// Changes are the differences between the client's fields and the upstream's, by name.
// Values that the client sent and nobody changed are not repeated.
type Changes struct {
	Added   []Field  `json:"added,omitempty"`
	Changed []Field  `json:"changed,omitempty"`
	Removed []string `json:"removed,omitempty"`
}

// Field is one header field; its name is in lower case.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Answer is what the gateway answers by itself through a filter.
type Answer struct {
	Filter  string  `json:"filter"`
	Status  int     `json:"status"`
	Headers []Field `json:"headers,omitempty"`
	// Body is the beginning of the body as text, "" for HEAD; BodySize is the size of
	// all.
	Body     string `json:"body,omitempty"`
	BodySize int    `json:"bodySize"`
}

// Rival is a route whose host and path take the request.
type Rival struct {
	Route  string `json:"route"`
	Source *Place `json:"source,omitempty"`
	// Host is the pattern that takes the host; Path is kind and text, such as
	// "prefix /api".
	Host string `json:"host"`
	Path string `json:"path"`
	// Verdict is "wins", "loses" or "fails".
	Verdict string `json:"verdict"`
	// Text says why it lost or failed; "" for the winner.
	Text string `json:"text,omitempty"`
}

// Near is a route that almost takes a request that nobody takes.
type Near struct {
	Route  string `json:"route"`
	Source *Place `json:"source,omitempty"`
	Host   string `json:"host"`
	Path   string `json:"path"`
	Text   string `json:"text"`
}
