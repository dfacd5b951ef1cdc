package h3

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/proxy"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// endTime is how long a request that has no content, or a little, is waited for as a whole:
// its end comes with its head, most often, and is read a moment later.
const endTime = 2 * time.Millisecond

// stream is a stream of HTTP/3 as a client's side. It writes the frames of the response.
type stream struct {
	web     *http3.Stream
	out     *quic.Stream
	in      *input
	request *http.Request
	buffers *inputs
	headIn  time.Duration // how long the client may take none of a head

	pending []byte // of frames' heads and sections, to be written first
	left    int    // of the payload of the frame that was begun
	trailed bool   // the trailer is in pending, or was written
	ended   atomic.Bool

	mu  sync.Mutex
	cut bool // writes are interrupted

	gone  sync.Mutex // held while given runs
	given func()
	lost  bool
	watch func() bool // ends the watch over the stream
}

var _ proxy.Stream = (*stream)(nil)

// newStream takes over the stream of a request.
func newStream(web *http3.Stream, r *http.Request, lim proxy.Limits, buffers *inputs) *stream {
	s := &stream{web: web, out: web.QUICStream(), in: newInput(r.Body, buffers.get()), request: r, buffers: buffers, headIn: lim.BodyTimeout}
	s.watch = context.AfterFunc(web.Context(), s.giveUp)
	go s.in.run(s.giveUp)
	if whole(r) {
		end := time.NewTimer(endTime)
		defer end.Stop()
		select {
		case <-s.in.done:
		case <-end.C:
		}
	}
	return s
}

// whole tells of requests that come whole with their head, most often.
func whole(r *http.Request) bool {
	switch {
	case r.ContentLength >= 0:
		return r.ContentLength < inputSize
	case r.Method == http.MethodConnect:
		return false
	}
	return r.Method != http.MethodPost && r.Method != http.MethodPut && r.Method != http.MethodPatch
}

// Read is that of proxy.Stream.
func (s *stream) Read(p []byte) (int, error) { return s.in.Read(p) }

// Buffered is that of proxy.Stream.
func (s *stream) Buffered() int { return s.in.buffered() }

// Ended is that of proxy.Stream.
func (s *stream) Ended() bool { return s.in.ended() }

// Trailer is that of proxy.Stream.
func (s *stream) Trailer() *filter.Header {
	if !s.in.ended() {
		return nil
	}
	return trailerOf(s.request.Trailer) // it was set before the end was seen
}

// Send takes nothing: what QUIC takes without waiting has no bound but the client's window.
func (s *stream) Send([]byte) (int, error) { return 0, nil }

// Write is that of proxy.Stream.
func (s *stream) Write(p []byte) (int, error) {
	n := 0
	for {
		if err := s.flush(); err != nil || n == len(p) {
			return n, err
		}
		if s.left == 0 {
			s.left = len(p) - n
			s.pending = appendFrame(s.pending[:0], frameData, uint64(s.left))
			continue
		}
		m, err := s.out.Write(p[n:min(len(p), n+s.left)])
		n, s.left = n+m, s.left-m
		if err != nil {
			return n, wireError(err)
		}
	}
}

// flush writes what is pending.
func (s *stream) flush() error {
	if len(s.pending) == 0 {
		return nil
	}
	n, err := s.out.Write(s.pending)
	s.pending = s.pending[n:]
	return wireError(err)
}

func wireError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return wire.ErrInterrupted
	}
	return err
}

// Respond is that of proxy.Stream. The head and the first of the content are taken as one;
// only where there is no content, and the client takes no head, is that waited for.
func (s *stream) Respond(status int, h *filter.Header, length int64, data []byte, end bool, trailer *filter.Header) (int, error) {
	b := appendHead(nil, status, h, length)
	head := len(b)
	if len(data) > 0 {
		b = append(appendFrame(b, frameData, uint64(len(data))), data...)
	}
	switch err := s.out.TryWriteAll(b); {
	case err == nil:
	case !errors.Is(err, quic.ErrWouldBlock):
		return 0, err
	case len(data) > 0:
		s.pending = b[:head]
		return 0, nil
	default:
		s.pending = b
		if err := s.flushWithin(s.headIn); err != nil {
			return 0, err
		}
	}
	if !end {
		return len(data), nil
	}
	_, err := s.finish(nil, trailer, func() error { return s.flushWithin(s.headIn) })
	return len(data), err
}

// flushWithin is flush for who has no deadline.
func (s *stream) flushWithin(d time.Duration) error {
	if len(s.pending) == 0 {
		return nil
	}
	s.deadline(time.Now().Add(d))
	defer s.deadline(time.Time{})
	return s.flush()
}

// Finish is that of proxy.Stream.
func (s *stream) Finish(p []byte, trailer *filter.Header) (int, error) {
	return s.finish(p, trailer, s.flush)
}

func (s *stream) finish(p []byte, trailer *filter.Header, flush func() error) (n int, err error) {
	if len(p) > 0 || len(s.pending) > 0 && !s.trailed {
		if n, err = s.Write(p); err != nil {
			return n, err
		}
	}
	if !s.trailed && trailer != nil && len(trailer.Fields()) > 0 {
		s.trailed = true
		s.pending = appendTrailer(nil, trailer)
	}
	if err := flush(); err != nil {
		return n, err
	}
	s.ended.Store(true)
	return n, s.web.Close()
}

// CloseWrite is that of proxy.Stream.
func (s *stream) CloseWrite() error {
	_, err := s.Finish(nil, nil)
	return err
}

// Interrupt is that of proxy.Stream.
func (s *stream) Interrupt(read, write bool) {
	if read {
		s.in.interrupt(true)
	}
	if write {
		s.mu.Lock()
		s.cut = true
		_ = s.out.SetWriteDeadline(time.Unix(1, 0))
		s.mu.Unlock()
	}
}

// Rearm is that of proxy.Stream.
func (s *stream) Rearm(read, write bool) {
	if read {
		s.in.interrupt(false)
	}
	if write {
		s.mu.Lock()
		s.cut = false
		_ = s.out.SetWriteDeadline(time.Time{})
		s.mu.Unlock()
	}
}

// deadline sets that of writes, unless they are interrupted.
func (s *stream) deadline(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.cut {
		_ = s.out.SetWriteDeadline(at)
	}
}

// Gone is that of proxy.Stream.
func (s *stream) Gone(f func()) {
	s.gone.Lock()
	defer s.gone.Unlock()
	s.given = f
	if s.lost && f != nil {
		s.given = nil
		f()
	}
}

// giveUp notes that the client has given the stream up.
func (s *stream) giveUp() {
	if s.ended.Load() {
		return // it was us
	}
	s.gone.Lock()
	defer s.gone.Unlock()
	s.lost = true
	if f := s.given; f != nil {
		s.given = nil
		f()
	}
}

// Close is that of proxy.Stream.
func (s *stream) Close() {
	s.watch()
	code := http3.ErrCodeNoError
	if !s.ended.Swap(true) {
		code = http3.ErrCodeInternalError
		s.web.CancelWrite(quic.StreamErrorCode(code))
	}
	s.web.CancelRead(quic.StreamErrorCode(code)) // nothing where all was read
	s.buffers.put(s.in.close())
}
