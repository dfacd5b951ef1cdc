package echo

import (
	"encoding/binary"
	"io"
	"net/http"
	"strconv"

	"github.com/coder/websocket"
)

// maxMessage bounds one WebSocket or gRPC message.
const maxMessage = 4 << 20

// webSocket sends every message back until the client closes.
func webSocket(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		// An echo has no session that a foreign page could abuse.
		InsecureSkipVerify: true,
		Subprotocols:       r.Header.Values("Sec-WebSocket-Protocol"),
	})
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(maxMessage)
	for {
		kind, msg, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if err := c.Write(r.Context(), kind, msg); err != nil {
			return
		}
	}
}

// grpc sends every message back on the same stream and ends with the status that
// x-echo-grpc-status asks for (0).
func grpc(w http.ResponseWriter, r *http.Request, f faults) {
	status := r.Header.Get("X-Echo-Grpc-Status")
	if n, err := strconv.Atoi(status); err != nil || n < 0 || n > 16 {
		status = "0"
	}
	w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	w.Header().Set("Trailer", "Grpc-Status, Grpc-Message")
	w.WriteHeader(http.StatusOK)
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex()
	_ = control.Flush()
	head := make([]byte, 5)
	for {
		if _, err := io.ReadFull(r.Body, head); err != nil {
			break
		}
		n := binary.BigEndian.Uint32(head[1:])
		if n > maxMessage {
			status = "8" // resource exhausted
			break
		}
		msg := make([]byte, n)
		if _, err := io.ReadFull(r.Body, msg); err != nil {
			status = "13" // internal: cut message
			break
		}
		if _, err := w.Write(append(head[:5:5], msg...)); err != nil {
			return
		}
		_ = control.Flush()
		if f.abort == "body" {
			panic(http.ErrAbortHandler)
		}
	}
	w.Header().Set("Grpc-Status", status)
	w.Header().Set("Grpc-Message", "")
}
