package proxy

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

// Sizes of the buffers that a connection holds while a request is on.
const (
	inSize0  = 32 << 10
	upSize   = 32 << 10
	outSize  = 16 << 10
	keepSize = 128 << 10 // a buffer that grew beyond is not kept
)

// work is all that a connection needs only while it has bytes or a request in hand.
// An idle connection holds none.
type work struct {
	// in holds input; in[start:end] is unread, and head bytes of the present request
	// stand before start.
	in         []byte
	start, end int
	partial    bool    // the head at start was looked at and is not whole
	scan       headEnd // valid when partial

	req requestHead

	out     []byte // being written
	up      []byte // response of the upstream, up[upStart:upEnd] unread
	upStart int
	upEnd   int
	resp    responseHead
	ask     h2.Head // for an upstream of HTTP/2
	chunks  chunks  // of the response
	headDue bool    // on a stream, the response's head waits for content
	left    int64   // content that is still to come, where a length bounds it

	handshake opening // of an extended CONNECT

	web     []byte // content for gRPC-Web
	scratch []byte // canonical path, lower-case host, forwarded list
	id      [32]byte

	snap  *snapshot.Snapshot
	x     filter.Exchange
	query table.Request
	match table.Match
	rec   telemetry.Record
	began int64 // the present request
}

// works pools them.
type works struct{ pool sync.Pool }

func (p *works) get() *work {
	if w, ok := p.pool.Get().(*work); ok {
		return w
	}
	w := &work{
		in: make([]byte, inSize0), up: make([]byte, upSize),
		out: make([]byte, 0, outSize), scratch: make([]byte, 0, 512),
	}
	w.x.NewID = w.newID
	return w
}

// slim takes the buffers from a work whose connection stays without a request, for
// hours perhaps, and pools them. It returns the unread input. What the record of the
// request needs is copied: it was a view of the buffers.
func (p *works) slim(w *work) (unread []byte) {
	unread = bytes.Clone(w.in[w.start:w.end])
	for _, s := range []*string{&w.rec.Method, &w.rec.Host, &w.rec.Path} {
		*s = strings.Clone(*s)
	}
	w.x = filter.Exchange{ID: strings.Clone(w.x.RequestID()), Client: w.x.Client}
	spare := &work{in: w.in, up: w.up, out: w.out[:0], scratch: w.scratch[:0]}
	spare.x.NewID = spare.newID
	w.in, w.up, w.out, w.scratch = nil, nil, nil, nil
	w.start, w.end, w.upStart, w.upEnd = 0, 0, 0, 0
	w.req, w.resp, w.chunks, w.query, w.match = requestHead{}, responseHead{}, chunks{}, table.Request{}, table.Match{}
	p.put(spare)
	return unread
}

func (p *works) put(w *work) {
	if w.in == nil {
		return // slim
	}
	if len(w.in) > inSize0 {
		w.in = make([]byte, inSize0)
	}
	if cap(w.out) > keepSize {
		w.out = make([]byte, 0, outSize)
	}
	if len(w.up) > upSize {
		w.up = make([]byte, upSize)
	}
	w.start, w.end, w.partial, w.snap = 0, 0, false, nil
	p.pool.Put(w)
}

// newID makes a request id: 128 random bits in hex, a view into w.
func (w *work) newID() string {
	var b [16]byte
	for i, v := range [2]uint64{rand.Uint64(), rand.Uint64()} {
		for j := range 8 {
			b[i*8+j] = byte(v >> (8 * j))
		}
	}
	hex.Encode(w.id[:], b[:])
	return view(w.id[:])
}

// room makes space for at least n more bytes of input. It moves or grows only
// between requests, when no view of the buffer is in use.
func (w *work) room(n, limit int) bool {
	if w.start == w.end {
		w.start, w.end = 0, 0
	}
	if len(w.in)-w.end >= n {
		return true
	}
	if w.start > 0 {
		copy(w.in, w.in[w.start:w.end])
		w.start, w.end = 0, w.end-w.start
		if len(w.in)-w.end >= n {
			return true
		}
	}
	if len(w.in) >= limit {
		return false
	}
	grown := make([]byte, min(max(2*len(w.in), w.end+n), limit))
	copy(grown, w.in[:w.end])
	w.in = grown
	return len(w.in)-w.end >= n
}
