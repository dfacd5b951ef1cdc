package wire

// Splices tells whether bytes of the connection can pass through a Pipe: it is a plain
// socket, and the system can do it.
func (c *Conn) Splices() bool { return canSplice && c.tls == nil && c.raw.bound() }

// Fill waits for bytes and moves at most that many of them into p, which must be empty.
// It returns io.EOF at the orderly end, and ErrInterrupted as Read does. Only a
// connection that Splices may be asked.
func (c *Conn) Fill(p *Pipe, most int) (int, error) { return c.raw.fill(p, most) }

// Drain moves all that p holds to the connection, waiting for room as needed. n counts
// what was moved also when it fails; after ErrInterrupted the caller may go on.
func (c *Conn) Drain(p *Pipe) (n int, err error) { return c.raw.drain(p) }
