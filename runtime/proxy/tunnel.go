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
	x.Status = 101
	r.Chain.RunResponse(x, reached)
	w.out = appendStatus(w.out[:0], 101, w.resp.phrase)
	w.out = appendFields(w.out, &x.Response, w.up)
	w.out = append(w.out, "connection: upgrade\r\n"...)
	w.out = appendField(w.out, "upgrade", w.resp.protocol)
	w.out = append(w.out, "\r\n"...)
	w.out = append(w.out, w.up[w.upStart:w.upEnd]...)
	w.rec.Status, w.rec.Upgraded = 101, true
	w.rec.BytesOut = int64(w.upEnd - w.upStart)
	c.keep = false
	if c.send(w.out) != nil {
		w.rec.Reason = reason.ClientClosed
		return outcome{done: true, sent: true}
	}
	c.phase.Store(uint32(phaseTunnel))
	c.endAt.Store(0)
	c.tunnel.Store(r)
	defer c.tunnel.Store(nil)

	t := tunnel{c: c, up: up, idle: int64(r.Def.Timeouts.Idle)}
	t.moved.Store(c.srv.now())
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.copy(up.Conn, c.conn, &c.clientRead, w.in, w.start, w.end, &t.in)
	}()
	t.copy(c.conn, up.Conn, &c.upRead, w.up, 0, 0, &t.out)
	<-done
	w.start, w.end = 0, 0
	c.body.read = t.in
	w.rec.BytesOut += t.out
	return outcome{done: true, sent: true}
}

// tunnel is an upgraded connection.
type tunnel struct {
	c       *session
	up      *upstream.Conn
	idle    int64
	moved   atomic.Int64 // when a byte last went either way
	ended   atomic.Bool
	in, out int64
}

// copy moves bytes from src to dst until src ends, and then ends dst's direction.
// buf[from:to] is moved first.
func (t *tunnel) copy(dst, src *wire.Conn, deadline *timer, buf []byte, from, to int, sum *int64) {
	for {
		if from < to {
			*sum += int64(to - from)
			if !t.write(dst, buf[from:to]) {
				t.stop()
				return
			}
		}
		at := int64(never)
		if t.idle > 0 {
			at = t.moved.Load() + t.idle
		}
		if end := t.c.endAt.Load(); end != 0 {
			at = min(at, end)
		}
		t.c.arm(deadline, at)
		n, err := src.Read(buf)
		switch {
		case err == nil:
			t.moved.Store(t.c.srv.now())
			from, to = 0, n
			continue
		case err == wire.ErrInterrupted:
			src.Rearm(true, false)
			from, to = 0, 0
			if !t.over() {
				continue
			}
			t.stop()
			return
		}
		if dst.CloseWrite() != nil || err != io.EOF {
			t.stop()
		}
		return
	}
}

// write writes for as long as the tunnel goes on.
func (t *tunnel) write(dst *wire.Conn, p []byte) bool {
	for {
		n, err := dst.Write(p)
		if err == nil {
			return true
		}
		p = p[n:]
		if err != wire.ErrInterrupted {
			return false
		}
		dst.Rearm(false, true)
		if t.over() {
			return false
		}
	}
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
	t.c.conn.Interrupt(true, true)
	t.up.Interrupt(true, true)
}
