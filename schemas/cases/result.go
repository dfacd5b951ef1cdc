package cases

// Result is what became of one case. A replay writes one as a line of JSON as soon
// as the case is done, so that a run that is cut short is known to be.
type Result struct {
	// Index is the case's place in the set, from 0.
	Index int `json:"index"`
	// Passed tells that everything held.
	Passed bool `json:"passed"`
	// Mismatches are what did not hold, in the order in which a person reads an
	// answer: exchange, bundle, route, status, headers, body, upstream, time, counts.
	Mismatches []Mismatch `json:"mismatches,omitempty"`
	// Got is the answer, the first that did not fit when there were several; nil
	// when there was none.
	Got *Answer `json:"got,omitempty"`
	// Routes are the ids of the routes that answered, each once, "" for none.
	Routes []string `json:"routes,omitempty"`
	// Millis is the time of the whole case in milliseconds.
	Millis float64 `json:"millis"`
}

// Mismatch is one expectation that did not hold.
type Mismatch struct {
	// Field says what was compared: "exchange" (no answer at all), "bundle",
	// "route", "status", "header location", "body", "json", "jsonPath $.id",
	// "upstream name", "upstream header x-user", "websocket", "duration", "counts".
	Field string `json:"field"`
	Want  string `json:"want,omitempty"`
	Got   string `json:"got,omitempty"`
	// Diff is the difference line by line, where one says more than both sides.
	Diff string `json:"diff,omitempty"`
}

// MaxAnswerBody bounds the part of a body that a Result shows, in bytes.
const MaxAnswerBody = 4 << 10

// Answer is what came back.
type Answer struct {
	Status int `json:"status"`
	// Headers are by name in lower case.
	Headers map[string][]string `json:"headers,omitempty"`
	// Body is the first MaxAnswerBody bytes; BodySize is the size of all.
	Body     string `json:"body,omitempty"`
	BodySize int64  `json:"bodySize"`
	// Route, Upstream and Bundle are what the gateway said of itself (--dev:
	// x-lintel-route, x-lintel-upstream, x-lintel-bundle); "" when it said nothing.
	Route    string `json:"route,omitempty"`
	Upstream string `json:"upstream,omitempty"`
	Bundle   string `json:"bundle,omitempty"`
}
