package proxy

import (
	"bytes"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/reason"
)

// clientPreface begins a connection of HTTP/2 (RFC 9113 section 3.4).
const clientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// looksLikeH2 tells whether input begins HTTP/2 without TLS, which a client may do that
// knows of it (RFC 9113 section 3.3): leave for yes, more for perhaps, again for no. With
// TLS the handshake has decided.
func (c *session) looksLikeH2(in []byte) verdict {
	n := min(len(in), len(clientPreface))
	switch {
	case !c.from.http2 || c.conn.Secure() || string(in[:n]) != clientPreface[:n]:
		return again
	case n < len(clientPreface):
		return more
	}
	return leave
}

// serveH2 serves a connection of HTTP/2 to its end.
func (c *session) serveH2() {
	var first []byte
	if w := c.w; w != nil {
		first = bytes.Clone(w.in[w.start:w.end])
		c.srv.works.put(w)
		c.w = nil
	}
	lim := c.lim
	conn := h2.NewServer(c.conn, h2.Config{
		MaxStreams: lim.Streams, HeadBytes: lim.HeadBytes, Fields: lim.Fields, SendTimeout: lim.BodyTimeout, Connect: true, Pool: &c.srv.h2pool,
	})
	c.conn.Rearm(true, true)
	c.clientRead.at.Store(0)
	c.phase.Store(uint32(phaseStreams))
	c.carry(conn)
	switch now := c.srv.now(); {
	case c.flags.Load()&flagCut != 0:
		return
	case c.srv.draining.Load():
		conn.GoAway()
	default:
		c.srv.shard(c).due(now + int64(lim.IdleTimeout))
	}
	if conn.Serve(first, func(s *h2.Stream) { c.srv.serveStream(c, h2Stream{s}, s.Head(), "HTTP/2", "2 lintel") }) != nil {
		c.abort = false // whoever is there was told why
	}
}

// lookCarrier ends a connection of streams that is idle, and returns when to look again.
func (c *session) lookCarrier(conn Carrier, now int64) int64 {
	left := c.lim.IdleTimeout - conn.Idle()
	if left > 0 {
		return now + int64(left)
	}
	conn.GoAway()
	return now + int64(c.lim.IdleTimeout)
}

// serveStream serves the exchange of one stream of the connection of parent.
func (s *Server) serveStream(parent *session, st Stream, h *h2.Head, speaks, via string) {
	c, _ := s.streams.Get().(*session)
	if c == nil {
		c = &session{srv: s}
	}
	c.from, c.lim = parent.from, parent.lim
	c.stream, c.side, c.shard, c.ended = st, st, s.next.Add(1), s.now()
	c.peer, c.peerText, c.trusted, c.scheme, c.identity = parent.peer, parent.peerText, parent.trusted, parent.scheme, parent.identity
	c.local = parent.local
	c.speaks, c.via = speaks, via
	c.phase.Store(uint32(phaseExchange))
	s.shard(c).add(c)
	c.hold()
	c.w.x.Reset()
	defer c.endStream()
	c.serveOne(c.w.req.read(h, &c.w.x.Header, c.trusted))
}

// endStream is deferred by serveStream.
func (c *session) endStream() {
	if p := recover(); p != nil {
		c.contain(p)
	}
	s := c.srv
	c.stream.Close()
	if c.w != nil {
		s.works.put(c.w)
		c.w = nil
	}
	s.shard(c).remove(c)
	c.rewind()
	s.streams.Put(c)
}

// rewind makes the session of a stream that has ended ready for the next.
func (c *session) rewind() {
	*c = session{srv: c.srv, body: body{done: c.body.done}}
}

// read takes over the head of a stream, which is well formed. It returns a code other
// than OK when the request is refused.
func (r *requestHead) read(h *h2.Head, fields *filter.Header, trusted bool) reason.Code {
	*r = requestHead{framing: framing{length: h.Length, trailers: h.Trailers}, method: h.Method, host: h.Authority, hasHost: true, target: h.Path, expect: h.Expect}
	switch {
	case h.TooLarge:
		return reason.HeadTooLarge
	case h.Path == "", len(h.Method) > maxMethod, !validHost(h.Authority):
		return reason.BadRequest
	case h.Method == "CONNECT" && h.Protocol == "websocket":
		r.method, r.upgrade, r.protocol = "GET", true, h.Protocol
	}
	if code := r.parseTarget(); code != reason.OK {
		return code
	}
	if !strings.HasPrefix(h.Path, "/") && !r.star {
		return reason.BadRequest
	}
	for _, f := range h.Header.Fields() {
		// Nothing that frames a message of HTTP/1.1 may come from here, whatever let it pass.
		if ours(f.Name) {
			return reason.BadRequest
		}
		switch r.field(f.Name, f.Value, trusted) {
		case invalid:
			return reason.BadRequest
		case endToEnd:
			fields.Add(f.Name, f.Value)
		}
	}
	return reason.OK
}
