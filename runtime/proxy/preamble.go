package proxy

import (
	"github.com/lintel-gateway/lintel/runtime/proxyproto"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// headerRoom holds the headers that load balancers send; longer ones get more room.
const headerRoom = 512

// preamble reads the header of the PROXY protocol where the listener requires one. What
// it names is the peer from then on. rest is what was read beyond the header.
func (c *session) preamble() (rest []byte, ok bool) {
	from := c.from.announced
	if from == nil {
		return nil, true
	}
	refused := c.srv.cfg.Guard.Refused
	if !from.has(c.peer.Addr()) {
		refused(telemetry.RefusedPeer)
		return nil, false
	}
	at := c.srv.now() + int64(c.lim.HeaderTimeout)
	c.arm(&c.clientRead, at)
	defer c.clientRead.at.Store(0)
	buf, end := make([]byte, headerRoom), 0
	for {
		n, err := c.conn.Read(buf[end:])
		if err == wire.ErrInterrupted {
			c.conn.Rearm(true, true)
			switch {
			case c.srv.now() >= at:
				refused(telemetry.RefusedTimeout)
				return nil, false
			case c.flags.Load()&flagCut == 0 && !c.srv.closing.Load():
				continue
			}
			return nil, false
		}
		if err != nil {
			if end > 0 {
				refused(telemetry.RefusedHeader) // who sends nothing only looks whether we are there
			}
			return nil, false
		}
		end += n
		h, size, err := proxyproto.Parse(buf[:end])
		switch {
		case err != nil:
			refused(telemetry.RefusedHeader)
			return nil, false
		case size > 0:
			if h.Source.IsValid() {
				c.setPeer(h.Source)
				c.local = h.Destination
			}
			return buf[size:end], true
		case end == len(buf):
			grown := make([]byte, proxyproto.MaxBytes)
			copy(grown, buf)
			buf = grown
		}
	}
}
