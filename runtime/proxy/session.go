package proxy

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

type phase uint32

const (
	phaseIdle phase = iota
	phaseBusy
	phaseExchange // waits for an upstream
	phaseTunnel
	phaseStreams // the connection carries streams, which are sessions of their own
)

// What other goroutines tell a session. They set the flag and then interrupt.
const (
	flagLooked   = 1 << iota // the client was looked at in this request
	flagHalf                 // the client has half closed and waits for its answer
	flagGone                 // the client has given up
	flagCut                  // end now
	flagBody                 // the request body cannot be had; see body.code
	flagStop                 // the body is not wanted any more
	flagAnswered             // the final response has begun while the body is streamed
)

// session is one client connection.
type session struct {
	srv      *Server
	conn     *wire.Conn // nil for a stream
	side     duplex     // the connection or the stream
	stream   Stream     // nil for a connection of HTTP/1.1
	shard    uint32
	at       int // in its sweepShard
	peer     netip.AddrPort
	local    netip.AddrPort // where the peer connected to
	peerText string
	trusted  bool
	scheme   string
	identity *filter.Certificate     // of a client with a certificate
	via      string                  // protocol and name, for the field of upstreams
	speaks   string                  // the protocol of a stream, as its record says
	carrier  atomic.Pointer[Carrier] // of streams
	preface  bool                    // HTTP/2 begins in the unread input
	from     *intake
	lim      *Limits
	taking   pace  // of the client that reads the present response
	counted  uint8 // where it is counted by its source

	w       *work
	served  int
	keep    bool // the connection goes on after the present request
	inLoop  bool
	outside bool  // the request needs reads of the client
	linger  bool  // the client may still be sending
	ended   int64 // the last request
	body    body
	// abort makes the end a reset: a plain one could pass for a whole response. It
	// is left to end, for closing inside the loop would wait for the loop.
	abort bool

	stepFn func() bool

	phase       atomic.Uint32
	flags       atomic.Uint32
	clientRead  timer
	clientWrite timer
	upRead      timer
	upWrite     timer
	watch       timer
	endAt       atomic.Int64 // when an upgraded connection is to end
	up          atomic.Pointer[upstream.Conn]
	dialing     atomic.Pointer[context.CancelFunc]
	tunnel      atomic.Pointer[table.Route]
}

func newSession(srv *Server, nc net.Conn, shard uint32, from *intake) *session {
	c := &session{srv: srv, shard: shard, ended: srv.now(), via: "1.1 lintel", from: from, lim: &from.lim}
	c.conn, c.scheme = wire.New(nc), "http"
	if from.tls != nil {
		c.scheme = "https"
	}
	c.side = c.conn
	var ap netip.AddrPort
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		ap = a.AddrPort()
	}
	c.setPeer(ap)
	if a, ok := nc.LocalAddr().(*net.TCPAddr); ok {
		c.local = a.AddrPort()
	}
	c.stepFn = c.step
	return c
}

// run serves the connection to its end. full tells that it is one too many.
func (c *session) run(full bool) {
	defer c.end()
	first, ok := c.preamble()
	if !ok {
		return
	}
	why := telemetry.RefusedConnections
	if !full && !c.admit() {
		full, why = true, telemetry.RefusedSource
	}
	if full {
		if !c.refuses(why) {
			return
		}
		defer c.srv.refusing.Add(-1)
	}
	if t := c.from.tls; t != nil {
		c.conn.StartTLS(t.Config(), first)
		// Who is over the limit is not worth a handshake.
		if !full && !c.handshake(t) {
			return
		}
	} else if len(first) > 0 {
		c.hold()
		c.w.end = copy(c.w.in, first)
	}
	c.serveAll(full)
	if c.linger && c.w != nil {
		c.drainInput()
	}
}

func (c *session) serveAll(full bool) {
	if full {
		c.hold()
		c.refuse(reason.TooManyConnections, false)
		return
	}
	for {
		if c.preface {
			c.serveH2()
			return
		}
		c.inLoop = !c.conn.Waits()
		err := c.conn.Loop(c.stepFn)
		c.inLoop = false
		switch {
		case err == wire.ErrInterrupted:
			if !c.interrupted() {
				return
			}
		case err != nil:
			return
		case c.preface:
		case c.outside:
			c.outside = false
			if c.serve(); !c.keep {
				return
			}
		default:
			return
		}
	}
}

// end is deferred by run.
func (c *session) end() {
	if p := recover(); p != nil {
		c.contain(p)
	}
	if c.w != nil {
		c.srv.works.put(c.w)
		c.w = nil
	}
	c.srv.shard(c).remove(c)
	if c.abort {
		c.conn.Abort()
	} else {
		c.conn.Close()
	}
	c.leave()
	c.srv.sessions.Done()
}

// hold takes a work for the connection.
func (c *session) hold() {
	if c.w == nil {
		c.w = c.srv.works.get()
		c.phase.Store(uint32(phaseBusy))
	}
}

// step is the life of the connection between two waits for input: read what is
// there, serve what is whole. It returns true when the loop must be left: at the
// end, or when outside is set.
func (c *session) step() bool {
	for {
		if w := c.w; w != nil && w.end > w.start {
			switch c.advance() {
			case leave:
				return true
			case again:
				continue
			}
		}
		if c.w != nil && c.w.start == c.w.end && c.srv.closing.Load() && c.served > 0 {
			return true
		}
		c.hold()
		w := c.w
		if !w.room(1, c.lim.HeadBytes+inSize0) {
			c.refuse(reason.HeadTooLarge, false)
			return true
		}
		if c.conn.Waits() {
			c.rest() // the read below is the wait
			c.hold()
			w = c.w
		}
		n, err := c.conn.Try(w.in[w.end:])
		switch {
		case err == wire.ErrAgain:
			if w.start == w.end && c.srv.closing.Load() {
				return true
			}
			c.rest()
			return false
		case err == wire.ErrInterrupted:
			if !c.interrupted() {
				return true
			}
			continue
		case err != nil:
			return true
		}
		c.phase.Store(uint32(phaseBusy))
		short := n < len(w.in)-w.end
		w.end += n
		verdict := c.advance()
		for verdict == again && w.end > w.start {
			verdict = c.advance()
		}
		if verdict == leave {
			return true
		}
		// A short read has emptied the socket: what comes later wakes us, and another
		// read would fail. After the first request we look all the same, for a
		// client that ends with its only request, and so with a part of a head.
		if short && c.served != 1 && w.start == w.end && c.conn.Empties() && !c.srv.closing.Load() {
			c.rest()
			return false
		}
	}
}

type verdict uint8

const (
	again verdict = iota // go on with what is buffered, or read
	more                 // the head is not whole
	leave
)

// advance parses and serves the request that starts the unread input.
func (c *session) advance() verdict {
	w, lim := c.w, c.lim
	in := w.in[w.start:w.end]
	if c.served == 0 {
		switch c.looksLikeH2(in) {
		case more:
			return c.wait()
		case leave:
			c.preface = true
			return leave
		}
	}
	if w.partial && !w.scan.found(in) && len(in) < lim.HeadBytes && (w.scan.lineStart > 0 || len(in) <= lim.RequestLineBytes) {
		return more
	}
	w.x.Reset()
	n, code := w.req.parse(in, &w.x.Header, c.trusted, headLimits{lim.RequestLineBytes, lim.HeadBytes, lim.Fields})
	if code != reason.OK {
		c.refuse(code, w.req.method == "HEAD")
		return leave
	}
	if n == 0 {
		return c.wait()
	}
	w.partial = false
	w.start += n
	c.served++
	if c.inLoop && !c.bodyHere() {
		c.outside = true
		return leave
	}
	if c.serve(); !c.keep {
		return leave
	}
	return again
}

// wait notes that the head at the start of the input is not whole.
func (c *session) wait() verdict {
	if w := c.w; !w.partial {
		w.partial, w.scan = true, headEnd{}
		c.clientRead.at.Store(c.srv.now() + int64(c.lim.HeaderTimeout))
	}
	return more
}

// bodyHere tells that the request can be served without reading from the client.
func (c *session) bodyHere() bool {
	r := &c.w.req
	if r.chunked || r.upgrade && r.protocol != "" {
		return false
	}
	return r.length <= int64(c.w.end-c.w.start)
}

// rest makes the connection ready to wait for input. With nothing in hand it is
// idle and gives its buffers back.
func (c *session) rest() {
	h := c.srv.shard(c)
	if c.w.start < c.w.end {
		if at := c.clientRead.at.Load(); at != 0 {
			h.due(at)
		}
		return
	}
	c.srv.works.put(c.w)
	c.w = nil
	at := c.ended + int64(c.lim.IdleTimeout)
	c.clientRead.at.Store(at)
	c.watch.at.Store(c.ended + int64(sweepEvery))
	c.phase.Store(uint32(phaseIdle))
	h.due(c.ended + int64(sweepEvery))
}

// interrupted decides whether the wait for input goes on.
func (c *session) interrupted() bool {
	c.conn.Rearm(true, true)
	if c.flags.Load()&(flagCut|flagGone) != 0 {
		return false
	}
	idle := c.w == nil || c.w.start == c.w.end
	if at := c.clientRead.at.Load(); at != 0 && c.srv.now() < at {
		return true // only to look: the next read says what there is
	}
	if idle {
		// Draining and the watch leave the deadline; it is gone only when it is over.
		return false
	}
	c.refuse(reason.RequestTimeout, false)
	return false
}

// startDrain lets an idle connection see that the server drains. Upgraded ones are
// left to Drain's deadline.
func (c *session) startDrain() {
	if h := c.carrier.Load(); h != nil {
		(*h).GoAway()
	} else if c.conn != nil && phase(c.phase.Load()) == phaseIdle {
		c.conn.Interrupt(true, false)
	}
}

// cut ends the session now.
func (c *session) cut() {
	c.flags.Or(flagCut)
	c.letGo()
	if h := c.carrier.Load(); h != nil {
		(*h).Interrupt()
	}
	if c.side != nil {
		c.side.Interrupt(true, true)
	}
}
