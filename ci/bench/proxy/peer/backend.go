package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/h2"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// backend answers unary calls of gRPC with the message that it got, and every message
// of a WebSocket likewise.
func backend(o options) error {
	grpc, err := net.Listen("tcp", o.grpc)
	if err != nil {
		return err
	}
	ws, err := net.Listen("tcp", o.websocket)
	if err != nil {
		return err
	}
	ended := make(chan error)
	pool := &h2.Pool{}
	go func() { ended <- accept(grpc, func(c net.Conn) { serveGRPC(c, pool) }) }()
	go func() { ended <- accept(ws, serveWebSocket) }()
	return <-ended
}

func accept(l net.Listener, serve func(net.Conn)) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			serve(c)
		}()
	}
}

func serveGRPC(c net.Conn, pool *h2.Pool) {
	var head, trailer filter.Header
	head.Add("content-type", "application/grpc")
	trailer.Add("grpc-status", "0")
	_ = h2.NewServer(wire.New(c), h2.Config{Pool: pool}).Serve(nil, func(s *h2.Stream) {
		message, err := io.ReadAll(s)
		if err != nil {
			return
		}
		n, err := s.Respond(200, &head, -1, message, false)
		if err != nil {
			return
		}
		if n < len(message) {
			if _, err := s.Write(message[n:]); err != nil {
				return
			}
		}
		_ = s.End(&trailer)
	})
}

// acceptKey is what a server shows for a client's key (RFC 6455 section 4.2.2).
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func serveWebSocket(c net.Conn) {
	r := bufio.NewReaderSize(c, 4096)
	key := ""
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "sec-websocket-key") {
			key = strings.TrimSpace(value)
		}
		if line == "" {
			break
		}
	}
	if _, err := fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", acceptKey(key)); err != nil {
		return
	}
	buf := make([]byte, 256)
	for {
		n, err := readMessage(r, buf)
		if err != nil {
			return
		}
		if _, err := c.Write(append([]byte{0x82, byte(n)}, buf[:n]...)); err != nil {
			return
		}
	}
}

// readMessage reads a binary message of one frame and less than 126 bytes, masked or
// not, into p (RFC 6455 section 5.2).
func readMessage(r *bufio.Reader, p []byte) (int, error) {
	var head [6]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, err
	}
	n, masked := int(head[1]&0x7f), head[1]&0x80 != 0
	if head[0] != 0x82 || n > 125 {
		return 0, errors.New("not a small binary message in one frame")
	}
	if masked {
		if _, err := io.ReadFull(r, head[2:]); err != nil {
			return 0, err
		}
	}
	if _, err := io.ReadFull(r, p[:n]); err != nil {
		return 0, err
	}
	for i := range n {
		p[i] ^= head[2+i%4]
	}
	return n, nil
}
