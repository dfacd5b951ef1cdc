package h2

import "encoding/binary"

// frameType is the type of a frame (RFC 9113 section 6).
type frameType uint8

const (
	frameData frameType = iota
	frameHeaders
	framePriority
	frameReset
	frameSettings
	framePush
	framePing
	frameGoAway
	frameWindow
	frameContinuation
)

// The flags of frames.
const (
	flagEnd      = 0x1 // END_STREAM
	flagAck      = 0x1
	flagHeadEnd  = 0x4 // END_HEADERS
	flagPadded   = 0x8
	flagPriority = 0x20
)

const (
	frameHead = 9
	// maxFrame is the payload that we take and the most that we send (RFC 9113
	// section 4.2): a larger one saves little and delays other streams.
	maxFrame    = 16 << 10
	maxWindow   = 1<<31 - 1
	firstWindow = 65535 // until settings say otherwise (RFC 9113 section 6.9.2)
	maxStreamID = 1<<31 - 1
)

// Preface is what a client begins with (RFC 9113 section 3.4). Who listens for several
// protocols on one port knows HTTP/2 by it, and hands it to Serve with what follows.
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// frame is one whole frame; payload is a view into the connection's buffer.
type frame struct {
	kind    frameType
	flags   uint8
	stream  uint32
	payload []byte
}

func (f *frame) has(flag uint8) bool { return f.flags&flag != 0 }

// nextFrame cuts a frame off the front of b. size is 0 when it is not whole, and -1
// when it is longer than we take.
func nextFrame(b []byte) (f frame, size int) {
	if len(b) < frameHead {
		return f, 0
	}
	n := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
	f.kind, f.flags = frameType(b[3]), b[4]
	f.stream = binary.BigEndian.Uint32(b[5:]) & maxStreamID
	if n > maxFrame {
		return f, -1
	}
	if len(b) < frameHead+n {
		return f, 0
	}
	f.payload = b[frameHead : frameHead+n : frameHead+n]
	return f, frameHead + n
}

func appendFrameHead(b []byte, n int, kind frameType, flags uint8, stream uint32) []byte {
	return append(b, byte(n>>16), byte(n>>8), byte(n), byte(kind), flags,
		byte(stream>>24), byte(stream>>16), byte(stream>>8), byte(stream))
}

// patchLength writes the length of a frame whose payload was appended after its head.
func patchLength(b []byte, n int) {
	b[0], b[1], b[2] = byte(n>>16), byte(n>>8), byte(n)
}

func appendReset(b []byte, stream, code uint32) []byte {
	return binary.BigEndian.AppendUint32(appendFrameHead(b, 4, frameReset, 0, stream), code)
}

func appendWindow(b []byte, stream, n uint32) []byte {
	return binary.BigEndian.AppendUint32(appendFrameHead(b, 4, frameWindow, 0, stream), n)
}

func appendPing(b []byte, flags uint8, data []byte) []byte {
	return append(appendFrameHead(b, 8, framePing, flags, 0), data...)
}

func appendGoAway(b []byte, last, code uint32) []byte {
	b = binary.BigEndian.AppendUint32(appendFrameHead(b, 8, frameGoAway, 0, 0), last)
	return binary.BigEndian.AppendUint32(b, code)
}

func appendSetting(b []byte, id uint16, v uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(b, id), v)
}

// unpad takes the padding off a DATA or HEADERS frame (RFC 9113 section 6.1).
func (f *frame) unpad() ([]byte, bool) {
	p := f.payload
	if !f.has(flagPadded) {
		return p, true
	}
	if len(p) == 0 || int(p[0]) >= len(p) {
		return nil, false
	}
	return p[1 : len(p)-int(p[0])], true
}
