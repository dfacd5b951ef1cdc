package h2

import (
	"time"

	"github.com/lintel-gateway/lintel/runtime/wire"
)

// worker is a goroutine that handles streams of one connection. It waits for the next
// one while the connection is in use.
type worker struct{ next chan *Stream }

// start lets a worker handle a stream. c.mu is held.
func (c *Conn) start(s *Stream) {
	c.running++
	if n := len(c.idle); n > 0 {
		w := c.idle[n-1]
		c.idle = c.idle[:n-1]
		w.next <- s // it takes one without waiting
		return
	}
	w := &worker{next: make(chan *Stream, 1)}
	w.next <- s
	c.users.Add(1)
	go c.work(w)
}

func (c *Conn) work(w *worker) {
	defer c.users.Done()
	for s := range w.next {
		if s == nil || !c.serve(s, w) {
			return
		}
	}
}

// serve handles one stream and makes the worker idle. It returns false when the worker is
// not wanted any more.
func (c *Conn) serve(s *Stream, w *worker) bool {
	c.handle(s)
	c.mu.Lock()
	c.finish(s)
	c.release(s)
	if c.running--; c.open == 0 && c.running == 0 {
		c.since = time.Now()
	}
	done := c.finished()
	mine := c.claim()
	others := c.open > 1
	stay := c.ended == nil
	if stay {
		c.idle = append(c.idle, w)
	}
	c.mu.Unlock()
	if mine {
		c.flush(others)
	}
	if done {
		c.wc.Interrupt(true, false)
	}
	return stay
}

const (
	// lookAfter is when a connection that became quiet is looked at.
	lookAfter = 250 * time.Millisecond
	// tidyAfter is how long a connection without streams keeps goroutines and streams.
	tidyAfter = time.Second
)

// lookLater comes back to a connection once it is quiet. c.mu is held.
func (c *Conn) lookLater() {
	if c.looking {
		c.stirred = true
		return
	}
	if c.ended != nil {
		return
	}
	c.looking = true
	if t := c.timers[0]; t != nil {
		t.Reset(lookAfter)
		return
	}
	c.timers[0] = time.AfterFunc(lookAfter, c.look)
}

// look sees an end of stream that came with the last bytes: it has woken nobody. When no
// stream is left it also gives back what an idle connection need not hold.
func (c *Conn) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		return
	}
	idle := c.open == 0 && c.running == 0
	c.flood.age(time.Now())
	if c.stirred || idle && time.Since(c.since) < tidyAfter {
		c.stirred = false
		c.timers[0].Reset(lookAfter)
		return
	}
	c.looking = false
	if idle {
		for i, w := range c.idle {
			w.next <- nil
			c.idle[i] = nil
		}
		c.idle = c.idle[:0]
		c.free = nil
	}
	if c.wc.Peer() != wire.Open {
		c.wc.Interrupt(true, false)
	}
}

// stopTimers is for the end. c.mu is held.
func (c *Conn) stopTimers() {
	for _, t := range c.timers {
		if t != nil {
			t.Stop()
		}
	}
}
