package upstream

import (
	"context"
	"time"
)

// Read, Send, Write, CloseWrite, Interrupt and Rearm are those of the connection, or of
// the stream: what passes is bytes of HTTP/1.1, or content.

// Read waits for bytes.
func (c *Conn) Read(p []byte) (int, error) {
	if c.Stream != nil {
		return c.Stream.Read(p)
	}
	return c.Conn.Read(p)
}

// Send writes what is taken without waiting.
func (c *Conn) Send(p []byte) (int, error) {
	if c.Stream != nil {
		return c.Stream.Send(p)
	}
	return c.Conn.Send(p)
}

// Write writes all of p, waiting as needed.
func (c *Conn) Write(p []byte) (int, error) {
	if c.Stream != nil {
		return c.Stream.Write(p)
	}
	return c.Conn.Write(p)
}

// CloseWrite ends the sending side.
func (c *Conn) CloseWrite() error {
	if c.Stream != nil {
		return c.Stream.CloseWrite()
	}
	return c.Conn.CloseWrite()
}

// Interrupt ends present and future waits until Rearm.
func (c *Conn) Interrupt(read, write bool) {
	if c.Stream != nil {
		c.Stream.Interrupt(read, write)
		return
	}
	c.Conn.Interrupt(read, write)
}

// Rearm takes an Interrupt back.
func (c *Conn) Rearm(read, write bool) {
	if c.Stream != nil {
		c.Stream.Rearm(read, write)
		return
	}
	c.Conn.Rearm(read, write)
}

// probeTime is how long an endpoint of HTTP/2 has to answer a PING.
const probeTime = 5 * time.Second

// Probe asks whether the connection of a stream that got no answer is still alive. One
// that is not would take every request that follows: it is ended. Probe does not wait.
func (c *Conn) Probe() {
	if c.mux == nil {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), probeTime)
		defer cancel()
		if c.mux.Ping(ctx) != nil {
			c.mux.Interrupt()
		}
	}()
}

// Connect tells whether the endpoint takes an extended CONNECT (RFC 8441). It asks and
// waits where that is not known yet.
func (c *Conn) Connect(ctx context.Context) bool {
	if c.mux == nil {
		return false
	}
	return c.mux.Connect() || c.mux.Ping(ctx) == nil && c.mux.Connect()
}

// Scheme is "http" or "https", as the endpoint is spoken to.
func (c *Conn) Scheme() string {
	if c.mux != nil && c.mux.link != nil {
		return "https"
	}
	return "http"
}
