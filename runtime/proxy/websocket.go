package proxy

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

// opening is the opening handshake that the gateway makes with an upstream of
// HTTP/1.1 for a client that opened the WebSocket on a stream (RFC 8441 section 5): such
// a client has no key.
type opening struct{ key string }

// request adds the key to the request's fields.
func (h *opening) request(fields *filter.Header) {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	h.key = base64.StdEncoding.EncodeToString(b[:])
	fields.Set("sec-websocket-key", h.key)
}

// accept is what an upstream answers that has read the key (RFC 6455 section 4.2.2).
func (h *opening) accept() string {
	sum := sha1.Sum([]byte(h.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// accepted tells whether the response proves that the upstream has read the key.
func (h *opening) accepted(fields *filter.Header) bool {
	got, _ := fields.Get("sec-websocket-accept")
	return got == h.accept()
}
