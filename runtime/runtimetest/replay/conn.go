package replay

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// inOneGo is how much of a body is sent before the answer is read; more is sent
// beside the reading, for the gateway may answer early.
const inOneGo = 16 << 10

// conn is a connection to the gateway.
type conn struct {
	net.Conn
	br    *bufio.Reader
	key   string
	used  bool
	since time.Time
}

// roundTrip sends the request and reads the answer, which may come, and end the
// connection, before all is sent.
func (c *conn) roundTrip(q *request, keep int64) (*answer, error) {
	wire := make([]byte, 0, len(q.head)+2+min(len(q.body), inOneGo))
	wire = append(append(wire, q.head...), "\r\n"...)
	now, later := q.body, []byte(nil)
	if len(now) > inOneGo {
		now, later = now[:inOneGo], now[inOneGo:]
	}
	_, sendErr := c.Write(append(wire, now...))
	if later == nil || sendErr != nil {
		a, err := readAnswer(c.br, q.method, keep)
		if a == nil && sendErr != nil && closedUnanswered(err) {
			err = sendErr
		}
		if a != nil {
			a.close = a.close || sendErr != nil
		}
		return a, err
	}
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(later)
		sent <- err
	}()
	a, err := readAnswer(c.br, q.method, keep)
	select {
	case sendErr = <-sent:
	default:
		_ = c.SetWriteDeadline(time.Unix(1, 0))
		sendErr = <-sent
	}
	if a != nil {
		a.close = a.close || sendErr != nil
	}
	return a, err
}

// connect makes sure that there is a connection.
func (l *line) connect(ctx context.Context) error {
	if l.conn != nil {
		return nil
	}
	p, q := l.player, &l.spec.Request
	key := "http"
	if q.Scheme == "https" {
		if p.TLS == nil {
			return errors.New("the case is for https, and TLS is not set up for this run")
		}
		key = "https " + serverName(p.TLS, q.Host)
	}
	if p.Reuse {
		if l.conn = p.idle.take(key); l.conn != nil {
			return nil
		}
	}
	var d net.Dialer
	raw, err := d.DialContext(ctx, "tcp", p.Address)
	if err != nil {
		return err
	}
	if q.Scheme == "https" {
		cfg := p.TLS.Clone()
		cfg.ServerName = serverName(p.TLS, q.Host)
		t := tls.Client(raw, cfg)
		if err := t.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return err
		}
		raw = t
	}
	l.conn = &conn{Conn: raw, br: bufio.NewReader(raw), key: key}
	return nil
}

func serverName(cfg *tls.Config, host string) string {
	if cfg.ServerName != "" {
		return cfg.ServerName
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}

// drop ends the connection.
func (l *line) drop() {
	if l.conn != nil {
		_ = l.conn.Close()
		l.conn = nil
	}
}

// release ends the connection, or keeps it for the next case.
func (l *line) release() {
	if l.conn != nil && l.player.Reuse {
		l.player.idle.put(l.conn)
		l.conn = nil
	}
	l.drop()
}
