// Package load sends requests without a pause and checks every answer.
package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Target is what one group of clients asks.
type Target struct {
	Address string // host:port that they connect to
	Host    string // of the request
	Path    string
	Clients int
	// Step is the name of a response header with a number that never becomes smaller on
	// a connection or the one after it; "" when it has none. It needs an Address that
	// one gateway alone answers at.
	Step string
}

// Tally is what was sent and what became of it.
type Tally struct {
	Requests, Connections int
	Failed                int
	First                 []string      // the first failures, in words
	Slowest               time.Duration // answer
	Steps                 map[int]int   // answers by their step
}

// Load is clients at work.
type Load struct {
	cancel context.CancelFunc
	wait   sync.WaitGroup
	mu     sync.Mutex
	tally  Tally
}

// Start sets the clients to work until Stop is called. Between two requests of a client
// lies the pause.
func Start(ctx context.Context, pause time.Duration, targets ...Target) *Load {
	ctx, cancel := context.WithCancel(ctx)
	l := &Load{cancel: cancel, tally: Tally{Steps: map[int]int{}}}
	for _, t := range targets {
		for range max(t.Clients, 1) {
			l.wait.Go(func() { (&client{load: l, target: t, step: -1}).run(ctx, pause) })
		}
	}
	return l
}

// Stop ends the clients, each after the answer that it waits for, and says what became
// of all requests.
func (l *Load) Stop() Tally {
	l.cancel()
	l.wait.Wait()
	return l.tally
}

// Now is the tally so far.
func (l *Load) Now() Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tally
	t.Steps = map[int]int{}
	for step, n := range l.tally.Steps {
		t.Steps[step] = n
	}
	return t
}

// Err is nil when there were requests and none failed.
func (t Tally) Err() error {
	switch {
	case t.Requests == 0:
		return fmt.Errorf("no request was answered")
	case t.Failed > 0:
		return fmt.Errorf("%d of %d requests failed: %q", t.Failed, t.Requests, t.First)
	}
	return nil
}

// client is one connection after the other, of one target.
type client struct {
	load   *Load
	target Target
	conn   net.Conn
	in     *bufio.Reader
	step   int
}

func (c *client) run(ctx context.Context, pause time.Duration) {
	defer c.close()
	for ctx.Err() == nil {
		began := time.Now()
		step, err := c.ask()
		c.load.count(c.target, time.Since(began), step, err)
		if err != nil {
			c.close()
			time.Sleep(50 * time.Millisecond) // not a busy loop while nothing listens
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// ask sends one request. What a browser would try again by itself is a failure here: a
// gateway that ends a connection has to say so in the answer before.
func (c *client) ask() (step int, err error) {
	if c.conn == nil {
		conn, err := net.DialTimeout("tcp", c.target.Address, 5*time.Second)
		if err != nil {
			return 0, err
		}
		c.conn, c.in = conn, bufio.NewReader(conn)
		c.load.connected()
	}
	if err := c.conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", c.target.Path, c.target.Host); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, err
	}
	if resp.StatusCode != 200 {
		return 0, fmt.Errorf("answered %s", resp.Status)
	}
	if resp.Close {
		c.close()
	}
	if c.target.Step == "" {
		return 0, nil
	}
	step, err = strconv.Atoi(resp.Header.Get(c.target.Step))
	if err != nil {
		return 0, fmt.Errorf("answered without %s", c.target.Step)
	}
	if step < c.step {
		return step, fmt.Errorf("went back from step %d to %d", c.step, step)
	}
	c.step = step
	return step, nil
}

func (l *Load) connected() {
	l.mu.Lock()
	l.tally.Connections++
	l.mu.Unlock()
}

func (l *Load) count(t Target, took time.Duration, step int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.Requests++
	l.tally.Slowest = max(l.tally.Slowest, took)
	if err == nil {
		l.tally.Steps[step]++
		return
	}
	l.tally.Failed++
	if len(l.tally.First) < 5 {
		l.tally.First = append(l.tally.First, fmt.Sprintf("%s %s: %v", time.Now().UTC().Format("15:04:05.000"), t.Address, err))
	}
}
