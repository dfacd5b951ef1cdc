package h2

import (
	"errors"
	"fmt"
)

// The error codes of RFC 9113 section 7.
const (
	NoError            uint32 = 0x0
	ProtocolError      uint32 = 0x1
	InternalError      uint32 = 0x2
	FlowControlError   uint32 = 0x3
	SettingsTimeout    uint32 = 0x4
	StreamClosed       uint32 = 0x5
	FrameSizeError     uint32 = 0x6
	RefusedStream      uint32 = 0x7
	Cancel             uint32 = 0x8
	CompressionError   uint32 = 0x9
	ConnectError       uint32 = 0xa
	EnhanceYourCalm    uint32 = 0xb
	InadequateSecurity uint32 = 0xc
	HTTP11Required     uint32 = 0xd
)

// codeNames are the codes by number, as RFC 9113 section 7 writes them.
var codeNames = [...]string{
	"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
	"FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
	"INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
}

func codeName(code uint32) string {
	if int64(code) < int64(len(codeNames)) {
		return codeNames[code]
	}
	return fmt.Sprintf("error code 0x%x", code)
}

// ErrReset is the end of one stream before its time. Local tells that we reset it,
// because of what the peer sent on it or by Reset; otherwise the peer did.
type ErrReset struct {
	Code  uint32
	Local bool
}

// Error says who reset the stream, and the code.
func (e ErrReset) Error() string {
	if e.Local {
		return "stream was reset here: " + codeName(e.Code)
	}
	return "stream was reset by the peer: " + codeName(e.Code)
}

var (
	// ErrRefused: the peer did not work on the request; it is safe to send it again.
	ErrRefused = errors.New("stream was refused before any work was done")
	// ErrGone: the connection is over, or opens no more streams.
	ErrGone = errors.New("connection takes no more streams")
	// ErrFull: as many streams are open as the peer allows.
	ErrFull = errors.New("connection has as many streams as the peer allows")
	// ErrNoConnect: the peer has not announced extended CONNECT (RFC 8441 section 3).
	ErrNoConnect = errors.New("peer does not take extended CONNECT")
	// ErrMalformed: the request's method, target or protocol cannot be sent.
	ErrMalformed = errors.New("request has a method, target or protocol that cannot be sent")
	// ErrEnded: something was to be sent after the end of a stream's sending side, or
	// content before its head.
	ErrEnded = errors.New("stream does not take this in its state")
)

// ConnError is why a connection was ended because of what the peer did. The peer was
// told the code by a GOAWAY.
type ConnError struct {
	Code   uint32
	Reason string
}

// Error gives the reason and the code's name.
func (e *ConnError) Error() string { return e.Reason + " (" + codeName(e.Code) + ")" }

func connError(code uint32, reason string) *ConnError { return &ConnError{code, reason} }
