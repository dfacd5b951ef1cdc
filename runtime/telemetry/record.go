// Package telemetry counts and logs what the gateway did. Nothing here may slow
// a request: records are copied out of the request path and dropped, counted,
// when the writer falls behind.
package telemetry

import (
	"time"

	"github.com/lintel-gateway/lintel/runtime/reason"
)

// Record is the one account of a finished request. Its strings are views that
// die when Done returns.
type Record struct {
	Start    time.Time
	ID       string
	Route    string // id, "" when none matched
	Domain   string
	Upstream string
	Endpoint string // address that answered, or was tried last
	Scheme   string // "http" or "https", as the client connected
	Protocol string // "HTTP/1.1", "HTTP/2" and so on, as the client speaks
	Method   string
	Host     string
	Path     string
	Status   int
	BytesIn  int64 // request body
	BytesOut int64 // response body
	Duration time.Duration
	TTFB     time.Duration // to the first byte of the response; 0 when there was none
	Reason   reason.Code
	Bundle   string // digest of the snapshot that served it
	Client   string // set only when the log asks for it
	Attempts int
	Upgraded bool
}

// Sink takes the records. Done is called once a request, from many goroutines;
// shard is a number that is steady for one connection.
type Sink interface {
	Done(shard uint32, r *Record)
}
