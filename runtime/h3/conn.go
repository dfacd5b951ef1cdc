package h3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/lintel-gateway/lintel/runtime/proxy"
)

// lingerTime is how long a connection that is to end waits for its client to do so, for
// what was sent last may be on its way, or have to be sent again.
const lingerTime = time.Second

// conn is a connection, the carrier of its streams.
type conn struct {
	srv   *server
	qc    *quic.Conn
	web   *http3.Server
	guest *proxy.Guest

	mu      sync.Mutex
	open    int
	since   time.Time // open is 0
	going   bool      // the client was told to open no more streams
	closing bool      // and it ends when it has none
	linger  *time.Timer
}

func newConn(s *server, qc *quic.Conn, guest *proxy.Guest) *conn {
	return &conn{srv: s, qc: qc, guest: guest, since: time.Now()}
}

// serve serves the connection to its end.
func (c *conn) serve(state *tls.ConnectionState) {
	var cert *x509.Certificate
	if len(state.PeerCertificates) > 0 {
		cert = state.PeerCertificates[0]
	}
	c.web = &http3.Server{
		Handler: c,
		// What is over the engine's limit, and not over twice that, is read, so that the
		// engine says so.
		MaxHeaderBytes: 2 * c.srv.lim.HeadBytes,
		Logger:         slog.New(slog.DiscardHandler),
		// From here on it can be told to end.
		ConnContext: func(ctx context.Context, _ *quic.Conn) context.Context {
			c.guest.Carry(c, cert)
			return ctx
		},
	}
	_ = c.web.ServeQUICConn(c.qc) // the client ended it, or we did
	_ = c.qc.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
	c.mu.Lock()
	if c.linger != nil {
		c.linger.Stop()
	}
	c.mu.Unlock()
}

// ServeHTTP serves the exchange of a stream.
func (c *conn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.enter()
	defer c.leave()
	stream, err := w.(http3.HTTPStreamer).HTTPStream()
	if err != nil {
		panic(http.ErrAbortHandler) // the stream is over; its package resets it
	}
	head := headOf(r, c.srv.lim)
	c.guest.Serve(newStream(stream, r, c.srv.lim, &c.srv.buffers), head)
}

func (c *conn) enter() {
	c.mu.Lock()
	c.open++
	c.mu.Unlock()
}

func (c *conn) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open--; c.open == 0 {
		c.since = time.Now()
		c.mayEnd()
	}
}

// Idle is that of proxy.Carrier.
func (c *conn) Idle() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open > 0 {
		return 0
	}
	return time.Since(c.since)
}

// GoAway is that of proxy.Carrier.
func (c *conn) GoAway() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.going {
		c.going = true
		// It sends the frame (RFC 9114 section 5.2) and waits for the connection's end.
		go func() { _ = c.web.Shutdown(c.qc.Context()) }()
		return
	}
	c.closing = true
	c.mayEnd()
}

// mayEnd begins the end of a connection that is to end and has no stream; c.mu is held.
func (c *conn) mayEnd() {
	if !c.closing || c.open > 0 || c.linger != nil {
		return
	}
	c.linger = time.AfterFunc(lingerTime, c.Interrupt)
}

// Interrupt is that of proxy.Carrier.
func (c *conn) Interrupt() {
	go func() { _ = c.qc.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "") }()
}
