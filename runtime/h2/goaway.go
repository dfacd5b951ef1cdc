package h2

import (
	"context"
	"encoding/binary"
	"errors"
	"time"
)

// The two ends that are no failure.
var (
	errDone = errors.New("connection has ended in order")
	errLeft = errors.New("peer has closed the connection")
)

// How far our own GOAWAY has come.
const (
	awayNone  = iota
	awayFirst // it was announced
	awayDone  // it names the last stream
)

// awayWait is how long a client may take to answer the PING that follows the first
// GOAWAY, and how long one that has asked for nothing yet may take to do so. Requests that
// are on their way until then are served.
const awayWait = time.Second

// GoAway ends the connection without losing a request: a server says first that an end
// comes, and one round trip later which stream is the last (RFC 9113 section 6.8); a
// client opens no more streams. Serve or Run returns when the last stream has ended.
func (c *Conn) GoAway() {
	c.mu.Lock()
	if c.goAway != awayNone || c.ended != nil {
		c.mu.Unlock()
		return
	}
	if c.client {
		c.goAway = awayDone
		c.out.b = appendGoAway(c.output(), 0, NoError)
	} else {
		c.goAway = awayFirst
		binary.BigEndian.PutUint64(c.goAwayAck[:], 0x6c696e74656c)
		b := appendGoAway(c.output(), maxStreamID, NoError)
		c.out.b = appendPing(b, 0, c.goAwayAck[:])
		c.timers[1] = time.AfterFunc(awayWait, func() {
			c.mu.Lock()
			c.goAwayLast()
			c.leaveLock()
		})
	}
	c.leaveLock()
}

// leaveLock writes, wakes the reader at the end, and lets c.mu go.
func (c *Conn) leaveLock() {
	done := c.finished()
	mine := c.claim()
	c.mu.Unlock()
	if mine {
		c.flush(false)
	}
	if done {
		c.wc.Interrupt(true, false)
	}
}

// goAwayLast says which stream is the last. c.mu is held.
func (c *Conn) goAwayLast() {
	if c.goAway != awayFirst || c.ended != nil {
		return
	}
	c.goAway, c.lastTaken = awayDone, c.last
	c.out.b = appendGoAway(c.output(), c.last, NoError)
}

// finished tells that the reader has nothing to wait for. c.mu is held.
func (c *Conn) finished() bool {
	return c.ended != nil || (c.goAway == awayDone || c.peerAway) && c.open == 0 && c.running == 0 && len(c.batch.ready) == 0
}

// onGoAway takes the peer's GOAWAY: requests above the last stream were not worked on.
func (c *Conn) onGoAway(f *frame) *ConnError {
	if f.stream != 0 {
		return connError(ProtocolError, "GOAWAY on a stream")
	}
	if len(f.payload) < 8 {
		return connError(FrameSizeError, "GOAWAY has a wrong length")
	}
	if err := c.countControl(); err != nil {
		return err
	}
	c.peerAway = true
	if !c.client {
		return nil
	}
	last := binary.BigEndian.Uint32(f.payload) & maxStreamID
	for id, s := range c.streams {
		if id > last {
			c.lose(s, ErrRefused)
			c.leave(s)
		}
	}
	return nil
}

// ping is a PING that waits for its answer.
type ping struct {
	data [8]byte
	done chan bool
}

// Ping asks the peer for an answer and waits for it. It returns the context's error, or
// ErrGone when the connection is over.
func (c *Conn) Ping(ctx context.Context) error {
	c.mu.Lock()
	if c.ended != nil {
		c.mu.Unlock()
		return ErrGone
	}
	p := ping{done: make(chan bool, 1)}
	c.pinged++
	binary.BigEndian.PutUint64(p.data[:], c.pinged)
	c.pings = append(c.pings, p)
	c.out.b = appendPing(c.output(), 0, p.data[:])
	c.leaveLock()
	select {
	case answered := <-p.done:
		if answered {
			return nil
		}
		return ErrGone
	case <-ctx.Done():
		c.mu.Lock()
		c.unping(p.data)
		c.mu.Unlock()
		return ctx.Err()
	}
}

// unping forgets a PING and returns whom to tell. c.mu is held.
func (c *Conn) unping(data [8]byte) chan bool {
	for i, p := range c.pings {
		if p.data == data {
			c.pings = append(c.pings[:i], c.pings[i+1:]...)
			return p.done
		}
	}
	return nil
}

// pong takes the answer to a PING.
func (c *Conn) pong(data []byte) {
	if done := c.unping([8]byte(data)); done != nil {
		done <- true
	} else if c.goAway == awayFirst && [8]byte(data) == c.goAwayAck && c.last > 0 {
		// A client that has just connected is about to ask: net/http's does not try its
		// first request again.
		c.goAwayLast()
	}
}

const (
	// farewellTime and farewellBytes bound how long what the peer still sends is thrown
	// away, so that it reads our last frames before a reset.
	farewellTime  = time.Second
	farewellBytes = 256 << 10
)

// farewell lets the last frames go out, and waits for the peer to close.
func (c *Conn) farewell(why error) {
	var broke *ConnError
	if why != errDone && why != errLeft && !errors.As(why, &broke) {
		c.wc.Interrupt(true, true)
		c.written()
		return
	}
	hurry := func() *time.Timer {
		return time.AfterFunc(farewellTime, func() {
			c.mu.Lock()
			c.hurry = true
			c.mu.Unlock()
			c.wc.Interrupt(true, true)
		})
	}
	if why == errDone {
		c.written() // the last content has the time that any has
		defer hurry().Stop()
	} else {
		defer hurry().Stop()
		c.written()
	}
	if why == errLeft || c.wc.CloseWrite() != nil {
		return
	}
	c.wc.Rearm(true, false)
	c.mu.Lock()
	late := c.hurry
	c.mu.Unlock()
	if late {
		return
	}
	p := c.cfg.Pool.input()
	defer c.cfg.Pool.in.Put(p)
	for sum := 0; sum < farewellBytes; {
		n, err := c.wc.Read(p.b)
		if sum += n; err != nil {
			return
		}
	}
}

// written waits for the writer. Nothing is written afterwards.
func (c *Conn) written() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.writing {
		c.room.Wait()
	}
	c.mute = true
}
