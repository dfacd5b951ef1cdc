package proxy

import (
	"time"

	"github.com/lintel-gateway/lintel/runtime/wire"
)

// send writes to the client within the time that it may keep us waiting.
func (c *session) send(b []byte) error {
	n, err := c.side.Send(b)
	if err == nil && n == len(b) {
		return nil
	}
	for err == nil && n < len(b) {
		from, left := c.srv.now(), c.taking.patience(c.lim)
		if left <= 0 {
			err = wire.ErrInterrupted
			break
		}
		at := from + left
		c.clientWrite.at.Store(at)
		c.srv.shard(c).due(at)
		var m int
		m, err = c.side.Write(b[n:])
		n += m
		now := c.srv.now()
		more := c.taking.spend(c.lim, now-from, m)
		if err == wire.ErrInterrupted {
			c.side.Rearm(false, true)
			if c.flags.Load()&(flagCut|flagGone) == 0 && more && (now < at || m > 0) {
				err = nil
			}
		}
	}
	c.clientWrite.at.Store(0)
	if err == wire.ErrInterrupted {
		c.abort = true // what it has not taken yet must not wait for it either
	}
	return err
}

// lingerTime and lingerBytes bound how long the rest of what a client sends is
// thrown away, so that it reads the answer before a reset (RFC 9112 section 9.6).
const (
	lingerTime  = 2 * time.Second
	lingerBytes = 1 << 20
)

// drainInput ends the sending side and throws away what the client still sends.
func (c *session) drainInput() {
	if c.conn.CloseWrite() != nil {
		return
	}
	end := c.srv.now() + int64(lingerTime)
	c.clientRead.at.Store(end)
	c.srv.shard(c).due(end)
	for sum := 0; sum < lingerBytes; {
		n, err := c.conn.Read(c.w.up)
		sum += n
		if err == wire.ErrInterrupted {
			c.conn.Rearm(true, false)
			if c.flags.Load()&flagCut == 0 && c.srv.now() < end {
				continue
			}
		}
		if err != nil {
			return
		}
	}
}
