package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/lintel-gateway/lintel/ci/testbed"
)

// sockets has the WebSocket client of the coder project (RFC 6455) talk to an echo.
func sockets(c *court) ([]verdict, error) {
	var out []verdict
	for _, way := range []struct{ name, url string }{
		{"plain", "ws://" + c.gateway.Plain + "/ws"}, {"TLS", "wss://" + c.gateway.Secure + "/ws"},
	} {
		for _, size := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20} {
			out = append(out, judged(fmt.Sprintf("%s: message of %d bytes", way.name, size), "", c.talk(way.url, func(ctx context.Context, w *websocket.Conn) error {
				return repeat(ctx, w, size, size)
			})))
		}
		out = append(out, judged(way.name+": fragments", "", c.talk(way.url, func(ctx context.Context, w *websocket.Conn) error {
			return repeat(ctx, w, 100_000, 7_000)
		})), judged(way.name+": ping and pong", "", c.talk(way.url, func(ctx context.Context, w *websocket.Conn) error {
			ctx = w.CloseRead(ctx)
			return w.Ping(ctx)
		})))
		for _, code := range []websocket.StatusCode{1000, 1001, 1008, 1011, 3000, 4999} {
			out = append(out, judged(fmt.Sprintf("%s: close code %d", way.name, code), "", c.talk(way.url, func(ctx context.Context, w *websocket.Conn) error {
				if err := w.Write(ctx, websocket.MessageText, fmt.Appendf(nil, "close %d", code)); err != nil {
					return err
				}
				_, _, err := w.Read(ctx)
				var end websocket.CloseError
				if !errors.As(err, &end) || end.Code != code || end.Reason != "asked for" {
					return fmt.Errorf("it ended with %w", err)
				}
				return nil
			})))
		}
	}
	return out, nil
}

// talk opens one WebSocket for at most half a minute.
func (c *court) talk(url string, f func(context.Context, *websocket.Conn) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	transport := &http.Transport{TLSClientConfig: c.gateway.TLS()}
	defer transport.CloseIdleConnections()
	w, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		return err
	}
	defer func() { _ = w.CloseNow() }()
	w.SetReadLimit(4 << 20)
	return f(ctx, w)
}

// repeat sends size bytes in one message, in frames of at most part, and awaits them back.
func repeat(ctx context.Context, w *websocket.Conn, size, part int) error {
	sent, err := io.ReadAll(testbed.Patterned(int64(size)))
	if err != nil {
		return err
	}
	m, err := w.Writer(ctx, websocket.MessageBinary)
	if err != nil {
		return err
	}
	for rest := sent; len(rest) > 0; {
		n := min(part, len(rest))
		if _, err := m.Write(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	if err := m.Close(); err != nil {
		return err
	}
	kind, got, err := w.Read(ctx)
	if err == nil && (kind != websocket.MessageBinary || !bytes.Equal(got, sent)) {
		err = fmt.Errorf("%d bytes of kind %v came back, not what was sent", len(got), kind)
	}
	return err
}
