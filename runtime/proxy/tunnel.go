package proxy

import (
	"io"
	"sync/atomic"

	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// switchOver relays the 101 and then bytes both ways until both sides have ended,
// nothing moved for the route's idle timeout, or a swap or drain ends it.
func (c *session) switchOver(up *upstream.Conn, r *table.Route, reached int) outcome {
	w, x := c.w, &c.w.x
	if c.stream != nil && up.Stream == nil && !w.handshake.accepted(&x.Response) {
		return c.bad(reason.UpstreamInvalid, reached)
	}
	x.Status = 101
	r.Chain.RunResponse(x, reached)
	w.rec.Status, w.rec.Upgraded = 101, true
	if c.stream != nil {
		w.rec.Status = 200 // RFC 8441 section 5
	}
	w.rec.BytesOut = int64(w.upEnd - w.upStart)
	c.keep = false
	c.endAt.Store(0)
	// Before the client can know of it: a swap after the 101 must find the tunnel, and
	// one since the match is made up for here.
	c.tunnel.Store(r)
	defer c.tunnel.Store(nil)
	if now := c.srv.cfg.Snapshots.Current(); now != nil && now != w.snap {
		c.swapped(now)
	}
	if c.switched() != nil {
		w.rec.Reason = reason.ClientClosed
		return outcome{done: true, sent: true}
	}
	c.phase.Store(uint32(phaseTunnel))

	t := tunnel{c: c, up: up, idle: int64(r.Def.Timeouts.Idle)}
	t.moved.Store(c.srv.now())
	stall := int64(c.lim.BodyTimeout)
	in := direction{dst: up, src: c.side, read: &c.clientRead, write: &c.upWrite, stall: stall}
	if d := int64(r.Def.Timeouts.Write); d > 0 {
		in.stall = d
	}
	out := direction{dst: c.side, src: up, read: &c.upRead, write: &c.clientWrite, stall: stall}
	unread := c.srv.works.slim(w)
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.guarded(&in, unread)
	}()
	t.guarded(&out, nil)
	<-done
	c.body.read = in.sum
	w.rec.BytesOut += out.sum
	return outcome{done: true, sent: true}
}

// switched tells the client that the tunnel is open, with what the upstream has sent.
func (c *session) switched() error {
	w, x := c.w, &c.w.x
	first := w.up[w.upStart:w.upEnd]
	if c.stream != nil {
		x.Status = 200
		x.Response.Del("sec-websocket-accept")
		c.addOwn(!w.resp.date)
		return c.respond(-1, first, false, nil)
	}
	w.out = appendStatus(w.out[:0], 101, w.resp.phrase)
	w.out = appendFields(w.out, &x.Response, w.up)
	if w.resp.status != 101 {
		w.out = appendField(w.out, "sec-websocket-accept", w.handshake.accept())
	}
	w.out = c.appendDev(w.out)
	w.out = append(w.out, "connection: upgrade\r\n"...)
	w.out = appendField(w.out, "upgrade", w.resp.protocol)
	w.out = append(w.out, "\r\n"...)
	return c.send(append(w.out, first...))
}

// tunnel is an upgraded connection.
type tunnel struct {
	c     *session
	up    *upstream.Conn
	idle  int64
	moved atomic.Int64 // when a byte last went either way
	ended atomic.Bool
}

// direction is one way through a tunnel.
type direction struct {
	dst, src    duplex
	read, write *timer // of src and of dst
	stall       int64  // how long dst may take no byte
	sum         int64
}

// Each direction of a tunnel begins with a small buffer, for most carry small messages
// now and then, and gets a large one when it fills the small.
const (
	tunnelBuffer = 4 << 10
	tunnelLarge  = 32 << 10
)

// copy moves first, and then bytes from src to dst until src ends; then it ends dst's
// direction.
func (t *tunnel) copy(d *direction, first []byte) {
	p := first
	buf := make([]byte, tunnelBuffer)
	for {
		if len(p) > 0 {
			d.sum += int64(len(p))
			if !t.write(d, p) {
				t.stop()
				return
			}
		}
		if len(p) == tunnelBuffer && len(buf) == tunnelBuffer {
			buf = make([]byte, tunnelLarge)
		}
		at := int64(never)
		if t.idle > 0 {
			at = t.moved.Load() + t.idle
		}
		t.c.arm(d.read, at)
		n, err := d.src.Read(buf)
		switch {
		case err == nil:
			t.moved.Store(t.c.srv.now())
			p = buf[:n]
			continue
		case err == wire.ErrInterrupted:
			d.src.Rearm(true, false)
			p = nil
			if !t.over() {
				continue
			}
			t.stop()
			return
		}
		d.read.at.Store(0)
		if d.dst.CloseWrite() != nil || err != io.EOF {
			t.stop()
		}
		return
	}
}

// write writes for as long as the tunnel goes on and dst takes bytes.
func (t *tunnel) write(d *direction, p []byte) bool {
	n, err := d.dst.Send(p)
	if err == nil && n == len(p) {
		return true
	}
	for p = p[n:]; err == nil && len(p) > 0; p = p[n:] {
		at := t.c.srv.now() + d.stall
		t.c.arm(d.write, at)
		n, err = d.dst.Write(p)
		if err != wire.ErrInterrupted {
			continue
		}
		d.dst.Rearm(false, true)
		now := t.c.srv.now()
		if n > 0 {
			t.moved.Store(now)
		}
		if !t.over() && (n > 0 || now < at) {
			err = nil
		}
	}
	d.write.at.Store(0)
	return err == nil
}

// over tells whether an interrupt means the end.
func (t *tunnel) over() bool {
	now := t.c.srv.now()
	end := t.c.endAt.Load()
	return t.ended.Load() || t.c.flags.Load()&(flagCut|flagGone) != 0 ||
		end != 0 && now >= end || t.idle > 0 && now >= t.moved.Load()+t.idle
}

// stop ends both directions.
func (t *tunnel) stop() {
	t.ended.Store(true)
	t.c.side.Interrupt(true, true)
	t.up.Interrupt(true, true)
}
