package replay

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/coder/websocket"
)

// maxMessage bounds one message in bytes.
const maxMessage = 4 << 20

// webSocket upgrades the connection, sends each message after the answer to the one
// before, and closes. An answer that is no upgrade is returned as it is.
func (l *line) webSocket(ctx context.Context, q *request) (*answer, error) {
	up := &upgrade{conn: l.conn, request: q, keep: l.keep}
	ws, _, err := websocket.Dial(ctx, "ws://gateway/", &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: up},
		Subprotocols: q.protocols,
	})
	switch {
	case up.err != nil:
		return up.answer, up.err
	case up.answer == nil:
		return nil, err
	}
	a := up.answer
	if a.Status != 101 {
		return a, nil
	}
	a.close = true
	if err != nil {
		return a, fmt.Errorf("a bad upgrade: %w", lastCause(err))
	}
	defer func() { _ = ws.CloseNow() }()
	ws.SetReadLimit(maxMessage)
	a.broken = l.talk(ctx, ws, a)
	if ctx.Err() == context.Canceled {
		return a, ctx.Err()
	}
	return a, nil
}

// talk sends and receives the messages, and closes. It says what went wrong.
func (l *line) talk(ctx context.Context, ws *websocket.Conn, a *answer) string {
	send, want := l.spec.Request.WebSocket, messages(l.spec)
	for i := range max(len(send), len(want)) {
		if i < len(send) {
			if err := ws.Write(ctx, websocket.MessageText, []byte(send[i])); err != nil {
				return sayClose(err)
			}
		}
		if i >= len(want) {
			continue
		}
		kind, text, err := ws.Read(ctx)
		switch {
		case err != nil:
			return sayClose(err)
		case kind == websocket.MessageBinary:
			return fmt.Sprintf("a binary message of %d bytes", len(text))
		}
		a.messages = append(a.messages, string(text))
	}
	if err := ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		return "the close was not answered: " + sayClose(err)
	}
	return ""
}

// upgrade sends a case's own request in the place of the library's.
type upgrade struct {
	conn    *conn
	request *request
	keep    int64
	answer  *answer
	err     error
}

// RoundTrip implements http.RoundTripper for one handshake.
func (u *upgrade) RoundTrip(r *http.Request) (*http.Response, error) {
	q, offered := *u.request, r.Header.Get("Sec-Websocket-Key")
	if q.key == "" {
		q.head = fmt.Appendf(bytes.Clone(q.head), "Sec-WebSocket-Key: %s\r\n", offered)
	}
	if u.answer, u.err = u.conn.roundTrip(&q, u.keep); u.err != nil {
		return nil, u.err
	}
	// Without a location no redirect is followed: it is an answer.
	res := &http.Response{StatusCode: u.answer.Status, Header: http.Header{}, Body: http.NoBody, Request: r}
	if u.answer.Status != http.StatusSwitchingProtocols {
		return res, nil
	}
	if u.err = checkUpgrade(u.answer.Headers, orElse(q.key, offered)); u.err != nil {
		return nil, u.err
	}
	for name, values := range u.answer.Headers {
		res.Header[http.CanonicalHeaderKey(name)] = values
	}
	// The library looks for the answer to its own key.
	res.Header.Set("Sec-Websocket-Accept", acceptOf(offered))
	res.Body = tunnel{u.conn.br, u.conn}
	return res, nil
}

// checkUpgrade checks what a server must answer (RFC 6455, section 4.1).
func checkUpgrade(got map[string][]string, key string) error {
	for _, f := range []struct {
		name string
		fits func(value string) bool
	}{
		{"upgrade", func(v string) bool { return strings.EqualFold(v, "websocket") }},
		{"connection", func(v string) bool {
			return slices.ContainsFunc(tokens(v), func(t string) bool { return strings.EqualFold(t, "upgrade") })
		}},
		{"sec-websocket-accept", func(v string) bool { return v == acceptOf(key) }},
	} {
		if values := got[f.name]; len(values) != 1 || !f.fits(values[0]) {
			return fmt.Errorf("a bad upgrade: %s is %s", f.name, quoted(values))
		}
	}
	return nil
}

// acceptOf is the answer to a handshake's key (RFC 6455, section 4.2.2).
func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// tunnel is an upgraded connection, with what was read of it already.
type tunnel struct {
	io.Reader
	io.WriteCloser
}

// sayClose says how a WebSocket ended.
func sayClose(err error) string {
	var c websocket.CloseError
	switch {
	case errors.As(err, &c) && c.Reason != "":
		return fmt.Sprintf("the connection was closed with %d (%s)", int(c.Code), excerpt(c.Reason))
	case errors.As(err, &c):
		return fmt.Sprintf("the connection was closed with %d", int(c.Code))
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no message came in time"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), closedUnanswered(err):
		return "the connection was cut"
	}
	return lastCause(err).Error()
}

// lastCause is the innermost error, without the words around it.
func lastCause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return errors.New(strings.TrimPrefix(err.Error(), "WebSocket protocol violation: "))
		}
		err = next
	}
}
