package h2

import "encoding/binary"

// frame takes one whole frame. An error ends the connection; what concerns one stream
// is done here. c.mu is held.
func (c *Conn) frame(f *frame) *ConnError {
	if c.block.open && (f.kind != frameContinuation || f.stream != c.block.stream) {
		return connError(ProtocolError, "field section is interrupted by another frame")
	}
	if !c.settled && (f.kind != frameSettings || f.has(flagAck)) {
		return connError(ProtocolError, "first frame is not SETTINGS")
	}
	switch f.kind {
	case frameData:
		return c.onData(f)
	case frameHeaders:
		return c.onHeaders(f)
	case framePriority:
		return c.onPriority(f)
	case frameReset:
		return c.onReset(f)
	case frameSettings:
		return c.onSettings(f)
	case framePush:
		return connError(ProtocolError, "peer must not push")
	case framePing:
		return c.onPing(f)
	case frameGoAway:
		return c.onGoAway(f)
	case frameWindow:
		return c.onWindow(f)
	case frameContinuation:
		return c.onContinuation(f)
	}
	return c.countControl()
}

// breach ends the connection because of what the peer did (RFC 9113 section 5.4.1).
func (c *Conn) breach(err *ConnError) {
	c.out.b = appendGoAway(c.output(), c.taken(), err.Code)
	c.end(err)
}

// taken is the last stream of the peer that we may have acted upon.
func (c *Conn) taken() uint32 {
	switch {
	case c.client:
		return 0
	case c.goAway == awayDone:
		return c.lastTaken
	}
	return c.last
}

// idleStream tells whether neither end has begun a stream yet (RFC 9113 section 5.1.1).
func (c *Conn) idleStream(id uint32) bool {
	return id > c.last || c.foreign(id)
}

// foreign tells whether an id is one that nobody may have used: only clients begin
// streams here, with odd ids.
func (c *Conn) foreign(id uint32) bool { return id%2 == 0 }

// onPriority checks what is otherwise ignored (RFC 9113 sections 5.3.2 and 6.3).
func (c *Conn) onPriority(f *frame) *ConnError {
	if f.stream == 0 {
		return connError(ProtocolError, "PRIORITY on stream 0")
	}
	if err := c.countControl(); err != nil {
		return err
	}
	if len(f.payload) != 5 {
		return c.fault(f.stream, FrameSizeError, "PRIORITY has a wrong length")
	}
	if dependsOn(f.payload) == f.stream {
		return c.fault(f.stream, ProtocolError, "stream depends on itself")
	}
	return nil
}

func dependsOn(p []byte) uint32 { return binary.BigEndian.Uint32(p) & maxStreamID }

// fault is an error of one stream; of the connection when there is no such stream that
// could be reset (RFC 9113 section 5.4.2).
func (c *Conn) fault(id, code uint32, why string) *ConnError {
	if s := c.streams[id]; s != nil {
		return c.breakStream(s, code)
	}
	if c.idleStream(id) {
		return connError(code, why)
	}
	c.out.b = appendReset(c.output(), id, code)
	return c.countReset()
}

func (c *Conn) onReset(f *frame) *ConnError {
	if f.stream == 0 || c.idleStream(f.stream) {
		return connError(ProtocolError, "RST_STREAM on a stream that was not begun")
	}
	if len(f.payload) != 4 {
		return connError(FrameSizeError, "RST_STREAM has a wrong length")
	}
	s := c.streams[f.stream]
	if s == nil {
		return c.countControl()
	}
	code := binary.BigEndian.Uint32(f.payload)
	var err error = ErrReset{Code: code}
	if c.client && code == RefusedStream {
		err = ErrRefused
	}
	c.resets.add(f.stream, true, c.cfg.MaxStreams)
	c.leave(s)
	if c.client && s.recvEnd {
		// The response is whole: only the rest of the request is not wanted (RFC 9113
		// section 8.1).
		s.sendErr = err
		c.dequeue(s)
		s.wcond.Broadcast()
		return nil
	}
	c.lose(s, err)
	if c.client {
		return nil
	}
	return c.countReset()
}

func (c *Conn) onPing(f *frame) *ConnError {
	if f.stream != 0 {
		return connError(ProtocolError, "PING on a stream")
	}
	if len(f.payload) != 8 {
		return connError(FrameSizeError, "PING has a wrong length")
	}
	if err := c.countControl(); err != nil {
		return err
	}
	if f.has(flagAck) {
		c.pong(f.payload)
		return nil
	}
	c.out.b = appendPing(c.output(), flagAck, f.payload)
	return nil
}

// onWindow takes WINDOW_UPDATE (RFC 9113 section 6.9).
func (c *Conn) onWindow(f *frame) *ConnError {
	if len(f.payload) != 4 {
		return connError(FrameSizeError, "WINDOW_UPDATE has a wrong length")
	}
	if err := c.countUpdate(); err != nil {
		return err
	}
	n := int64(binary.BigEndian.Uint32(f.payload) & maxWindow)
	if f.stream == 0 {
		if n == 0 {
			return connError(ProtocolError, "WINDOW_UPDATE of 0")
		}
		if c.sendWin += n; c.sendWin > maxWindow {
			return connError(FlowControlError, "window of the connection is too large")
		}
		return nil
	}
	if c.idleStream(f.stream) {
		return connError(ProtocolError, "WINDOW_UPDATE on a stream that was not begun")
	}
	s := c.streams[f.stream]
	if s == nil {
		return nil // it may have been on its way
	}
	if n == 0 {
		return c.breakStream(s, ProtocolError)
	}
	if s.sendWin += n; s.sendWin > maxWindow {
		return c.breakStream(s, FlowControlError)
	}
	c.enqueue(s)
	return nil
}
