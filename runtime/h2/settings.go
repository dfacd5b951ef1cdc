package h2

import "encoding/binary"

// The settings that mean something to us (RFC 9113 section 6.5.2, RFC 8441 section 3,
// RFC 9218 section 2.1).
const (
	settingTable      = 0x1
	settingPush       = 0x2
	settingStreams    = 0x3
	settingWindow     = 0x4
	settingFrame      = 0x5
	settingHead       = 0x6
	settingConnect    = 0x8
	settingPriorities = 0x9
)

func (c *Conn) onSettings(f *frame) *ConnError {
	if f.stream != 0 {
		return connError(ProtocolError, "SETTINGS on a stream")
	}
	if err := c.countControl(); err != nil {
		return err
	}
	if f.has(flagAck) {
		if len(f.payload) != 0 {
			return connError(FrameSizeError, "acknowledgement of SETTINGS has a payload")
		}
		c.acknowledged()
		return nil
	}
	if len(f.payload)%6 != 0 {
		return connError(FrameSizeError, "SETTINGS has a wrong length")
	}
	window := c.peer.window
	if !c.settled {
		c.peer.streams = maxStreamID
	}
	for p := f.payload; len(p) > 0; p = p[6:] {
		if err := c.setting(binary.BigEndian.Uint16(p), binary.BigEndian.Uint32(p[2:])); err != nil {
			return err
		}
	}
	if err := c.shift(c.peer.window - window); err != nil {
		return err
	}
	c.settled = true
	c.out.b = appendFrameHead(c.output(), 0, frameSettings, flagAck, 0)
	return nil
}

func (c *Conn) setting(id uint16, v uint32) *ConnError {
	switch id {
	case settingTable:
		c.enc.limit(v)
	case settingPush:
		if v > 1 || c.client && v == 1 {
			return connError(ProtocolError, "SETTINGS_ENABLE_PUSH is wrong")
		}
	case settingStreams:
		c.peer.streams = min(v, maxStreamID)
	case settingWindow:
		if v > maxWindow {
			return connError(FlowControlError, "SETTINGS_INITIAL_WINDOW_SIZE is too large")
		}
		c.peer.window = int64(v)
	case settingFrame:
		if v < 16<<10 || v > 1<<24-1 {
			return connError(ProtocolError, "SETTINGS_MAX_FRAME_SIZE is wrong")
		}
	case settingConnect:
		if v > 1 || v == 0 && c.peer.connect {
			return connError(ProtocolError, "SETTINGS_ENABLE_CONNECT_PROTOCOL is wrong")
		}
		c.peer.connect = v == 1
	case settingPriorities:
		if v > 1 {
			return connError(ProtocolError, "SETTINGS_NO_RFC7540_PRIORITIES is wrong")
		}
	}
	return nil
}

// shift moves the windows of all streams when the initial window changes; they may
// become negative (RFC 9113 section 6.9.2).
func (c *Conn) shift(by int64) *ConnError {
	if by == 0 {
		return nil
	}
	for _, s := range c.streams {
		if s.sendWin += by; s.sendWin > maxWindow {
			return connError(FlowControlError, "SETTINGS_INITIAL_WINDOW_SIZE makes a window too large")
		}
		c.enqueue(s)
	}
	return nil
}

// acknowledged: the peer now knows of our window. Until then it may use the window that
// streams have without SETTINGS (RFC 9113 section 6.9.3).
func (c *Conn) acknowledged() {
	if c.acked {
		return
	}
	c.acked = true
	by := c.cfg.StreamWindow - firstWindow
	if by >= 0 {
		return // it was counted from the start
	}
	for _, s := range c.streams {
		s.recvWin += by
	}
}

// window is what a new stream may receive.
func (c *Conn) window() int {
	if c.acked {
		return c.cfg.StreamWindow
	}
	return max(c.cfg.StreamWindow, firstWindow)
}
