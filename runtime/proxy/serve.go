package proxy

import (
	"strconv"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

// serve handles the request whose head is parsed in c.w. It leaves c.keep false
// when the connection must end.
func (c *session) serve() {
	w := c.w
	start := c.srv.now()
	w.rec = telemetry.Record{Scheme: c.scheme, Protocol: c.protocol(), Method: w.req.method, Host: w.req.host, Path: w.req.path}
	w.upStart, w.upEnd, c.ended, w.began = 0, 0, 0, start
	w.scratch = w.scratch[:0]
	c.keep = w.req.persistent() && !c.srv.draining.Load()
	if c.flags.Load() != 0 {
		c.flags.And(^uint32(flagLooked | flagBody | flagStop | flagAnswered))
	}
	c.body.begin(&w.req)
	c.taking.begin(c.lim)
	w.x.Peer, w.x.Scheme = c.peer, c.scheme

	reached := 0
	code := c.route()
	if code == reason.OK {
		r := w.match.Route
		var v filter.Verdict
		if reached, v = r.Chain.RunRequest(&w.x); v == filter.Stop {
			c.filtered(reached)
		} else {
			c.proxy(r, reached, start)
		}
	} else if w.req.star && code == reason.FilterAnswer {
		w.x.Answer(204, "", nil)
		w.x.Response.Add("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
		c.filtered(0)
	} else {
		if code == reason.BadRequest || code == reason.BodyTooLarge {
			// Who sends what two readers may understand differently, or more than may be
			// sent, is heard no further.
			c.keep, c.linger = false, true
		}
		c.fail(code, 0)
	}
	c.finish(start)
}

// route prepares the exchange and finds the route.
func (c *session) route() reason.Code {
	w, x, q := c.w, &c.w.x, &c.w.req
	w.snap = c.srv.cfg.Snapshots.Acquire(c.shard)
	w.match.Route = nil
	if limit := c.lim.BodyBytes; limit > 0 && q.length > limit {
		return reason.BodyTooLarge
	}
	if q.star {
		return reason.FilterAnswer
	}
	var ok bool
	var host string
	w.scratch, x.Path, ok = table.AppendCanonical(w.scratch, q.path)
	if !ok || !c.slashes() {
		return reason.BadRequest
	}
	w.rec.Path = x.Path
	w.scratch, host = matchHost(w.scratch, q.host)
	x.Method, x.Host, x.Query = q.method, q.host, q.query
	x.Original = filter.Original{Method: q.method, Host: host, Path: x.Path, Query: q.query}
	c.forwarded()
	c.identify()
	if w.snap == nil {
		return reason.NoBundle
	}
	w.query = table.Request{Method: q.method, Host: host, Path: x.Path, Query: q.query, Header: &x.Header}
	w.snap.Table.Match(&w.query, &w.match)
	switch w.match.Outcome {
	case table.Matched:
	case table.MethodMismatch:
		if d := w.match.Domain; d != nil && d.MethodMismatch == 404 {
			return reason.RouteNotFound
		}
		x.Response.Add("allow", strings.Join(w.match.Allow, ", "))
		return reason.MethodNotAllowed
	default:
		return reason.RouteNotFound
	}
	r := w.match.Route
	r.Requests.Add()
	x.RouteID, x.Domain, x.Match = r.Def.ID, r.Domain.Name, &r.Def.Match
	x.Params.N = copy(x.Params.List[:], w.match.Params.List[:w.match.Params.N])
	w.rec.Route, w.rec.Domain = r.Def.ID, r.Domain.Name
	return reason.OK
}

// filtered sends the answer of a filter.
func (c *session) filtered(reached int) {
	x := &c.w.x
	contentType, body, _ := x.Answered()
	if x.Reason != reason.FilterAnswer && contentType == "" && body == nil {
		c.fail(x.Reason, reached)
		return
	}
	if contentType != "" {
		x.Response.Set("content-type", contentType)
	}
	c.answer(reached, body)
}

// protocol is what the client speaks, as its record says.
func (c *session) protocol() string {
	switch {
	case c.stream != nil:
		return c.speaks
	case c.w.req.http10:
		return "HTTP/1.0"
	}
	return "HTTP/1.1"
}

// fail answers with the gateway's error for code. Nothing of the inside shows.
func (c *session) fail(code reason.Code, reached int) {
	w, x := c.w, &c.w.x
	x.Reason, x.Status = code, code.Status()
	if code == reason.ClientClosed {
		w.rec.Reason, w.rec.Status, c.keep = code, x.Status, false
		return
	}
	if x.Web != filter.NoWeb || c.stream != nil && isGRPC(&x.Header) {
		c.failGRPC(code, reached)
		return
	}
	b := append(make([]byte, 0, 128), `{"status":`...)
	b = strconv.AppendInt(b, int64(x.Status), 10)
	b = append(b, `,"code":"`...)
	b = append(b, code.String()...)
	b = append(b, `","requestId":`...)
	b = strconv.AppendQuote(b, strings.ToValidUTF8(x.RequestID(), "?"))
	b = append(b, '}')
	x.Response.Set("content-type", "application/json")
	c.answer(reached, b)
}

// refuse answers input that is no request, and ends the connection. The answer to
// HEAD has no body, whatever is wrong with the request.
func (c *session) refuse(code reason.Code, head bool) {
	w := c.w
	start := c.srv.now()
	c.ended = 0
	w.x.Reset()
	w.rec = telemetry.Record{Scheme: c.scheme, Protocol: c.protocol()}
	w.req = requestHead{method: "GET", framing: framing{length: 0}}
	if head {
		w.req.method = "HEAD"
	}
	w.match.Route = nil
	c.keep = false
	c.body.begin(&w.req)
	c.taking.begin(c.lim)
	c.fail(code, 0)
	w.rec.Method = ""
	c.linger = true
	c.finish(start)
}

// answer sends a response of the gateway itself.
func (c *session) answer(reached int, body []byte) {
	w, x := c.w, &c.w.x
	if w.match.Route != nil {
		w.match.Route.Chain.RunResponse(x, reached)
	}
	if !c.body.skip(w) {
		c.keep, c.linger = false, true
	}
	w.rec.Status, w.rec.Reason = x.Status, x.Reason
	c.announce()
	bodyless := x.Status == 204 || x.Status == 304 || x.Status < 200
	if c.stream != nil {
		c.answerOn(body, bodyless)
		return
	}
	w.out = appendStatus(w.out[:0], x.Status, "")
	w.out = appendFields(w.out, &x.Response, nil)
	w.out = c.appendOwn(w.out, true)
	if !bodyless {
		w.out = appendLength(w.out, int64(len(body)))
	}
	w.out = append(w.out, "\r\n"...)
	if !bodyless && w.req.method != "HEAD" {
		w.out = append(w.out, body...)
		w.rec.BytesOut = int64(len(body))
	}
	if c.send(w.out) != nil {
		c.keep = false
	}
}

// appendOwn appends the fields that the gateway adds to every response.
func (c *session) appendOwn(dst []byte, date bool) []byte {
	w := c.w
	if date {
		dst = appendRaw(dst, "date", *c.srv.date.Load())
	}
	dst = c.appendDev(dst)
	switch {
	case !c.keep:
		dst = append(dst, "connection: close\r\n"...)
	case w.req.http10:
		dst = append(dst, "connection: keep-alive\r\n"...)
	}
	return dst
}

// appendDev appends what the gateway says of itself in development.
func (c *session) appendDev(dst []byte) []byte {
	w := c.w
	if !c.srv.cfg.Dev || w.snap == nil {
		return dst
	}
	dst = appendField(dst, "x-lintel-route", w.rec.Route)
	dst = appendField(dst, "x-lintel-bundle", w.snap.Digest)
	if w.rec.Upstream != "" {
		dst = appendField(dst, "x-lintel-upstream", w.rec.Upstream)
	}
	return dst
}

// finish accounts for the request and lets its snapshot go.
func (c *session) finish(start int64) {
	w := c.w
	if c.ended == 0 {
		c.ended = c.srv.now()
	}
	if s := c.srv.cfg.Sink; s != nil {
		w.rec.Start = c.srv.clock(start)
		w.rec.Duration = time.Duration(c.ended - start)
		w.rec.ID = w.x.RequestID()
		if w.rec.Client = c.peerText; !c.peer.IsValid() {
			w.rec.Client = unixPeer
		}
		if w.x.Client.IsValid() && w.x.Client != c.peer.Addr() {
			w.rec.Client = w.x.Client.String()
		}
		w.rec.BytesIn = c.body.read
		if w.snap != nil {
			w.rec.Bundle = w.snap.Digest
		}
		s.Done(c.shard, &w.rec)
	}
	if w.snap != nil {
		w.snap.Release(c.shard)
		w.snap = nil
	}
	w.began, w.rec.Status = 0, 0 // nothing is under way
}
