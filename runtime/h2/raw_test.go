package h2

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// raw is a peer that may send any frame.
type raw struct {
	t  testing.TB
	nc net.Conn
	*http2.Framer
	dec *hpack.Decoder
}

func newRaw(t testing.TB, nc net.Conn) *raw {
	_ = nc.SetDeadline(time.Now().Add(patience))
	fr := http2.NewFramer(nc, nc)
	fr.AllowIllegalWrites, fr.AllowIllegalReads = true, true
	return &raw{t: t, nc: nc, Framer: fr, dec: hpack.NewDecoder(4096, nil)}
}

// dialRawBare is a client that has sent nothing.
func dialRawBare(t testing.TB, addr string) *raw {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return newRaw(t, nc)
}

// dialRaw is a client that has sent the preface and SETTINGS.
func dialRaw(t testing.TB, addr string, settings ...http2.Setting) *raw {
	t.Helper()
	r := dialRawBare(t, addr)
	r.write([]byte(Preface))
	_ = r.WriteSettings(settings...)
	return r
}

func (r *raw) write(p []byte) { _, _ = r.nc.Write(p) }

// frame sends a frame of any kind.
func (r *raw) frame(kind frameType, flags uint8, stream uint32, payload []byte) {
	r.write(append(appendFrameHead(nil, len(payload), kind, flags, stream), payload...))
}

// fields encodes names and values without any table or check.
func fields(pairs ...string) []byte {
	var b []byte
	for i := 0; i+1 < len(pairs); i += 2 {
		b = appendText(appendText(append(b, 0), pairs[i]), pairs[i+1])
	}
	return b
}

// request is the head of a request, with further fields.
func request(more ...string) []byte {
	return fields(append([]string{":method", "POST", ":scheme", "http", ":authority", "a.example", ":path", "/"}, more...)...)
}

// ask sends a whole head; end is END_STREAM.
func (r *raw) ask(id uint32, end bool, block []byte) {
	_ = r.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block, EndHeaders: true, EndStream: end})
}

// answer is what a peer made of frames.
type answer struct {
	goAway *uint32           // the code
	last   uint32            // the last stream of GOAWAY
	resets map[uint32]uint32 // codes by stream
	heads  map[uint32][]hpack.HeaderField
	ended  []uint32 // streams that ended in order
	pongs  int
	eof    bool
}

// until reads frames until something holds of them, or the end.
func (r *raw) until(holds func(*answer) bool) *answer {
	r.t.Helper()
	a := &answer{resets: map[uint32]uint32{}, heads: map[uint32][]hpack.HeaderField{}}
	for !holds(a) {
		f, err := r.ReadFrame()
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				r.t.Fatalf("nothing comes any more after %+v", a)
			}
			a.eof = true
			return a
		}
		if f.Header().Flags&flagEnd != 0 && (f.Header().Type == http2.FrameData || f.Header().Type == http2.FrameHeaders) {
			a.ended = append(a.ended, f.Header().StreamID)
		}
		switch f := f.(type) {
		case *http2.GoAwayFrame:
			code := uint32(f.ErrCode)
			a.goAway, a.last = &code, f.LastStreamID
		case *http2.RSTStreamFrame:
			a.resets[f.StreamID] = uint32(f.ErrCode)
		case *http2.HeadersFrame:
			h, err := r.dec.DecodeFull(f.HeaderBlockFragment())
			if err != nil {
				r.t.Fatal(err)
			}
			a.heads[f.StreamID] = append(a.heads[f.StreamID], h...)
		case *http2.PingFrame:
			if f.IsAck() {
				a.pongs++
			}
		}
	}
	return a
}

// verdict sends a PING and says in one word what was made of what was sent before.
func (r *raw) verdict() string {
	r.t.Helper()
	_ = r.WritePing(false, [8]byte{1})
	a := r.until(func(a *answer) bool { return a.goAway != nil || a.pongs > 0 })
	switch {
	case a.goAway != nil:
		return "connection " + codeName(*a.goAway)
	case a.eof:
		return "closed"
	}
	// Handlers work at the same time: a response may be on its way.
	var ids []uint32
	for id := range a.resets {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if len(ids) > 0 {
		return fmt.Sprintf("stream %d %s", ids[0], codeName(a.resets[ids[0]]))
	}
	return "taken"
}

// hold keeps streams open until the test ends: what is said of a stream does then not
// depend on how fast it is handled.
func hold(s *Stream) {
	_, _ = s.Respond(200, nil, -1, nil, false)
	_, _ = io.Copy(io.Discard, reader{s})
	gone := make(chan bool)
	s.Gone(func() { close(gone) })
	<-gone
}

// reader reads a stream.
type reader struct{ s *Stream }

func (r reader) Read(p []byte) (int, error) { return r.s.Read(p) }

func big(n int) []byte { return bytes.Repeat([]byte{'x'}, n) }
