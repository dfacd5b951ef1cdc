package proxy

import (
	"strconv"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
)

// isGRPC tells whether a message is one of gRPC.
func isGRPC(h *filter.Header) bool {
	const kind = "application/grpc"
	v, ok := h.Get("content-type")
	return ok && len(v) >= len(kind) && filter.EqualFold(v[:len(kind)], kind) &&
		(len(v) == len(kind) || v[len(kind)] == '+' || v[len(kind)] == ';')
}

// grpcTimeout is the time that a call of gRPC gives the server, in nanoseconds.
func grpcTimeout(h *filter.Header) (int64, bool) {
	v, ok := h.Get("grpc-timeout")
	if !ok || len(v) < 2 || len(v) > 9 || !isGRPC(h) {
		return 0, false
	}
	n, err := strconv.ParseUint(v[:len(v)-1], 10, 32)
	if err != nil {
		return 0, false
	}
	unit := time.Duration(0)
	switch v[len(v)-1] {
	case 'H':
		unit = time.Hour
	case 'M':
		unit = time.Minute
	case 'S':
		unit = time.Second
	case 'm':
		unit = time.Millisecond
	case 'u':
		unit = time.Microsecond
	case 'n':
		unit = time.Nanosecond
	default:
		return 0, false
	}
	if int64(n) > int64(never)/2/int64(unit) {
		return 0, false
	}
	return int64(n) * int64(unit), true
}

// grpcStatus is the status of gRPC that says the same as a code: that which clients make
// of the HTTP status, and a closer one where there is one.
func grpcStatus(code reason.Code) int {
	switch code {
	case reason.ClientClosed:
		return 1 // CANCELLED
	case reason.RequestDeadline, reason.UpstreamTimeout:
		return 4 // DEADLINE_EXCEEDED
	case reason.BodyTooLarge, reason.HeadTooLarge:
		return 8 // RESOURCE_EXHAUSTED
	}
	switch code.Status() {
	case 400, 500:
		return 13 // INTERNAL
	case 401:
		return 16 // UNAUTHENTICATED
	case 403:
		return 7 // PERMISSION_DENIED
	case 404, 405, 501:
		return 12 // UNIMPLEMENTED
	case 429, 502, 503, 504:
		return 14 // UNAVAILABLE
	}
	return 2 // UNKNOWN
}

// failGRPC answers a call of gRPC with the gateway's error: a response without messages
// whose status stands in its only head.
func (c *session) failGRPC(code reason.Code, reached int) {
	x := &c.w.x
	x.Status = 200
	x.Response.Set("content-type", "application/grpc")
	x.Response.Set("grpc-status", strconv.Itoa(grpcStatus(code)))
	x.Response.Set("grpc-message", code.String())
	c.answer(reached, nil)
}
