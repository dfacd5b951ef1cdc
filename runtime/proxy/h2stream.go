package proxy

import (
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/h2"
)

// h2Stream is a stream of HTTP/2 as a client's side.
type h2Stream struct{ *h2.Stream }

// Respond is that of stream.
func (s h2Stream) Respond(status int, h *filter.Header, length int64, data []byte, end bool, trailer *filter.Header) (int, error) {
	if !end || trailer == nil || len(trailer.Fields()) == 0 {
		return s.Stream.Respond(status, h, length, data, end)
	}
	n, err := s.Stream.Respond(status, h, length, data, false)
	if err != nil || n < len(data) {
		return n, err
	}
	return n, s.End(trailer)
}

// Finish is that of stream.
func (s h2Stream) Finish(p []byte, trailer *filter.Header) (int, error) {
	if trailer == nil || len(trailer.Fields()) == 0 {
		return s.Stream.Finish(p)
	}
	n, err := s.Write(p)
	if err != nil || n < len(p) {
		return n, err
	}
	return n, s.End(trailer)
}
