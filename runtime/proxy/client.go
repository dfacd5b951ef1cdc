package proxy

import (
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// duplex is one side of an exchange: a connection, or a stream of one. wire.Conn says
// what each method means.
type duplex interface {
	Read(p []byte) (int, error)
	Send(p []byte) (int, error)
	Write(p []byte) (int, error)
	CloseWrite() error
	Interrupt(read, write bool)
	Rearm(read, write bool)
}

// Stream is a client's side that shares its connection with others. What it reads and
// writes is content; the connection frames it. It has one reader and one writer at a
// time; Interrupt and Rearm come from any goroutine, as wire.Conn has them.
type Stream interface {
	duplex
	// Respond sends the head of a response, an interim one too, with the first of its
	// content. A length below 0 is none. With end and all of data taken, the trailer
	// follows, and the sending side has ended. It does not wait; n is how much of data
	// was taken.
	Respond(status int, h *filter.Header, length int64, data []byte, end bool, trailer *filter.Header) (n int, err error)
	// Finish is Write, and ends the sending side once all of p is taken.
	Finish(p []byte, trailer *filter.Header) (n int, err error)
	// Ended tells that all content of the request was read.
	Ended() bool
	// Buffered is how much content can be read without waiting.
	Buffered() int
	// Trailer is the request's trailer, once it has ended; nil for none.
	Trailer() *filter.Header
	// Gone has f called once when the client gives the stream up; nil takes that back.
	Gone(f func())
	// Close ends the stream: what has not ended is reset.
	Close()
}

// respond sends the head in x on the stream, with the first of the content.
func (c *session) respond(length int64, data []byte, end bool, trailer *filter.Header) error {
	n, err := c.stream.Respond(c.w.x.Status, &c.w.x.Response, length, data, end, trailer)
	if err != nil || n == len(data) {
		return err
	}
	return c.sendOn(data[n:], end, trailer)
}

// sendOn sends content on the stream, and its end.
func (c *session) sendOn(data []byte, end bool, trailer *filter.Header) error {
	if !end {
		return c.send(data)
	}
	defer c.clientWrite.at.Store(0)
	for {
		from := c.srv.now()
		at := from + c.taking.patience(c.lim)
		c.arm(&c.clientWrite, at)
		n, err := c.stream.Finish(data, trailer)
		data = data[n:]
		if err != wire.ErrInterrupted {
			return err
		}
		c.side.Rearm(false, true)
		now := c.srv.now()
		if more := c.taking.spend(c.lim, now-from, n); c.flags.Load()&(flagCut|flagGone) != 0 || !more || n == 0 && now >= at {
			return err
		}
	}
}

// answerOn sends a response of the gateway itself on the stream.
func (c *session) answerOn(body []byte, bodyless bool) {
	w := c.w
	c.addOwn(true)
	length := int64(len(body))
	if bodyless {
		length, body = -1, nil
	}
	if w.req.method == "HEAD" {
		body = nil
	}
	w.rec.BytesOut = int64(len(body))
	_ = c.respond(length, body, true, nil) // a client that left needs none
}

// addOwn adds the fields that the gateway adds to every response on a stream.
func (c *session) addOwn(date bool) {
	w := c.w
	h := &w.x.Response
	if date {
		h.Add("date", *c.srv.date.Load())
	}
	if !c.srv.cfg.Dev || w.snap == nil {
		return
	}
	h.Add("x-lintel-route", w.rec.Route)
	h.Add("x-lintel-bundle", w.snap.Digest)
	if w.rec.Upstream != "" {
		h.Add("x-lintel-upstream", w.rec.Upstream)
	}
}

// clientLeft is called, on a goroutine that is not the stream's, when the client has given
// its stream up.
func (c *session) clientLeft() {
	c.flags.Or(flagGone)
	c.letGo()
}

// serveOne serves the one request of a stream, whose head was read with code.
func (c *session) serveOne(code reason.Code) {
	c.stream.Gone(c.clientLeft)
	defer c.stream.Gone(nil)
	w := c.w
	if code != reason.OK {
		c.refuse(code, w.req.method == "HEAD")
		return
	}
	if code := c.atHand(); code != reason.OK {
		c.refuse(code, false)
		return
	}
	if w.req.upgrade {
		w.handshake.request(&w.x.Header)
	}
	c.serve()
}

// atHand takes the content that came with the head. When that is all of it, its length
// is known, and it goes upstream with the head.
func (c *session) atHand() reason.Code {
	w := c.w
	for w.end < len(w.in) && !c.stream.Ended() && c.stream.Buffered() > 0 {
		n, err := c.stream.Read(w.in[w.end:])
		if w.end += n; err != nil {
			break
		}
	}
	if !c.stream.Ended() || w.req.upgrade {
		w.req.chunked = w.req.length < 0 && !w.req.upgrade
		return reason.OK
	}
	if t := c.stream.Trailer(); t != nil && len(t.Fields()) > 0 {
		w.req.chunked = w.req.length < 0
		return reason.OK
	}
	if limit := c.lim.BodyBytes; limit > 0 && int64(w.end) > limit {
		return reason.BodyTooLarge
	}
	if w.end > 0 || expectsContent(w.req.method) {
		w.req.length = int64(w.end)
	}
	return reason.OK
}

// expectsContent tells of methods that are sent with a length also when there is no
// content (RFC 9110 section 8.6).
func expectsContent(method string) bool {
	return method == "POST" || method == "PUT" || method == "PATCH"
}
