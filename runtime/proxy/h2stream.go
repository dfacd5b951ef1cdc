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
	return s.Whole(status, h, length, data, trailer)
}

// Finish is that of stream.
func (s h2Stream) Finish(p []byte, trailer *filter.Header) (int, error) {
	if trailer == nil || len(trailer.Fields()) == 0 {
		return s.Stream.Finish(p)
	}
	n, err := s.SendEnd(p, trailer)
	if err != nil || n == len(p) {
		return n, err
	}
	m, err := s.Write(p[n:])
	if err != nil {
		return n + m, err
	}
	return n + m, s.End(trailer)
}
